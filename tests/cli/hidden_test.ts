/** A training loss of hidden values alone, `loss.on: hidden`, as a user meets it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";
import { DENSE_COLUMNS, DENSE_CONFIG, denseProject, fingerprintOf } from "../helpers/small_run.ts";

const CONFIG = DENSE_CONFIG
  .replace("path: rows", `path: rows\n  shape: [1, ${DENSE_COLUMNS}]`)
  .replace("encoder: [", "encoder: [{mask_tokens: 0.5, length: 4}, ") + "loss: {on: hidden}\n";
const QUIET = ["--quiet", "--no-report", "--override", "scheduler.name=constant"];

Deno.test("loss.on hidden: resumed within epochs, with other threads, a run has the same bits", async () => {
  using folder = temporary();
  const config = denseProject(folder.path, CONFIG);
  const train = async (name: string, ...overrides: string[]) => {
    const set = overrides.flatMap((one) => ["--override", one]);
    const args = [config, "--run-dir", join(folder.path, name), "--resume", "auto", ...QUIET, ...set];
    const { code, stderr } = await run("train", args);
    assertEquals(code, 0, stderr);
  };
  await train("straight", "runtime.threads=2");
  await train("pieces", "runtime.threads=1", "training.max_steps=7");
  await train("pieces", "runtime.threads=3", "training.max_steps=null");
  assertEquals(fingerprintOf(join(folder.path, "pieces")), fingerprintOf(join(folder.path, "straight")));
  const losses = async (on: string) => {
    await train(on, "training.max_steps=1", `loss.on=${on}`);
    return Deno.readTextFileSync(join(folder.path, on, "steps.csv")).split("\n")[1]!.split(",")[5]!;
  };
  assert(await losses("hidden") !== await losses("all"));
  assertStringIncludes(Deno.readTextFileSync(join(folder.path, "hidden", "config.yaml")), "on: hidden");
});

Deno.test("loss.on hidden: what it does not go with is told with file and line", async () => {
  using folder = temporary();
  const config = denseProject(folder.path, CONFIG);
  const refused = async (set: string, text: string) => {
    const { code, stderr } = await run("config", ["check", config, "--quiet", "--override", set]);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, text);
    assertStringIncludes(stderr, "small.yaml:");
  };
  await refused("model.encoder=[{mask_noise: 0.5}, {linear: 6}]", "loss.on: hidden needs mask_tokens");
  await refused("loss.kind=cosine", "loss.on: hidden is for losses that are a sum over columns");
});

/** Random transforms of training rows: the same bits however a run is computed or interrupted, and none where rows are measured. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";
import { DENSE_CONFIG, denseProject, fingerprintOf, smallProject } from "../helpers/small_run.ts";

const RANDOM = "[{flip: horizontal}, {shift: 1}, {gain: [0.8, 1.25]}, {scale: 0.1}, {noise: 0.02}, polarity]";
const PLAIN = "[{scale: 0.1}]";
const configOf = (transforms: string) =>
  DENSE_CONFIG.replace("scheduler: {name: cosine, warmup_steps: 5}\n", "").replace(
    "[{library_size: 100}, log1p]",
    transforms,
  ).replace(
    "batch_size: 16",
    "batch_size: 16\n  shape: [2, 3, 4]",
  );

async function good(script: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(script, args);
  assertEquals(code, 0, stderr);
  return stdout;
}

Deno.test("augmentation: resumed, and with other threads and workers, a run has the same bits", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  const config = denseProject(folder.path, configOf(RANDOM));
  const quiet = ["--quiet", "--no-report"];
  await good("train", config, "--run-dir", at("whole"), ...quiet);
  const other = ["--override", "runtime.threads=1", "--override", "data.workers=3"];
  await good("train", config, "--run-dir", at("cut"), ...other, "--override", "training.max_steps=20", ...quiet);
  await good("train", "--resume", at("cut"), "--override", "training.max_steps=null", ...quiet);
  assertEquals(fingerprintOf(at("cut")), fingerprintOf(at("whole")));
  await good("train", config, "--run-dir", at("plain"), "--override", `data.transforms=${PLAIN}`, ...quiet);
  assert(fingerprintOf(at("plain")).model !== fingerprintOf(at("whole")).model);
  // What is measured is without them: twice the same, and on the training rows as the same network without them has it.
  const first = await good("evaluate", "--run", at("whole"), "--split", "train", "--json");
  const bare = await good(
    "evaluate",
    "--run",
    at("whole"),
    "--split",
    "train",
    "--json",
    "--override",
    `data.transforms=${PLAIN}`,
  );
  assertEquals(JSON.parse(first).mse, JSON.parse(bare).mse);
});

Deno.test("augmentation: rows that it cannot change are refused", async () => {
  using folder = temporary();
  const dense = denseProject(folder.path, DENSE_CONFIG.replace("[{library_size: 100}, log1p]", "[{flip: vertical}]"));
  const refused = async (config: string, transforms: string, text: string) => {
    const { code, stderr } = await run("train", [config, "--override", `data.transforms=${transforms}`, "--dry-run"]);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, text);
  };
  await refused(dense, "[{flip: vertical}]", "flip: vertical reverses the height of pictures, but the rows have none");
  await refused(dense, "[{gain: [2, 1]}]", "must be a lower and a higher number, got [2, 1]");
  await refused(dense, "[{flip: sideways}]", "horizontal");
  await refused(smallProject(folder.path), "[polarity]", "polarity changes dense rows, but these are sparse");
});

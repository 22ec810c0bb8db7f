import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { run, temporary } from "../helpers/cli.ts";
import { smallProject } from "../helpers/small_run.ts";

/** Exit status 2, one line about it (and perhaps a hint), no run folder. */
async function refused(folder: string, args: readonly string[], ...texts: readonly string[]): Promise<void> {
  const result = await run("train", ["--quiet", ...args]);
  assertEquals(result.code, 2, result.stderr);
  const lines = result.stderr.trimEnd().split("\n");
  assert(lines[0]!.startsWith("narrows: "), result.stderr);
  assert(lines.length <= 2 && lines.slice(1).every((line) => line.startsWith("  hint: ")), result.stderr);
  for (const text of texts) assertStringIncludes(result.stderr, text);
  let left: string[] = [];
  try {
    left = [...Deno.readDirSync(join(folder, "runs"))].map((entry) => entry.name);
  } catch { /* not even made */ }
  assertEquals(left, []);
}

Deno.test("train: bad input is one line with status 2, and starts nothing", async (t) => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const chunk = join(folder.path, "chunks", "chunk_1.npz");
  const whole = Deno.readFileSync(chunk);
  const on = (key: string) => ["--config", config, "--override", key];
  await t.step("missing config", () => refused(folder.path, ["--config", join(folder.path, "no.yaml")], "no.yaml"));
  await t.step("missing data", () => refused(folder.path, on("data.path=nowhere"), "data.path", "nowhere"));
  await t.step("unknown key", () => refused(folder.path, on("training.epoch=3"), "did you mean training.epochs"));
  await t.step("wrong type", () => refused(folder.path, on("training.epochs=many"), "training.epochs", "many"));
  await t.step(
    "negative learning rate",
    () => refused(folder.path, on("optimizer.learning_rate=-1"), "optimizer.learning_rate", "-1"),
  );
  await t.step(
    "unknown device",
    () => refused(folder.path, on("runtime.device=cuda"), "runtime.device", "cuda", "cpu"),
  );
  await t.step("unknown option", () => refused(folder.path, ["--confg", config], "--confg", "--config"));
  await t.step("too little memory", () => refused(folder.path, on("runtime.memory_gb=0.001"), "memory", "free"));
  await t.step("truncated zip", async () => {
    Deno.writeFileSync(chunk, whole.subarray(0, whole.length / 2));
    await refused(folder.path, ["--config", config], "chunk_1.npz");
  });
  await t.step("a file that is no zip", async () => {
    Deno.writeTextFileSync(chunk, "hello");
    await refused(folder.path, ["--config", config], "chunk_1.npz");
  });
  Deno.writeFileSync(chunk, whole);
  await t.step("unwritable runs folder", async () => {
    Deno.writeTextFileSync(join(folder.path, "plain"), "");
    await refused(folder.path, on(`paths.runs=${join(folder.path, "plain")}`), "plain");
  });
});

Deno.test("train: a chunk that breaks in the middle of a run: saved, status 1, resumable", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const chunk = join(folder.path, "chunks", "chunk_1.npz");
  const whole = Deno.readFileSync(chunk);
  const bad = whole.slice();
  const at = bad.length - 600; // within data.npy: its checksum no longer holds
  bad[at] = bad[at]! ^ 255;
  Deno.writeFileSync(chunk, bad);
  const path = join(folder.path, "run");
  const result = await run("train", ["--config", config, "--run-dir", path, "--quiet"]);
  assertEquals(result.code, 1, result.stderr);
  assertStringIncludes(result.stderr, "chunk_1.npz");
  const summary = JSON.parse(Deno.readTextFileSync(join(path, "summary.json")));
  assertEquals(summary.status, "failed");
  Deno.writeFileSync(chunk, whole);
  const again = await run("train", ["--config", config, "--run-dir", path, "--resume", "auto", "--quiet"]);
  assertEquals(again.code, 0, again.stderr);
});

Deno.test("train: a loss that is not finite names step, batch and the last good checkpoint", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const path = join(folder.path, "run");
  const wild = ["optimizer={name: sgd, learning_rate: 1000}", "training.gradient_clip=null", "loss.reduction=sum"]
    .flatMap((override) => ["--override", override]);
  const result = await run("train", ["--config", config, "--run-dir", path, "--quiet", ...wild]);
  assertEquals(result.code, 1, result.stderr);
  for (const text of ["step", "batch", "checkpoint"]) assertStringIncludes(result.stderr, text);
});

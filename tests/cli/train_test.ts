import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { HANGUP_IGNORED } from "../../core/early.ts";
import { command, run, temporary } from "../helpers/cli.ts";
import { SafetensorsFile } from "../../core/formats/safetensors.ts";
import { fingerprintOf, SMALL_CONFIG, smallProject, WIDE_CONFIG } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];

Deno.test("train: a run folder holds what the contract names", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const result = await run("train", ["--config", config]);
  assertEquals(result.code, 0, result.stderr);
  const [name] = [...Deno.readDirSync(join(folder.path, "runs"))].map((entry) => entry.name);
  assert(/^small-\d{8}-\d{6}-\w+$/.test(name!), name);
  const path = join(folder.path, "runs", name!);
  const files = new Set([...Deno.readDirSync(path)].map((entry) => entry.name));
  const expected = [
    "config.yaml",
    "environment.json",
    "steps.csv",
    "chunks.csv",
    "epochs.csv",
    "summary.json",
    "checkpoints",
    "report.html",
  ];
  for (const file of [...expected, "diagnostics", "model.json"]) assert(files.has(file), `${file} is missing`);
  assert(!files.has("recovery.json"));
  const summary = JSON.parse(Deno.readTextFileSync(join(path, "summary.json")));
  assertEquals([summary.status, summary.epochs, summary.reason], ["finished", 3, "epochs"]);
  assert(summary.seconds.checkpoint_end > 0 && summary.seconds.checkpoint_end <= summary.seconds.checkpoint);
  assert(summary.metrics.test.r2 < 1 && summary.metrics.train.rows > summary.metrics.test.rows);
  const steps = Deno.readTextFileSync(join(path, "steps.csv")).trim().split("\n");
  assertEquals(
    steps[0],
    "step,epoch,chunk,batch,rows,loss,learning_rate,grad_norm,samples_per_second,wait_ms,step_ms,elapsed_s",
  );
  assertEquals(steps.length - 1, summary.steps);
  const rows = steps.slice(1).reduce((sum, line) => sum + Number(line.split(",")[4]), 0);
  assertEquals(rows, 3 * summary.rows.train, "every training row once an epoch");
  assertStringIncludes(result.stdout, "report");
});

Deno.test("train: the saved config repeats the run, and threads and workers change no bit", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const first = join(folder.path, "first");
  assertEquals((await run("train", ["--config", config, "--run-dir", first, ...QUIET])).code, 0);
  const wanted = fingerprintOf(first);
  let compared = 0;
  for (const [threads, workers, preload] of [[1, 1, 1], [2, 2, 2], [4, 3, 5]]) {
    const again = join(folder.path, `again${threads}`);
    const result = await run("train", [
      ...["--config", join(first, "config.yaml"), "--run-dir", again, ...QUIET],
      ...["--override", `runtime.threads=${threads}`, "--override", `data.workers=${workers}`],
      ...["--override", `data.preload_batches=${preload}`],
    ]);
    assertEquals(result.code, 0, result.stderr);
    assertEquals(fingerprintOf(again), wanted);
    compared++;
  }
  assertEquals(compared, 3);
});

/** Kills the run at moments spread over it (NARROWS_KILLS of them), resumes each, and compares all bits. */
async function killed(overrides: readonly string[], text = SMALL_CONFIG): Promise<void> {
  using folder = temporary();
  const config = smallProject(folder.path, text);
  const whole = join(folder.path, "whole");
  const begun = performance.now();
  const options = [...overrides.flatMap((override) => ["--override", override]), ...QUIET];
  assertEquals((await run("train", ["--config", config, "--run-dir", whole, ...options])).code, 0);
  let length = performance.now() - begun;
  const wanted = fingerprintOf(whole);
  const kills = Number(Deno.env.get("NARROWS_KILLS") ?? 4);
  let killed = 0;
  for (let kill = 0; kill < kills; kill++) {
    const path = join(folder.path, `killed${kill}`);
    const args = ["--config", config, "--run-dir", path, "--resume", "auto", ...options];
    // Moments spread over the run, the start-up included.
    const child = command("train", args).spawn(), started = performance.now();
    const timer = setTimeout(() => {
      try {
        child.kill("SIGKILL");
      } catch { /* it was quicker */ }
    }, length * (0.2 + 0.8 * (kill + 0.5) / kills));
    const output = await child.output();
    clearTimeout(timer);
    if (output.signal === "SIGKILL") killed++;
    else length = performance.now() - started; // the machine was less busy than before
    const resumed = await run("train", args);
    assertEquals(resumed.code, 0, resumed.stderr);
    assertEquals(fingerprintOf(path), wanted, `killed ${kill} of ${kills}`);
  }
  assert(killed > 0, "no run was killed in time");
}

Deno.test("train: killed at random moments and resumed, a run ends with the same bits", () => killed([]));

Deno.test("train: killed with rows of the first layer left behind, a run ends with the same bits", () =>
  killed([], WIDE_CONFIG));

Deno.test("train: killed while it saves after every step, a run ends with the same bits", () =>
  killed(["checkpoint.every_steps=1", "checkpoint.keep=1", "training.epochs=2"]));

Deno.test("train: killed while saves keep to their share of the time, a run ends with the same bits and the same best", () =>
  killed([
    "checkpoint.every_steps=0",
    "checkpoint.every_epochs=null",
    "optimizer.learning_rate=0.05",
    "training.epochs=8",
  ]));

Deno.test("train: killed around an early stop, a run ends with the same bits", () =>
  killed(["optimizer.learning_rate=0.3", "training.epochs=30", "training.early_stopping.patience=1"]));

Deno.test("train: killed with the factored output layer, a run ends with the same bits", () =>
  killed(["model.decoder=[{linear: 24}, relu, {linear: output, solver: factored}]"]));

Deno.test("train: killed before its first save, a run is started again in its folder", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const whole = join(folder.path, "whole"), cut = join(folder.path, "cut");
  assertEquals((await run("train", ["--config", config, "--run-dir", whole, ...QUIET])).code, 0);
  Deno.mkdirSync(join(cut, "checkpoints"), { recursive: true });
  Deno.copyFileSync(join(whole, "config.yaml"), join(cut, "config.yaml"));
  const steps = Deno.readTextFileSync(join(whole, "steps.csv"));
  Deno.writeTextFileSync(join(cut, "steps.csv"), steps.split("\n").slice(0, 4).join("\n") + "\n5,1,"); // a torn line
  const result = await run("train", ["--config", config, "--run-dir", cut, "--resume", "auto", ...QUIET]);
  assertEquals(result.code, 0, result.stderr);
  assertEquals(fingerprintOf(cut), fingerprintOf(whole));
});

Deno.test("train: a finished run resumed says so and changes nothing; with more epochs it goes on", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const path = join(folder.path, "run");
  assertEquals((await run("train", ["--config", config, "--run-dir", path, ...QUIET])).code, 0);
  const before = fingerprintOf(path);
  const again = await run("train", ["--resume", path, "--no-report"]);
  assertEquals(again.code, 0, again.stderr);
  assertStringIncludes(again.stderr, "nothing left to train");
  assertEquals(fingerprintOf(path), before);
  const refused = await run("train", ["--resume", path, "--override", "model.encoder.0.linear=99", ...QUIET]);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "model.encoder.0.linear: 24 -> 99");
  assertStringIncludes(refused.stderr, `--fork ${path} --override model.encoder.0.linear=99`);
  const more = await run("train", ["--resume", path, "--override", "training.epochs=5", ...QUIET]);
  assertEquals(more.code, 0, more.stderr);
  assertEquals(JSON.parse(Deno.readTextFileSync(join(path, "summary.json"))).epochs, 5);
  assertEquals(Deno.readTextFileSync(join(path, "epochs.csv")).trim().split("\n").length, 6);
  assertStringIncludes(Deno.readTextFileSync(join(path, "config.yaml")), "linear: 24");
});

/** How many steps the rows of the first layer may have missed when a run's latest checkpoint was saved. */
async function missedSteps(path: string): Promise<number> {
  const checkpoints = join(path, "checkpoints");
  const latest = Deno.readTextFileSync(join(checkpoints, "latest")).trim();
  using file = await SafetensorsFile.open(join(checkpoints, latest, "optimizer.safetensors"));
  const name = "encoder.0.weight.missed_rates";
  const rates = new Float64Array(file.tensors.get(name)!.shape[0]!);
  await file.read(name, 0, rates.length, new Uint8Array(rates.buffer));
  return rates.subarray(1).findIndex((rate) => rate < 0);
}

for (
  const [signal, status, text, logged] of [
    ["SIGINT", 130, SMALL_CONFIG, 300],
    ["SIGTERM", 143, WIDE_CONFIG, 5000],
    ["SIGHUP", 129, SMALL_CONFIG, 300],
    ["SIGUSR1", Deno.build.os === "darwin" ? 158 : 138, SMALL_CONFIG, 300],
    ["SIGUSR2", Deno.build.os === "darwin" ? 159 : 140, SMALL_CONFIG, 300],
  ] as const
) {
  const ignore = signal === "SIGHUP" && HANGUP_IGNORED; // tests under nohup
  Deno.test(`train: ${signal} saves, says how to resume and exits ${status}`, { ignore }, async () => {
    using folder = temporary();
    const config = smallProject(folder.path, text);
    const whole = join(folder.path, "whole");
    const long = ["--override", "training.epochs=20", "--override", "checkpoint.every_steps=0"];
    const path = join(folder.path, "stopped");
    const child = command("train", ["--config", config, "--run-dir", path, ...long, ...QUIET]).spawn();
    const output = child.output();
    while (!exists(join(path, "steps.csv"), logged)) await new Promise((done) => setTimeout(done, 5));
    child.kill(signal);
    child.kill(signal); // as where a terminal's Ctrl-C and a parent that passes it on both reach it
    const result = await output;
    assertEquals(result.code, status);
    assertStringIncludes(new TextDecoder().decode(result.stderr), "--resume");
    const recovery = JSON.parse(Deno.readTextFileSync(join(path, "recovery.json")));
    assertEquals(recovery.signal, signal);
    assertStringIncludes(recovery.command, "--resume");
    const stopped = JSON.parse(Deno.readTextFileSync(join(path, "summary.json")));
    assertEquals(stopped.status, "stopped");
    assert(stopped.seconds.checkpoint_end > 0 && stopped.seconds.checkpoint_end <= stopped.seconds.checkpoint);
    if (text === WIDE_CONFIG) assert(await missedSteps(path) > 0, "no rows were behind when the run was stopped");
    assertEquals((await run("train", ["--resume", path, ...QUIET])).code, 0);
    assert(!exists(join(path, "recovery.json"), 0));
    assertEquals((await run("train", ["--config", config, "--run-dir", whole, ...long, ...QUIET])).code, 0);
    assertEquals(fingerprintOf(path), fingerprintOf(whole));
  });
}

function exists(path: string, least: number): boolean {
  try {
    return Deno.statSync(path).size >= least;
  } catch {
    return false;
  }
}

Deno.test("train: --dry-run says what would run and leaves nothing behind", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const result = await run("train", ["--config", config, "--dry-run"]);
  assertEquals(result.code, 0, result.stderr);
  for (const text of ["360 rows x 60 columns", "encoder.0", "solver", "memory", "train ", "validation ", "test "]) {
    assertStringIncludes(result.stdout, text);
  }
  assertEquals([...Deno.readDirSync(folder.path)].map((entry) => entry.name).sort(), ["chunks", "small.yaml"]);
});

Deno.test("embed, reconstruct and evaluate agree with each other", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const path = join(folder.path, "run");
  assertEquals((await run("train", ["--config", config, "--run-dir", path, ...QUIET])).code, 0);
  const embedded = await run("embed", ["--run", path, "--json"]);
  assertEquals(embedded.code, 0, embedded.stderr);
  assertEquals([JSON.parse(embedded.stdout).rows, JSON.parse(embedded.stdout).columns], [360, 6]);
  const chosen = await run("reconstruct", ["--run", path, "--split", "test", "--columns", "3,5", "--json"]);
  assertEquals(JSON.parse(chosen.stdout).columns, 2);
  const summary = JSON.parse(Deno.readTextFileSync(join(path, "summary.json")));
  const evaluated = await run("evaluate", ["--run", path, "--split", "test", "--json"]);
  assertEquals(evaluated.code, 0, evaluated.stderr);
  assertEquals(JSON.parse(evaluated.stdout).mse, summary.metrics.test.mse);
});

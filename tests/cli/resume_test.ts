/** What a resume may change, and that logs, provenance and checkpoints tell the course that led to the present weights. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join, relative } from "@std/path";
import { command, run, temporary } from "../helpers/cli.ts";
import { fingerprintOf, SMALL_CONFIG, smallProject } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];
/** Every checkpoint stays, so that each can be gone back to. */
const KEEP = SMALL_CONFIG.replace("keep: 3", "keep: 99");

const set = (...texts: string[]) => texts.flatMap((text) => ["--override", text]);

/** A run of `overrides` that ended well. */
async function trained(folder: string, name: string, args: readonly string[]): Promise<string> {
  const path = join(folder, name);
  const result = await run("train", ["--run-dir", path, ...QUIET, ...args]);
  assertEquals(result.code, 0, result.stderr);
  return path;
}

async function resume(args: readonly string[], status = 0, env: Record<string, string> = {}): Promise<string> {
  const result = await run("train", [...args, "--no-report"], env);
  assertEquals(result.code, status, result.stderr);
  return result.stderr;
}

// deno-lint-ignore no-explicit-any
const json = (path: string): any => JSON.parse(Deno.readTextFileSync(path));
const rows = (path: string) => Deno.readTextFileSync(path).trim().split("\n").slice(1).map((line) => line.split(","));
const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();
const step = (number: number) => `step-${String(number).padStart(9, "0")}`;

/** Each step once, in order, and as many as the weights have made. */
function checkLogs(path: string, first = 1): void {
  const steps = rows(join(path, "steps.csv")).map(([step]) => Number(step));
  const last = Number(Deno.readTextFileSync(join(path, "checkpoints", "latest")).replace("step-", ""));
  assertEquals(steps, Array.from({ length: last - first + 1 }, (_, i) => first + i));
  const epochs = rows(join(path, "epochs.csv")).map(([epoch]) => Number(epoch));
  assertEquals(epochs, epochs.map((_, i) => epochs[0]! + i));
  assertEquals(json(join(path, "sessions.json")).at(-1).last_step, last);
}

/** Names, sizes, times and bytes of everything in a folder but the lock. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const walk = async (path: string) => {
    for (const entry of Deno.readDirSync(path)) {
      const below = join(path, entry.name);
      if (entry.isDirectory) await walk(below);
      else if (entry.name !== "run.lock") {
        const hash = await crypto.subtle.digest("SHA-256", Deno.readFileSync(below));
        found[relative(folder, below)] = `${Deno.statSync(below).mtime?.getTime()} ${new Uint8Array(hash).join()}`;
      }
    }
  };
  await walk(folder);
  return found;
}

Deno.test("resume: what makes another experiment is refused with both values and the way out, and changes nothing", async () => {
  using folder = temporary();
  const path = await trained(folder.path, "run", ["--config", smallProject(folder.path)]);
  const before = await contentOf(path);
  const cases: [string, string][] = [
    ["data.split.seed=9", "data.split.seed: 7 -> 9"],
    ["data.transforms=[]", "data.transforms: [{library_size: 100}, log1p] -> []"],
    ["data.batch_size=8", "data.batch_size: 16 -> 8"],
    ["model.encoder.2=tanh", "model.encoder.2: {leaky_relu: 0.02} -> tanh"],
    ["optimizer.name=sgd", "optimizer.name: adamw -> sgd"],
    ["training.precision=bf16", "training.precision: f32 -> bf16"],
    ["seed=8", "seed: 7 -> 8"],
  ];
  for (const [override, text] of cases) {
    const told = await resume(["--resume", path, "--quiet", ...set(override, "training.epochs=9")], 2);
    assertStringIncludes(told, text);
    assertStringIncludes(told, `--fork ${path} --override`);
    assertStringIncludes(told, "--override training.epochs=9");
    assert(!told.includes("epochs: 3"), told);
  }
  assertEquals(await contentOf(path), before);
});

Deno.test("resume: with nothing to do, not a byte of the run folder changes", async () => {
  using folder = temporary();
  const path = await trained(folder.path, "run", ["--config", smallProject(folder.path)]);
  const before = await contentOf(path);
  for (const args of [[path], [join(path, "checkpoints", step(60))], ["auto", "--run-dir", path]]) {
    const told = await run("train", ["--resume", ...args]);
    assertEquals(told.code, 0, told.stderr);
    assertStringIncludes(told.stderr, "nothing left to train");
    assertEquals(await contentOf(path), before);
  }
});

Deno.test("resume: a limit of no more than what is done is told, and leaves a finished run as it is", async () => {
  using folder = temporary();
  const path = await trained(folder.path, "run", ["--config", smallProject(folder.path)]);
  const before = await contentOf(path);
  const done = "changes nothing: 3 epochs, 60 steps are done, and the run is finished";
  for (
    const [limit, said] of [
      ["training.epochs=2", "training.epochs: 3 -> 2"],
      ["training.max_steps=30", "training.max_steps: null -> 30"],
      ["training.max_steps=60", "training.max_steps: null -> 60"],
    ] as const
  ) {
    assertStringIncludes(await resume(["--resume", path, ...set(limit)]), `${said} ${done}`);
    assertEquals(await contentOf(path), before, limit);
  }
  assertStringIncludes(
    await resume(["--resume", path, ...set("training.epochs=3")]),
    "nothing left to train: 3 epochs",
  );
  const refused = await resume(["--resume", path, ...set("training.epochs=2", "checkpoint.keep=5")], 2);
  assertStringIncludes(refused, "training.epochs: 3 -> 2: leaves nothing to train: 3 epochs, 60 steps are done");
  assertStringIncludes(refused, "to change only checkpoint.keep");
  assertEquals(await contentOf(path), before);
});

Deno.test("resume: a stopped run is finished where it is by a limit of no more than what is done", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  for (
    const [limit, key] of [["training.epochs=2", "epochs: 3 -> 2"], ["training.max_steps=40", "max_steps: 50 -> 40"]]
  ) {
    const path = await trained(folder.path, limit!, ["--config", config, ...set("training.max_steps=50")]);
    const summary = join(path, "summary.json");
    Deno.writeTextFileSync(summary, Deno.readTextFileSync(summary).replace('"finished"', '"stopped"'));
    const told = await resume(["--resume", path, ...set(limit!)]);
    const done = "leaves nothing to train: 2 epochs, 50 steps are done, and the run is finished with them";
    assertStringIncludes(told, `training.${key} ${done}`);
    const { status, steps } = JSON.parse(Deno.readTextFileSync(summary));
    assertEquals([status, steps], ["finished", 50]);
  }
});

Deno.test("resume: another config file is named key by key, and the run's own counts; also with --quiet", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const path = await trained(folder.path, "run", ["--config", config, ...set("training.epochs=1")]);
  const other = join(folder.path, "other.yaml");
  Deno.writeTextFileSync(other, SMALL_CONFIG.replace("learning_rate: 0.003", "learning_rate: 0.001"));
  const args = ["--config", other, "--quiet", ...set("training.epochs=2")];
  const told = await resume(["--resume", path, ...args]);
  assertStringIncludes(told, "not applied: optimizer.learning_rate: 0.003 -> 0.001");
  assertStringIncludes(Deno.readTextFileSync(join(path, "config.yaml")), "learning_rate: 0.003");
  Deno.writeTextFileSync(other, SMALL_CONFIG.replace("mask_rate: 0.1", "mask_rate: 0.2"));
  for (const resumed of [["--resume", path], ["--resume", "auto", "--run-dir", path]]) {
    const refused = await resume([...resumed, ...args], 2);
    assertStringIncludes(refused, "data.mask_rate: 0.1 -> 0.2");
    assertStringIncludes(refused, `--fork ${path} --config ${other}`);
  }
});

Deno.test("resume auto: a run of another experiment, or without its checkpoints, is passed over in words", async () => {
  using folder = temporary();
  const config = smallProject(folder.path);
  const auto = ["--config", config, "--resume", "auto", "--quiet", ...set("training.epochs=1")];
  const runs = join(folder.path, "runs");
  await resume(auto);
  const first = join(runs, names(runs)[0]!);
  Deno.removeSync(join(first, "summary.json")); // as if killed before the end
  assertEquals(await resume(auto), "", "an unfinished run of this config is gone on with");
  assertEquals(names(runs).length, 1);
  Deno.removeSync(join(first, "summary.json"));
  assertMatch(await resume([...auto, ...set("seed=8")]), /passing over .*: it is another experiment \(seed: 7 -> 8/);
  const paths = names(runs).map((name) => join(runs, name));
  assertEquals(paths.length, 2);
  const second = paths.find((path) => path !== first)!;
  const summary = Deno.readTextFileSync(join(second, "summary.json")).replace('"finished"', '"stopped"');
  Deno.writeTextFileSync(join(second, "summary.json"), summary);
  Deno.removeSync(join(second, "checkpoints"), { recursive: true });
  assertMatch(await resume([...auto, ...set("seed=8")]), /passing over .*: its checkpoints are gone/);
  assertStringIncludes(await resume(["--resume", second, "--quiet"], 2), "its checkpoints are gone");
});

Deno.test("resume: what changes from here on is said, recorded and in the logs; a schedule's jump too", async () => {
  using folder = temporary();
  const path = await trained(folder.path, "run", ["--config", smallProject(folder.path)]);
  const more = await resume(["--resume", path, "--quiet", ...set("training.epochs=4")]);
  assertMatch(
    more,
    /learning rate goes from \S+e?\S* to 0\.0004\d* at step 61, since cosine is stretched over 80 steps/,
  );
  const told = await resume(["--resume", path, ...set("training.epochs=5", "training.gradient_clip=0.5")]);
  assertStringIncludes(told, "training.gradient_clip: 1 -> 0.5 from step 81 on");
  checkLogs(path);
  const sessions = json(join(path, "sessions.json"));
  assertEquals(
    // deno-lint-ignore no-explicit-any
    sessions.map((entry: any) => [entry.first_step, entry.last_step, entry.ended, entry.checkpoint, entry.attempt]),
    [[1, 60, "finished", null, null], [61, 80, "finished", `checkpoints/${step(60)}`, null], [
      81,
      100,
      "finished",
      `checkpoints/${step(80)}`,
      null,
    ]],
  );
  assertEquals(sessions[2].changes, [
    { key: "training.gradient_clip", from: 1, to: 0.5 },
    { key: "training.epochs", from: 4, to: 5 },
  ]);
  assertEquals(sessions[0].command_line[0], "train");
  assertEquals(json(join(path, "environment.json")).command_line, sessions[2].command_line);
});

Deno.test("resume: a change whose session was killed before its first step is in the next one's list", async () => {
  using folder = temporary();
  const path = await trained(folder.path, "run", ["--config", smallProject(folder.path)]);
  const config = join(path, "config.yaml"), list = join(path, "sessions.json");
  const sessions = json(list);
  const change = { key: "optimizer.learning_rate", from: 0.003, to: 0.001 };
  const killed = { ...sessions[0], first_step: null, last_step: null, ended: null, changes: [change] };
  for (const isInConfig of [false, true]) {
    Deno.writeTextFileSync(list, JSON.stringify([...sessions, killed]));
    const text = Deno.readTextFileSync(config);
    if (isInConfig) Deno.writeTextFileSync(config, text.replace("learning_rate: 0.003", "learning_rate: 0.001"));
    await resume(["--resume", path, "--quiet", ...set(`training.epochs=${isInConfig ? 5 : 4}`)]);
    const changes = json(list).at(-1).changes.map(({ key }: { key: string }) => key);
    assertEquals(changes, isInConfig ? [change.key, "training.epochs"] : ["training.epochs"]);
    assertEquals(json(list).length, 2);
  }
});

Deno.test("resume: from an earlier checkpoint the later course goes to attempts/, and every row is of the course taken", async () => {
  using folder = temporary();
  const config = smallProject(folder.path, KEEP);
  const path = await trained(folder.path, "run", ["--config", config]);
  const old = rows(join(path, "steps.csv"));
  await resume(["--resume", join(path, "checkpoints", step(20)), "--quiet", ...set("optimizer.learning_rate=0.001")]);
  checkLogs(path);
  const kept = join(path, "attempts", "001");
  assertEquals(rows(join(kept, "steps.csv")), old.slice(20));
  assertEquals(rows(join(kept, "epochs.csv")).map(([epoch]) => epoch), ["2", "3"]);
  assertEquals(json(join(kept, "summary.json")).steps, 60);
  assertEquals(names(join(kept, "checkpoints"))[0], step(25));
  assertEquals(json(join(path, "sessions.json")).at(-1).attempt, "attempts/001");
  const now = rows(join(path, "steps.csv"));
  assertEquals(now.slice(0, 20), old.slice(0, 20));
  for (const [i, row] of now.slice(20).entries()) {
    const share = Number(row[6]) / Number(old[20 + i]![6]);
    assert(Math.abs(share - 1 / 3) < 1e-6, `step ${row[0]} has ${share} of the rate`);
  }
  const left = await resume(["--resume", join(kept, "checkpoints", step(60))], 2);
  assertStringIncludes(left, `--fork ${kept}/checkpoints/`);
});

Deno.test("resume: killed right after going back, the later course does not come back", async () => {
  using folder = temporary();
  const config = smallProject(folder.path, KEEP);
  const path = await trained(folder.path, "run", ["--config", config]);
  const change = set("optimizer.learning_rate=0.002");
  const whole = join(folder.path, "whole");
  await new Deno.Command("cp", { args: ["-r", path, whole] }).output();
  await resume(["--resume", join(whole, "checkpoints", step(20)), "--quiet", ...change]);
  for (let kill = 0; kill < 3; kill++) {
    const cut = join(folder.path, `cut${kill}`);
    await new Deno.Command("cp", { args: ["-r", path, cut] }).output();
    const child = command("train", ["--resume", join(cut, "checkpoints", step(20)), ...QUIET, ...change]).spawn();
    const output = child.output();
    const latest = join(cut, "checkpoints", "latest");
    while (Deno.readTextFileSync(latest).trim() === step(60)) await new Promise((done) => setTimeout(done, 1));
    await new Promise((done) => setTimeout(done, 3 * kill));
    child.kill("SIGKILL");
    await output;
    await resume(["--resume", cut, "--quiet", ...change]);
    checkLogs(cut);
    assertEquals(fingerprintOf(cut), fingerprintOf(whole), `kill ${kill}`);
  }
});

Deno.test("resume: another instruction set is said, and sessions.json has both", async () => {
  using folder = temporary();
  const path = join(folder.path, "run");
  const config = smallProject(folder.path);
  await resume(["--config", config, "--run-dir", path, "--quiet"], 0, { NARROWS_ISA: "plain" });
  const isa = json(join(path, "environment.json")).engine.isa_available.split(",")[0];
  if (isa === "plain") return; // this machine has no other
  const told = await resume(["--resume", path, "--quiet", ...set("training.epochs=4")]);
  assertStringIncludes(told, `instruction set plain -> ${isa}`);
  // deno-lint-ignore no-explicit-any
  assertEquals(json(join(path, "sessions.json")).map((entry: any) => entry.isa), ["plain", isa]);
  const again = await resume(["--resume", path, "--quiet", ...set("training.epochs=5")]);
  assert(!again.includes("instruction set"), again);
});

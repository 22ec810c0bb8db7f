/** `train --fork`: a new run that begins from a checkpoint, with the guarantees of any run. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { command, run, temporary } from "../helpers/cli.ts";
import { fingerprintOf, SMALL_CONFIG, smallProject } from "../helpers/small_run.ts";

const QUIET = ["--quiet", "--no-report"];
const KEEP = SMALL_CONFIG.replace("keep: 3", "keep: 99");
const FACTORED = KEEP.replace("{linear: output}", "{linear: output, solver: factored}");

const set = (...texts: string[]) => texts.flatMap((text) => ["--override", text]);

async function train(args: readonly string[], status = 0): Promise<string> {
  const result = await run("train", [...args, ...QUIET]);
  assertEquals(result.code, status, result.stderr);
  return result.stderr;
}

// deno-lint-ignore no-explicit-any
const json = (path: string): any => JSON.parse(Deno.readTextFileSync(path));
const step = (number: number) => `step-${String(number).padStart(9, "0")}`;
const at = (run: string, number: number) => join(run, "checkpoints", step(number));
const copy = (from: string, to: string) => new Deno.Command("cp", { args: ["-r", from, to] }).output();

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A run with all its checkpoints. */
async function parentRun(folder: string, text = KEEP): Promise<string> {
  const path = join(folder, "parent");
  await train(["--config", smallProject(folder, text), "--run-dir", path]);
  return path;
}

for (const [name, text] of [["dense", KEEP], ["factored", FACTORED]] as const) {
  Deno.test(`fork: with nothing changed it takes the parent's course, bit by bit (${name})`, async () => {
    using folder = temporary();
    const parent = await parentRun(folder.path, text);
    const before = fingerprintOf(parent);
    const path = join(folder.path, "fork");
    assertEquals(await train(["--fork", at(parent, 25), "--run-dir", path]), "");
    const { model, optimizer, latest } = fingerprintOf(path);
    assertEquals([model, optimizer, latest], [before.model, before.optimizer, before.latest]);
    assertEquals(fingerprintOf(parent), before);
    assert(exists(at(path, 25)), "the fork has no checkpoint of its own of where it began");
    const logged = Deno.readTextFileSync(join(path, "steps.csv")).trim().split("\n").slice(1);
    assertEquals([logged.length, logged[0]!.split(",")[0]], [60 - 25, "26"]);
    const [session] = json(join(path, "sessions.json"));
    assertEquals([session.first_step, session.last_step, session.changes], [26, 60, []]);
    const { manifest_sha256, ...recorded } = session.parent;
    assertEquals(recorded, { run: parent, checkpoint: `checkpoints/${step(25)}`, step: 25 });
    assert(/^[0-9a-f]{64}$/.test(manifest_sha256));
    assertEquals(json(join(path, "environment.json")).forked_from, session.parent);
    assertEquals(json(join(path, "summary.json")).resumed, 0);
  });
}

Deno.test("fork: killed anywhere and resumed, it ends with the same bits; once it has a checkpoint without its parent", async () => {
  using folder = temporary();
  const parent = await parentRun(folder.path);
  const change = set("optimizer.learning_rate=0.002", "data.split.seed=9", "training.epochs=4");
  const whole = join(folder.path, "whole");
  const begun = performance.now();
  await train(["--fork", at(parent, 25), "--run-dir", whole, ...change]);
  let length = performance.now() - begun;
  const wanted = fingerprintOf(whole);
  const kills = Number(Deno.env.get("NARROWS_KILLS") ?? 4);
  let killed = 0;
  for (let kill = 0; kill < kills; kill++) {
    const path = join(folder.path, `killed${kill}`);
    const fork = ["--fork", at(parent, 25), "--run-dir", path, ...change, ...QUIET];
    const child = command("train", fork).spawn(), started = performance.now();
    const timer = setTimeout(() => {
      try {
        child.kill("SIGKILL");
      } catch { /* it was quicker */ }
    }, length * (0.2 + 0.8 * (kill + 0.5) / kills));
    const output = await child.output();
    clearTimeout(timer);
    if (output.signal === "SIGKILL") killed++;
    else length = performance.now() - started; // the machine was less busy than before
    const away = join(folder.path, "away");
    const independent = exists(join(path, "checkpoints", "latest"));
    if (independent) Deno.renameSync(parent, away);
    await train(exists(join(path, "config.yaml")) ? ["--resume", path] : fork);
    if (independent) Deno.renameSync(away, parent);
    assertEquals(fingerprintOf(path), wanted, `killed ${kill} of ${kills}`);
    assertEquals(json(join(path, "sessions.json"))[0].parent.step, 25);
  }
  assert(killed > 0, "no fork was killed in time");
});

Deno.test("fork: killed before its first save, it begins from its parent again, or not at all", async () => {
  using folder = temporary();
  const parent = await parentRun(folder.path);
  const whole = join(folder.path, "whole"), cut = join(folder.path, "cut");
  await train(["--fork", at(parent, 25), "--run-dir", whole]);
  const stage = async (...names: string[]) => {
    if (exists(cut)) Deno.removeSync(cut, { recursive: true });
    Deno.mkdirSync(cut);
    for (const name of names) await copy(join(whole, name), join(cut, name));
  };
  // Whenever there is a run, it is known what it began from.
  const child = command("train", ["--fork", at(parent, 25), "--run-dir", cut, ...QUIET]).spawn();
  const output = child.output();
  while (!exists(join(cut, "config.yaml"))) await new Promise((done) => setTimeout(done, 0));
  child.kill("SIGKILL");
  await output;
  assertEquals(json(join(cut, "sessions.json"))[0].parent.step, 25);
  await train(["--resume", cut]);
  assertEquals(fingerprintOf(cut), fingerprintOf(whole));
  await stage("config.yaml", "sessions.json", "steps.csv");
  await train(["--resume", cut]);
  assertEquals(fingerprintOf(cut), fingerprintOf(whole));
  await stage("sessions.json"); // no run yet: its folder is free
  await train(["--fork", at(parent, 25), "--run-dir", cut]);
  assertEquals(fingerprintOf(cut), fingerprintOf(whole));
  await stage("config.yaml", "sessions.json");
  Deno.removeSync(at(parent, 25), { recursive: true });
  await copy(at(parent, 30), at(parent, 25));
  assertStringIncludes(await train(["--resume", cut], 2), "is no longer the checkpoint");
});

Deno.test("fork: what does not go on as it was is said", async () => {
  using folder = temporary();
  const parent = await parentRun(folder.path);
  const fork = async (name: string, from: string, ...overrides: string[]) => {
    const told = await train(["--fork", from, "--run-dir", join(folder.path, name), ...set(...overrides)]);
    return { told, session: json(join(folder.path, name, "sessions.json"))[0] };
  };
  const split = await fork("split", at(parent, 25), "data.split.seed=9");
  assertStringIncludes(split.told, "of the validation and test rows were trained on before the fork");
  assertStringIncludes(split.told, "epoch 2 starts again");
  assertEquals(split.session.first_step, 26);
  const batch = await fork("batch", at(parent, 20), "data.batch_size=8");
  assert(!batch.told.includes("starts again"), batch.told); // step 20 is the end of an epoch
  assert(!batch.told.includes("trained on before"), batch.told);
  const sgd = await fork("sgd", at(parent, 25), "optimizer.name=sgd", "optimizer.momentum=0.9");
  assertStringIncludes(sgd.told, "the optimizer's state starts again (optimizer.name: adamw -> sgd");
  assertEquals([sgd.session.first_step, json(join(folder.path, "sgd", "summary.json")).steps], [1, 60]);
  const decay = await train(["--config", join(folder.path, "small.yaml"), ...set("optimizer.name=adam"), "--run-dir"]
    .concat(join(folder.path, "adam"))).then(() =>
      train(["--resume", join(folder.path, "adam"), ...set("optimizer.weight_decay=0.1", "training.epochs=4")], 2)
    );
  assertStringIncludes(decay, "optimizer.weight_decay: 0 -> 0.1: the saved state of the optimizer does not fit");
  assertStringIncludes(decay, "--override optimizer.weight_decay=0.1");
  const more = await fork("more", join(parent, "checkpoints", "latest"), "training.epochs=4");
  assertStringIncludes(more.told, "cosine is stretched over 80 steps instead of 60");
  const none = join(folder.path, "none");
  const shape = await train(["--fork", parent, "--run-dir", none, ...set("model.encoder.0.linear=20")], 2);
  assertStringIncludes(shape, "encoder.0.weight: the file has shape [24, 60], the model [20, 60]");
  assert(!exists(none));
  assertStringIncludes(await train(["--fork", folder.path], 2), "is not a run folder");
  assertStringIncludes(await train(["--fork", parent, "--resume", parent], 2), "cannot be combined with --resume");
});

Deno.test("fork: with the factored output layer and another optimizer, the weights are the parent's", async () => {
  using folder = temporary();
  const parent = await parentRun(folder.path, FACTORED);
  const path = join(folder.path, "fork");
  const change = set("optimizer.name=adam", "training.max_steps=0");
  assertStringIncludes(await train(["--fork", at(parent, 60), "--run-dir", path, ...change]), "starts again");
  const metrics = (run: string) => json(join(run, "summary.json")).metrics.validation.mse;
  const evaluated = await run("evaluate", [...["--run", parent], "--checkpoint", "latest", "--json"]);
  const validation = evaluated.stdout.trim().split("\n").map((line) => JSON.parse(line))
    .find(({ split }) => split === "validation");
  assert(Math.abs(metrics(path) / validation.mse - 1) < 1e-5, `${metrics(path)} and ${validation.mse}`);
  // What its output layer has gathered over the parent's batches is still there after some steps.
  const on = join(folder.path, "on");
  await train(["--fork", at(parent, 60), "--run-dir", on, ...set("optimizer.name=adam", "training.max_steps=4")]);
  const losses = Deno.readTextFileSync(join(on, "steps.csv")).trim().split("\n").slice(1).map((row) =>
    row.split(",")[5]
  );
  const last = Deno.readTextFileSync(join(parent, "epochs.csv")).trim().split("\n").at(-1)!.split(",")[1];
  for (const loss of losses) assert(Number(loss) < 1.4 * Number(last), `${losses} after ${last}`);
});

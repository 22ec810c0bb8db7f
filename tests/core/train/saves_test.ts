/** Saves beside the training: what they hold, when they are made, and what becomes of their errors. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { loadCheckpoint } from "../../../core/checkpoint/load.ts";
import { resolveCheckpoint } from "../../../core/checkpoint/resolve.ts";
import { loadConfig } from "../../../core/config/mod.ts";
import type { Config } from "../../../core/config/types.ts";
import { feed } from "../../../core/data/feed.ts";
import { trainingPlan } from "../../../core/data/plan.ts";
import { openSource, type Source } from "../../../core/data/source.ts";
import { UserError } from "../../../core/errors.ts";
import { isAffordable, saveCost } from "../../../core/train/cadence.ts";
import { describeModel } from "../../../core/train/network.ts";
import { Saves } from "../../../core/train/saves.ts";
import { freshState, RANDOM_START, type TrainState } from "../../../core/train/state.ts";
import { tensorSinks } from "../../../core/train/tensors.ts";
import { Twins } from "../../../core/train/twins.ts";
import { Trainer } from "../../../core/train/trainer.ts";
import type { Model } from "../../../ffi/model.ts";
import { unsteered } from "../../helpers/steering.ts";
import { temporary } from "../../helpers/cli.ts";
import { SMALL_CONFIG, smallProject } from "../../helpers/small_run.ts";

const FACTORED = SMALL_CONFIG.replace("{linear: output}", "{linear: output, solver: factored}");

interface Setting extends Disposable {
  readonly config: Config;
  readonly source: Source;
  readonly model: Model;
  readonly state: TrainState;
  readonly saves: Saves;
  readonly runDir: string;
}

function setting(text: string, options: { copies?: number; bytes?: number; elapsed?: () => number } = {}): Setting {
  const folder = temporary();
  const path = smallProject(folder.path, text);
  const { config } = loadConfig({
    file: path,
    text: text.replace("path: chunks", `path: ${join(folder.path, "chunks")}`),
  });
  const source = openSource(config.data);
  const model = describeModel(config, source);
  model.build();
  const state = freshState("");
  const runDir = join(folder.path, "run");
  Deno.mkdirSync(runDir);
  const saves = new Saves({
    runDir,
    model,
    state,
    config: config.checkpoint,
    copies: options.copies ?? 2,
    bytes: options.bytes ?? 1e6,
    cores: 2,
    checkpoint: null,
    syncLogs: () => Promise.resolve(),
    elapsed: options.elapsed ?? (() => 0),
    saved: () => {},
  });
  const close = () => {
    saves[Symbol.dispose]();
    model.close();
    folder[Symbol.dispose]();
  };
  return { config, source, model, state, saves, runDir, [Symbol.dispose]: close };
}

/** Trains one epoch; with `best` it is the best so far. */
async function epoch({ config, source, model, state }: Setting, best: boolean): Promise<void> {
  const { data } = config;
  const plan = trainingPlan(source, data, state.epoch + 1);
  for await (
    const { window, batches } of feed(plan, { data, epoch: state.epoch + 1, part: "train", training: true })
  ) await model.train(batches, new Float64Array(window.batches).fill(0.01), state.epoch + 1, window.index);
  state.epoch++;
  state.step = model.step;
  if (best) state.best = { epoch: state.epoch, step: state.step, loss: 1 / state.epoch };
}

/** All that a checkpoint keeps, as one text. */
async function bits(model: Model): Promise<string> {
  let all = "";
  for (const info of model.tensors()) {
    const rows = info.shape[0] ?? 1;
    const width = info.shape.slice(1).reduce((product, size) => product * size, 1);
    const bytes = new Uint8Array(rows * width * (info.dtype === "F64" || info.dtype === "I64" ? 8 : 4));
    await model.readTensor(info, 0, rows, bytes);
    all += `${info.role} ${info.name} ${new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex()}\n`;
  }
  return all;
}

/** The bits of a saved checkpoint, by way of a network of its own. */
async function savedBits({ config, source, runDir }: Setting, which: "latest" | "best"): Promise<[number, string]> {
  using model = describeModel(config, source);
  model.build();
  const warn = (text: string) => {
    throw new Error(text);
  };
  const { path, step } = await resolveCheckpoint(runDir, which, warn);
  await loadCheckpoint(path, tensorSinks(model), {});
  model.step = step;
  return [step, await bits(model)];
}

/** Waits until nothing is being written, without the writes of a settle. */
async function written(saves: Saves): Promise<void> {
  await saves.forgive();
}

for (const [name, text] of [["dense", SMALL_CONFIG], ["factored", FACTORED]] as const) {
  for (const copies of [0, 1, 2]) {
    Deno.test(`saves: with ${copies} copies, ${name}, a checkpoint is of the moment of its save, and no bit of the run changes`, async () => {
      using run = setting(text, { copies });
      using alone = setting(text);
      await epoch(run, true);
      await run.saves.keepBest();
      const best: [number, string] = [run.state.step, await bits(run.model)];
      await epoch(run, false);
      const latest: [number, string] = [run.state.step, await bits(run.model)];
      await run.saves.save();
      await epoch(run, false); // while the save is written
      await run.saves.settle();
      assertEquals(await savedBits(run, "latest"), latest);
      assertEquals(await savedBits(run, "best"), best);
      for (let i = 0; i < 3; i++) await epoch(alone, false);
      assertEquals(await bits(run.model), await bits(alone.model));
      assertEquals(run.state.seconds.checkpoint_beside > 0, copies > 0);
    });
  }
}

Deno.test("saves: the best in memory is on disk before a later state is, and at the end", async () => {
  using run = setting(SMALL_CONFIG);
  await epoch(run, true);
  const order: number[] = [];
  using saves = new Saves({ ...run.saves.options, saved: ({ step }) => order.push(step) });
  await saves.keepBest();
  assertEquals(saves.lastCheckpoint, null);
  const first = run.state.step;
  await epoch(run, false);
  await saves.save();
  await saves.settle();
  assertEquals(order, [first, run.state.step]);
  await epoch(run, true);
  await saves.keepBest();
  await epoch(run, false);
  await saves.settle(); // a poisoned end saves no present state
  assertEquals((await savedBits(run, "best"))[0], run.state.best!.step);
  assertEquals(order.length, 3);
});

Deno.test("saves: where time suffices for one checkpoint only, it is the best, whose copy stays until it is needed", async () => {
  let now = 0;
  const text = SMALL_CONFIG.replace("every_epochs: 1", "max_share: 0.05, every_minutes: 2");
  using run = setting(text, { bytes: 1e9, elapsed: () => now }); // 2.5 s a checkpoint on one of two cores
  const { saves, state } = run;
  await epoch(run, true);
  await saves.keepBest();
  const first: [number, string] = [state.step, await bits(run.model)];
  await epoch(run, false);
  now = 45;
  await saves.saveDue();
  await written(saves); // nothing: 2.25 s may be spent
  assertEquals(saves.lastCheckpoint, null);
  now = 70;
  assert(!saves.isDue());
  await saves.saveDue();
  await saves.saveDue(); // nothing more while it is written
  await epoch(run, false);
  await written(saves);
  assertEquals(await savedBits(run, "latest"), first);
  assertEquals(await savedBits(run, "best"), first);
  assert(await saves.restore(first[0]));
  assertEquals(await bits(run.model), first[1]);
  now = 121;
  assert(saves.isOverdue()); // what is saved is older
  await saves.save();
  await saves.settle();
  assert(await saves.restore(first[0])); // the second network was enough
  assert(!saves.isOverdue());
  assertEquals((await savedBits(run, "latest"))[0], state.step);
  assertEquals(await savedBits(run, "best"), first);
  await epoch(run, true);
  await saves.keepBest();
  assert(!await saves.restore(first[0]));
  await saves.settle();
  assertEquals(await savedBits(run, "best"), [state.step, await bits(run.model)]);
});

Deno.test("saves: a best that is likely to last is written before the end, whatever its share", async () => {
  using run = setting(SMALL_CONFIG.replace("every_epochs: 1", "max_share: 0"), { elapsed: () => 1 });
  const { saves, state } = run;
  await epoch(run, true);
  await saves.keepBest();
  const best = state.step;
  await epoch(run, false);
  await saves.saveDue(false);
  await written(saves);
  assertEquals(saves.lastCheckpoint, null);
  await saves.saveDue(true);
  await written(saves);
  assertEquals([(await savedBits(run, "best"))[0], (await savedBits(run, "latest"))[0]], [best, best]);
});

Deno.test("trainer: the best is likely to last once half of the patience has gone by without an improvement", async () => {
  const text = SMALL_CONFIG.replace("every_steps: 5, every_epochs: 1", "every_epochs: null")
    .replace("{epochs: 3,", "{epochs: 9, early_stopping: {patience: 4, min_delta: 1000000},"); // only the first improves
  using run = setting(text);
  const told: [epoch: number, lasting: boolean | undefined][] = [];
  const nothing = () => Promise.resolve();
  const trainer = new Trainer({
    config: run.config,
    model: run.model,
    source: run.source,
    state: run.state,
    observer: {},
    logChunk: nothing,
    stepsMade: () => {},
    logEpoch: nothing,
    begin: () => Promise.resolve(RANDOM_START),
    refit: () => Promise.resolve(),
    steering: unsteered(run),
    diagnose: nothing,
    saves: {
      save: nothing,
      saveDue: (lasting) => Promise.resolve(void told.push([run.state.epoch, lasting])),
      keepBest: nothing,
      isOverdue: () => false,
      check: () => {},
    },
    elapsed: () => 0,
    warn: () => {},
    stopping: () => false,
  });
  assertEquals(await trainer.run(), "early_stopping");
  assertEquals(told, [[1, false], [2, false], [3, true], [4, true], [5, true]]);
});

Deno.test("saves: a state is saved while another is being written, and a copy that is being written can be looked at", async () => {
  const text = FACTORED.replace("every_epochs: 1", "max_share: 0.05");
  using run = setting(text, { bytes: 1e9, elapsed: () => 70 }); // time for one checkpoint only, see above
  const { saves, state } = run;
  await epoch(run, true);
  await saves.keepBest();
  const best: [number, string] = [state.step, await bits(run.model)];
  await epoch(run, false);
  const latest: [number, string] = [state.step, await bits(run.model)];
  await saves.saveDue();
  let looked = 0, before: string | null = "";
  await saves.save(async () => {
    before = saves.lastCheckpoint;
    for (; looked < 100; looked++) assert(await saves.restore(best[0]));
  });
  assertEquals([before, looked], [null, 100]);
  assertEquals(await bits(run.model), best[1]);
  await saves.save(); // being written, or saved
  await saves.settle();
  assertEquals(await savedBits(run, "latest"), latest);
  assertEquals(await savedBits(run, "best"), best);
  assertEquals([...Deno.readDirSync(join(run.runDir, "checkpoints"))].filter((e) => e.isDirectory).length, 2);
});

Deno.test("saves: with one copy, a best that is on disk makes room for the present state", async () => {
  using run = setting(SMALL_CONFIG, { copies: 1 });
  const { saves, state } = run;
  await epoch(run, true);
  await saves.keepBest();
  const best = state.step;
  await saves.save();
  await saves.settle();
  assert(await saves.restore(best));
  await epoch(run, false);
  await saves.save();
  assert(!await saves.restore(best));
  await saves.settle();
  assertEquals([(await savedBits(run, "best"))[0], (await savedBits(run, "latest"))[0]], [best, state.step]);
});

Deno.test("saves: the memory of a copy is made ready while the network trains", async () => {
  using run = setting(SMALL_CONFIG);
  let beside = 0;
  const twins = new Twins(run.model, 2, (seconds) => beside += seconds);
  twins.prepare();
  twins.prepare(); // one at a time
  await epoch(run, false);
  const begun = performance.now();
  while (beside === 0) {
    assert(performance.now() - begun < 10_000, "nobody heard of it");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const [first, second] = [await twins.take(), await twins.take()];
  assert(first !== null && second !== null && first !== second);
  assertEquals(await twins.take(), null);
  await first.copyFrom(run.model);
  assertEquals(await bits(first), await bits(run.model));
  for (const twin of [first, second]) twins.give(twin);
  assertEquals(await twins.take(), second);
  twins.give(second);
  twins[Symbol.dispose]();
  assertEquals(await twins.take(), null);
  const unused = new Twins(run.model, 1, () => {});
  unused.prepare();
  unused[Symbol.dispose](); // while it is being made
});

Deno.test("saves: what fails beside the training is told at the next look, once, and is tried again at the end", async () => {
  using run = setting(SMALL_CONFIG);
  const { saves, state, runDir } = run;
  const folder = join(runDir, "checkpoints");
  await epoch(run, true);
  await saves.keepBest();
  const best = state.step;
  await epoch(run, false);
  Deno.writeTextFileSync(folder, "in the way");
  await saves.save();
  const second = state.step;
  await epoch(run, false);
  const limit = performance.now() + 10_000;
  while (true) { // the writing ends some time
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert(performance.now() < limit, "the error was not told");
    try {
      saves.check();
    } catch (error) {
      assert(error instanceof UserError && error.message.includes("checkpoints"), `${error}`);
      break;
    }
  }
  saves.check();
  await assertRejects(() => saves.saveIfNew(), UserError, "checkpoints");
  Deno.removeSync(folder);
  await saves.forgive();
  await saves.saveIfNew();
  const steps = [...Deno.readDirSync(folder)].filter((entry) => entry.isDirectory).map((entry) =>
    Number(entry.name.slice(5))
  );
  assertEquals(steps.sort((a, b) => a - b), [best, second, state.step]);
  assertEquals((await savedBits(run, "best"))[0], best);
});

Deno.test("saves: at the end of an epoch, and with the same step, another state is saved", async () => {
  using run = setting(SMALL_CONFIG);
  await epoch(run, false);
  run.state.window = 3; // before the epoch counted
  run.state.epoch = 0;
  await run.saves.save();
  await run.saves.settle();
  run.state.window = 0;
  run.state.epoch = 1;
  await run.saves.saveIfNew();
  const { path } = await resolveCheckpoint(run.runDir, "latest", () => {});
  assertEquals(JSON.parse(Deno.readTextFileSync(join(path, "state.json"))).epoch, 1);
});

Deno.test("saves: by themselves they keep to their share of the time, and are made after some minutes in any case", async () => {
  assert(isAffordable({ elapsed: 100, spent: 3, next: 2 }, 0.05));
  assert(!isAffordable({ elapsed: 100, spent: 3, next: 2.1 }, 0.05));
  assertEquals(saveCost(1, 4, 8), 1.5);

  let now = 0;
  using run = setting(SMALL_CONFIG.replace("every_epochs: 1", "max_share: 0.05, every_minutes: 2"), {
    elapsed: () => now,
  });
  const { saves, state } = run;
  await epoch(run, false);
  assert(!saves.isDue()); // 5 ms by the size, of nothing
  now = 10;
  assert(saves.isDue());
  await saves.save();
  await saves.settle();
  state.seconds.checkpoint = 1;
  assert(!saves.isDue()); // a tenth
  now = 19;
  assert(!saves.isDue());
  now = 119;
  state.seconds.checkpoint = 50;
  assert(!saves.isDue() && !saves.isOverdue());
  now = 130.1;
  assert(saves.isDue() && saves.isOverdue());
});

Deno.test("trainer: an epoch counts once its row and its diagnostics are written; what failed is done again", async () => {
  const text = SMALL_CONFIG.replace("training: {epochs: 3,", "diagnostics: {every_epochs: 1}\ntraining: {epochs: 2,");
  using run = setting(text);
  const written: string[] = [];
  const failing = new Set(["row 1", "diagnostics 2"]);
  const write = (what: string) => {
    if (failing.delete(what)) return Promise.reject(new UserError("disk", `no room for ${what}`));
    if (!written.includes(what)) written.push(what); // a row is written once
    return Promise.resolve();
  };
  const train = () =>
    new Trainer({
      config: run.config,
      model: run.model,
      source: run.source,
      state: run.state,
      observer: {},
      logChunk: () => Promise.resolve(),
      stepsMade: () => {},
      logEpoch: (row) => write(`row ${row.epoch}`),
      begin: () => Promise.resolve(RANDOM_START),
      refit: () => Promise.resolve(),
      steering: unsteered(run),
      diagnose: (epoch) => write(`diagnostics ${epoch}`),
      saves: run.saves,
      elapsed: () => 0,
      warn: () => {},
      stopping: () => false,
    }).run();
  await assertRejects(train, UserError, "row 1");
  assertEquals([run.state.epoch, run.state.best], [0, null]);
  await assertRejects(train, UserError, "diagnostics 2");
  assertEquals(run.state.epoch, 1);
  assertEquals(await train(), "epochs");
  assertEquals(written, ["row 1", "diagnostics 1", "row 2", "diagnostics 2"]);
  await run.saves.settle();
});

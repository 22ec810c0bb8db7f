/** The training loop, without a run folder. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loadConfig } from "../../../core/config/mod.ts";
import { stepsOf, trainingPlan } from "../../../core/data/plan.ts";
import { openSource } from "../../../core/data/source.ts";
import type { ChunkRow, EpochRow } from "../../../core/runs/types.ts";
import { describeModel } from "../../../core/train/network.ts";
import { Saves } from "../../../core/train/saves.ts";
import { freshState, RANDOM_START, type TrainState } from "../../../core/train/state.ts";
import { Trainer } from "../../../core/train/trainer.ts";
import { unsteered } from "../../helpers/steering.ts";
import { temporary } from "../../helpers/cli.ts";
import { smallProject } from "../../helpers/small_run.ts";

Deno.test("trainer: a step limit on an epoch's last step ends that epoch, also from the save made just there", async () => {
  using folder = temporary();
  const file = smallProject(folder.path);
  const { data } = loadConfig({ file, overrides: [] }).config;
  const source = openSource(data);
  const steps = stepsOf(trainingPlan(source, data, 1));
  const overrides = [`checkpoint.every_steps=${steps}`, `training.max_steps=${steps}`];
  const { config } = loadConfig({ file, overrides });
  const train = async (state: TrainState) => {
    using model = describeModel(config, source);
    model.build();
    const saved: TrainState[] = [], chunks: ChunkRow[] = [], epochs: EpochRow[] = [];
    const runDir = join(folder.path, `run-${state.step}`);
    Deno.mkdirSync(runDir);
    using saves = new Saves({
      runDir,
      model,
      state,
      config: config.checkpoint,
      copies: 0,
      bytes: 0,
      cores: 1,
      checkpoint: null,
      syncLogs: () => Promise.resolve(),
      elapsed: () => 0,
      saved: () => saved.push(structuredClone(state)),
    });
    const reason = await new Trainer({
      config,
      model,
      source,
      state,
      observer: {},
      stepsMade: () => {},
      logChunk: (row) => Promise.resolve(void chunks.push(row)),
      logEpoch: (row) => Promise.resolve(void epochs.push(row)),
      begin: () => Promise.resolve(RANDOM_START),
      refit: () => Promise.resolve(),
      steering: unsteered({ config, model, state }),
      saves,
      diagnose: () => Promise.resolve(),
      elapsed: () => 0,
      warn: () => {},
      stopping: () => false,
    }).run();
    return { reason, saved, chunks, epochs };
  };
  const whole = await train(freshState("data"));
  const [first] = whole.saved;
  assertEquals([first!.step, first!.epoch, whole.epochs.length, whole.chunks.length], [steps, 0, 1, 3]);
  const resumed = await train(structuredClone(first!));
  assertEquals([resumed.reason, whole.reason], ["max_steps", "max_steps"]);
  assertEquals(resumed.epochs.map(({ train_loss }) => train_loss), whole.epochs.map(({ train_loss }) => train_loss));
  assertEquals(resumed.chunks.length, 1);
});

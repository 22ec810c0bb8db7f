/** The training loop, without a run folder. */
import { assertEquals } from "@std/assert";
import { loadConfig } from "../../../core/config/mod.ts";
import { openSource } from "../../../core/data/source.ts";
import type { ChunkRow, EpochRow } from "../../../core/runs/types.ts";
import { describeModel } from "../../../core/train/network.ts";
import { freshState, type TrainState } from "../../../core/train/state.ts";
import { Trainer } from "../../../core/train/trainer.ts";
import { temporary } from "../../helpers/cli.ts";
import { smallProject } from "../../helpers/small_run.ts";

Deno.test("trainer: a step limit on an epoch's last step ends that epoch, also from the save made just there", async () => {
  using folder = temporary();
  const overrides = ["checkpoint.every_steps=19", "training.max_steps=19"];
  const { config } = loadConfig({ file: smallProject(folder.path), overrides });
  const source = openSource(config.data);
  const train = async (state: TrainState) => {
    using model = describeModel(config, source);
    model.build();
    const saved: TrainState[] = [], chunks: ChunkRow[] = [], epochs: EpochRow[] = [];
    const reason = await new Trainer({
      config,
      model,
      source,
      state,
      observer: {},
      logChunk: (row) => Promise.resolve(void chunks.push(row)),
      logEpoch: (row) => Promise.resolve(void epochs.push(row)),
      save: () => Promise.resolve(void saved.push(structuredClone(state))),
      diagnose: () => Promise.resolve(),
      elapsed: () => 0,
      stopping: () => false,
    }).run();
    return { reason, saved, chunks, epochs };
  };
  const whole = await train(freshState("data"));
  const [first] = whole.saved;
  assertEquals([first!.step, first!.epoch, whole.epochs.length, whole.chunks.length], [19, 0, 1, 3]);
  const resumed = await train(structuredClone(first!));
  assertEquals([resumed.reason, whole.reason], ["max_steps", "max_steps"]);
  assertEquals(resumed.epochs.map(({ train_loss }) => train_loss), whole.epochs.map(({ train_loss }) => train_loss));
  assertEquals(resumed.chunks.length, 1);
});

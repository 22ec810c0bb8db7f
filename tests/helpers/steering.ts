/** The steering of a training to which nobody gives commands. */
import { Desk } from "../../core/steer/desk.ts";
import { Journal } from "../../core/steer/journal.ts";
import { Steering } from "../../core/steer/steering.ts";
import type { Config } from "../../core/config/types.ts";
import type { TrainState } from "../../core/train/state.ts";
import type { Model } from "../../ffi/model.ts";

export function unsteered({ config, model, state }: { config: Config; model: Model; state: TrainState }): Steering {
  const course = {
    ...{ model, state },
    learningRate: config.optimizer.learning_rate,
    batchSize: config.data.batch_size,
    maskRate: config.data.mask_rate,
    scheduler: config.scheduler,
    trainingRows: 1,
    keepsRows: true,
    rates: () => ({}),
    save: () => Promise.resolve(),
    stop: () => {},
    stopping: () => false,
    resume: () => {},
    edited: () => {},
    paused: () => {},
  };
  return new Steering(course, new Desk(), new Journal("edits.jsonl"));
}

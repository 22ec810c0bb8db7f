/**
 * Fits of a factored output layer to all training rows, with the layers before it as they are. While the encoder learns, the
 * layer's weights follow from past batches that an older encoder has seen, and from few of them at first; a fit has neither fault.
 */
import type { Model } from "../../ffi/model.ts";
import type { Config } from "../config/types.ts";
import { feed } from "../data/feed.ts";
import { stepsOf, trainingPlan } from "../data/plan.ts";
import { reading } from "../data/sample.ts";
import type { Part, Source } from "../data/source.ts";
import type { Session } from "./session.ts";
import { chooseSolver } from "./solver.ts";

/** The most validation rows by which the ridge is chosen. */
const HELD_OUT = 2000;
/** The most batches that are fitted to, as many as the layer remembers while it is trained. */
const BATCHES = 500;
/** The share of the epochs, from the first one on, after which there is a fit besides those after epochs 1, 2, 4, 8 and so on. */
const SHARE = 10;

/** Whether the output layer's weights can be solved for. */
export function canRefit(config: Config, source: Source): boolean {
  const { update } = config.model.decoder.at(-1)!;
  return update !== "sgd" && chooseSolver(config, source).solver === "factored";
}

/** Fits to all training rows, or to a sample of as many as some batches have. A function of weights, data and seed alone. */
export async function refit(config: Config, source: Source, model: Model): Promise<void> {
  const { data, seed } = config;
  async function* batches(part: Part, most: number) {
    const { plan, rows } = reading(source, part, data, { most, seed });
    const options = { data, epoch: 0, part, training: false, rows } as const;
    for await (const open of feed(plan, options)) yield open.batches;
  }
  const heldOut = source.partRows.validation > 0 ? batches("validation", HELD_OUT) : [];
  await model.refit(batches("train", BATCHES * data.batch_size), heldOut);
}

/**
 * Fits after an epoch, where that is due: after epochs 1, 2, 4, 8 and so on, after each tenth of them, and after the last one. Where
 * an epoch has more batches than the layer remembers, its own weights are as good, and there is no fit.
 */
export async function refitDue({ options: { config }, source, model, state }: Session, epoch: number): Promise<void> {
  if (!canRefit(config, source)) return;
  if (stepsOf(trainingPlan(source, config.data, 1)) > BATCHES) return;
  const { epochs } = config.training;
  const isPower = Number.isInteger(Math.log2(epoch));
  if (!isPower && epoch % Math.max(1, Math.ceil(epochs / SHARE)) !== 0 && epoch !== epochs) return;
  const begun = performance.now();
  await refit(config, source, model);
  state.seconds.train += (performance.now() - begun) / 1000;
}

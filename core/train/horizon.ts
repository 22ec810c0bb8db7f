/** The number of steps of a run, over which schedules with an end are stretched. */
import { countText, rateText } from "../figures.ts";
import type { Config } from "../config/types.ts";
import { stepsOf, trainingPlan } from "../data/plan.ts";
import type { Source } from "../data/source.ts";
import { type Horizon, learningRate } from "./schedule.ts";
import type { TrainState } from "./state.ts";

export function horizonOf(config: Config, source: Source): Horizon {
  const { epochs, max_steps } = config.training;
  const plan = (epoch: number) => stepsOf(trainingPlan(source, config.data, epoch));
  const stepsPerEpoch = plan(1);
  let totalSteps = stepsPerEpoch * epochs;
  if (config.data.shuffle_window > 1) { // epochs differ: chunks share windows by chance
    totalSteps = 0;
    for (let epoch = 1; epoch <= epochs && totalSteps < (max_steps ?? Infinity); epoch++) totalSteps += plan(epoch);
  }
  return { totalSteps: Math.min(totalSteps, max_steps ?? Infinity), stepsPerEpoch };
}

/** The smallest relative difference of two learning rates that counts as a jump. */
const JUMP = 1e-6;

const differ = (a: number, b: number) => Math.abs(a - b) > JUMP * Math.max(a, b);

/**
 * In one line, where the schedule jumps because the config has changed: an end that was moved, another rate or schedule. Null
 * where the next step has the rate that it would have had.
 * @param made the rate that the last step was made with; null where the log does not say. It may be another one than `before`
 *   has for it, where a session between them has left no step behind.
 */
export function rateJump(
  before: Config,
  now: Config,
  source: Source,
  state: TrainState,
  made: number | null = null,
): string | null {
  const { step, plateau } = state;
  const [old, present] = [horizonOf(before, source), horizonOf(now, source)];
  const rate = (config: Config, horizon: Horizon, at: number) =>
    learningRate(at, config.optimizer, config.scheduler, horizon, plateau.factor);
  if (step === 0) return null;
  const [last, expected, next] = [rate(before, old, step - 1), rate(before, old, step), rate(now, present, step)];
  // Plateau's factor may have dropped since the last step.
  const other = made !== null && before.scheduler.name !== "plateau" && differ(made, last);
  if (!differ(next, other ? made : expected)) return null;
  const { name } = now.scheduler;
  const isStretched = (name === "cosine" || name === "one_cycle") && name === before.scheduler.name;
  const stretched = isStretched && present.totalSteps !== old.totalSteps
    ? `, since ${name} is stretched over ${countText(present.totalSteps)} steps instead of ${countText(old.totalSteps)}`
    : "";
  return `the learning rate goes from ${rateText(other ? made : last)} to ${rateText(next)} at step ${
    step + 1
  }${stretched}`;
}

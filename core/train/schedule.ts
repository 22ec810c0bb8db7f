/**
 * Learning-rate schedules. All but plateau are functions of the step alone; plateau multiplies by a factor that the
 * Trainer keeps and saves.
 */
import type { OptimizerConfig, SchedulerConfig } from "../config/types.ts";

export interface Horizon {
  /** Steps of the whole run. */
  readonly totalSteps: number;
  /** Steps of one epoch (of the first, where epochs differ). */
  readonly stepsPerEpoch: number;
}

function oneCycle(step: number, peak: number, scheduler: SchedulerConfig, total: number): number {
  // Leslie Smith's policy with cosine ramps, as PyTorch's OneCycleLR: up over rise_share of the steps, then down.
  const start = peak / scheduler.start_divisor;
  const end = start / scheduler.end_divisor;
  const top = Math.max(1, scheduler.rise_share * total) - 1;
  const ramp = (from: number, to: number, share: number) => to + (from - to) / 2 * (1 + Math.cos(Math.PI * share));
  if (step <= top) return top === 0 ? peak : ramp(start, peak, step / top);
  const down = Math.max(1, total - 1 - top);
  return ramp(peak, end, Math.min(1, (step - top) / down));
}

/**
 * The learning rate of a step.
 * @param step 0-based: the number of updates done before
 * @param factor what plateau has multiplied the rate by so far
 */
export function learningRate(
  step: number,
  optimizer: Pick<OptimizerConfig, "learning_rate">,
  scheduler: SchedulerConfig,
  horizon: Horizon,
  factor = 1,
): number {
  const base = optimizer.learning_rate;
  const warm = scheduler.warmup_steps > 0 ? Math.min(1, (step + 1) / scheduler.warmup_steps) : 1;
  const past = Math.max(0, step - scheduler.warmup_steps);
  const total = Math.max(1, horizon.totalSteps - scheduler.warmup_steps);
  switch (scheduler.name) {
    case "constant":
      return base * warm;
    case "step": {
      const drops = Math.floor(step / Math.max(1, scheduler.step_epochs * horizon.stepsPerEpoch));
      return base * scheduler.gamma ** drops * warm;
    }
    case "cosine": {
      const floor = scheduler.min_learning_rate;
      return (floor + (base - floor) / 2 * (1 + Math.cos(Math.PI * Math.min(1, past / total)))) * warm;
    }
    case "one_cycle":
      return oneCycle(past, base, scheduler, total) * warm;
    case "plateau":
      return Math.max(scheduler.min_learning_rate, base * factor) * warm;
  }
}

/** What plateau remembers from epoch to epoch. */
export interface PlateauState {
  readonly factor: number;
  readonly best: number | null;
  readonly badEpochs: number;
}

/** After an epoch: the rate drops by gamma when the loss has not improved for more than `patience` epochs. */
export function plateau(state: PlateauState, loss: number, scheduler: SchedulerConfig): PlateauState {
  if (scheduler.name !== "plateau") return state;
  if (state.best === null || loss < state.best * (1 - scheduler.threshold)) {
    return { ...state, best: loss, badEpochs: 0 };
  }
  const badEpochs = state.badEpochs + 1;
  if (badEpochs <= scheduler.patience) return { ...state, badEpochs };
  return { factor: state.factor * scheduler.gamma, best: state.best, badEpochs: 0 };
}

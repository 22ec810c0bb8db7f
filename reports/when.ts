/** The epoch or the step after which a run's metrics were measured. */
import type { RunData } from "../core/runs/types.ts";
import { count } from "./format.ts";

/**
 * "epoch 3", or "step 50" if the run ended in the middle of an epoch, since its weights are then not those of an epoch.
 * @param epoch the last completed epoch, which the metrics name
 */
export function momentText(run: RunData, epoch: number): string {
  const evaluated = run.summary?.evaluated;
  if (evaluated && evaluated.epoch === epoch && run.logged.epochs === run.epochs.length) {
    const done = run.epochs.filter((row) => row.epoch <= epoch);
    const first = run.epochs.length === 0 ? 1 : run.epochs[0]!.epoch;
    const end = done.reduce((sum, row) => sum + row.steps, 0);
    // The logs of a fork do not contain the epochs of its parent, so their steps are not known.
    if (first <= 1 && evaluated.step > end) return `step ${count(evaluated.step)}`;
  }
  return `epoch ${count(epoch)}`;
}

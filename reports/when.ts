/** At which point of its course a run's figures were measured. */
import type { RunData } from "../core/runs/types.ts";
import { count } from "./format.ts";

/**
 * "epoch 3"; "step 50" where the run ended within an epoch, since then the weights are no epoch's.
 * @param epoch that the figures name: the last that was completed
 */
export function momentText(run: RunData, epoch: number): string {
  const evaluated = run.summary?.evaluated;
  if (evaluated && evaluated.epoch === epoch && run.logged.epochs === run.epochs.length) {
    const done = run.epochs.filter((row) => row.epoch <= epoch);
    const first = run.epochs.length === 0 ? 1 : run.epochs[0]!.epoch;
    const end = done.reduce((sum, row) => sum + row.steps, 0);
    // The logs of a fork begin after its parent's epochs, whose steps they do not tell.
    if (first <= 1 && evaluated.step > end) return `step ${count(evaluated.step)}`;
  }
  return `epoch ${count(epoch)}`;
}

/** The library's `train`: a config in, a finished run folder out. */
import { ensureEngine } from "../build/ensure.ts";
import type { Summary } from "../runs/types.ts";
import { findRun, type RunRequest } from "./find_run.ts";
import { startRun } from "./start.ts";
import type { TrainObserver } from "./trainer.ts";

export interface TrainOptions extends Partial<RunRequest> {
  readonly observer?: TrainObserver;
}

/**
 * Trains a config file to its end.
 * @param options `config`: the file; `overrides`: as on the command line; `resume`, `runDir`: likewise
 * @returns the run folder and its summary
 * @throws {UserError} when the run cannot start; the error itself when it failed later (after an emergency save)
 */
export async function train(options: TrainOptions): Promise<{ path: string; summary: Summary }> {
  await ensureEngine({ quiet: true });
  const target = await findRun({ ...options, overrides: options.overrides ?? [] });
  const { run, result } = await startRun({
    ...target,
    observer: options.observer,
    signals: false,
  });
  if (result.error) throw result.error;
  return { path: run.path, summary: result.summary };
}

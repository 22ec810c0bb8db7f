/** The library's `train`: a config in, a finished run folder out. */
import { join } from "@std/path";
import { ensureEngine } from "../build/ensure.ts";
import { loadConfig } from "../config/mod.ts";
import { type MemoryData, MemoryRows } from "../data/memory.ts";
import { UserError } from "../errors.ts";
import type { Summary } from "../runs/types.ts";
import { findRun, type RunRequest } from "./find_run.ts";
import { startRun } from "./start.ts";
import type { TrainObserver } from "./trainer.ts";

export interface TrainOptions extends Partial<RunRequest> {
  /** Rows in memory, in the place of `data.path`, and their names and labels; a resume needs those of its run again. */
  readonly data?: MemoryData;
  readonly observer?: TrainObserver;
  /** As `note`, of what went wrong without ending the run. */
  readonly warn?: (text: string) => void;
  /** Whether a signal (SIGINT, SIGTERM, SIGHUP) ends the run after a save, as it does a command; by default the caller's business. */
  readonly signals?: boolean;
}

export interface Trained {
  /** The run folder. */
  readonly path: string;
  readonly summary: Summary;
}

/** A run of files has no rows that arrays could stand for. */
function requireMemoryRun(run: string): void {
  const { data } = loadConfig({ file: join(run, "config.yaml") }).config;
  if (data.format === "memory") return;
  throw new UserError(
    `data: ${run}`,
    "this run reads files, not arrays",
    "resume it without data, or start another run",
  );
}

/**
 * Trains a config to its end.
 * @param options `config`: a file or an object; `data`: rows in memory; `overrides`, `resume`, `runDir`: as on the command line
 * @throws {UserError} when the run cannot start; the error itself when it failed later (after an emergency save)
 */
export async function train(options: TrainOptions): Promise<Trained> {
  await ensureEngine({ quiet: true });
  const { data, overrides = [] } = options;
  using memory = data === undefined ? null : new MemoryRows(data);
  const target = await findRun({ ...options, overrides: memory ? [...overrides, "data.format=memory"] : overrides });
  if (memory && target.existing !== null) requireMemoryRun(target.existing);
  const { run, result } = await startRun({
    ...target,
    memory,
    observer: options.observer,
    note: options.note,
    warn: options.warn,
    signals: options.signals ?? false,
  });
  if (result.error) throw result.error;
  return { path: run.path, summary: result.summary };
}

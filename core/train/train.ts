/** The library's `train`: trains a config and returns the run folder. */
import { ensureEngine } from "../build/ensure.ts";
import { loadRunConfig } from "../config/mod.ts";
import { type MemoryData, MemoryRows } from "../data/memory.ts";
import type { Sink } from "../events/mod.ts";
import { UserError } from "../errors.ts";
import type { Summary } from "../runs/types.ts";
import { findRun, type RunRequest } from "./find_run.ts";
import { NetworkError } from "./network_error.ts";
import type { SessionOptions } from "./session_options.ts";
import { startRun } from "./start.ts";
import type { TrainObserver } from "./trainer.ts";

export interface TrainOptions extends Partial<RunRequest>, Pick<SessionOptions, "desk" | "replay" | "edited"> {
  /** Rows in memory instead of `data.path`, with their names and labels. A resume needs those of its run again. */
  readonly data?: MemoryData;
  readonly observer?: TrainObserver;
  /** Loggers of one's own, besides those of the config. One that fails or hangs is switched off, with a warning. */
  readonly sinks?: readonly Sink[];
  /** Like `note`, but for what went wrong without ending the run. */
  readonly warn?: (text: string) => void;
  /**
   * Whether a signal (SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2) saves and ends the run, as in a command; by default it
   * does not.
   */
  readonly signals?: boolean;
}

export interface Trained {
  /** The run folder. */
  readonly path: string;
  readonly summary: Summary;
}

/** Refuses arrays for a run that was trained on files. */
export function requireMemoryRun(run: string): void {
  const { data } = loadRunConfig(run).config;
  if (data.format === "memory") return;
  throw new UserError(
    `data: ${run}`,
    "this run was trained on files, not on arrays",
    "leave out data, or start another run",
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
    sinks: options.sinks,
    note: options.note,
    warn: options.warn,
    signals: options.signals ?? false,
    desk: options.desk,
    replay: options.replay,
    edited: options.edited,
  }).catch((error) => {
    // An object has no lines to name.
    throw error instanceof NetworkError && typeof options.config !== "object" ? target.loaded.locate(error) : error;
  });
  if (result.error) throw result.error;
  return { path: run.path, summary: result.summary };
}

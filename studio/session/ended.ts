/** What a run that is over says of its end. */
import { readSummary } from "../../core/runs/summary.ts";
import { openRun } from "../../core/runs/folder.ts";
import { END_REASONS } from "../../core/runs/reasons.ts";

export interface Ended {
  /** Why nothing trains, and which network is asked. */
  readonly reason: string;
  readonly steps: number;
  readonly epochs: number;
}

/** @throws {UserError} where the summary cannot be read */
export async function endOf(run: string, error?: unknown): Promise<Ended> {
  const summary = await readSummary(await openRun(run));
  const { steps = 0, epochs = 0 } = summary ?? {};
  if (error) return { reason: error instanceof Error ? error.message : String(error), steps, epochs };
  if (summary === null) return { reason: "the run has no summary", steps, epochs };
  const why = `${summary.status}: ${END_REASONS[summary.reason] ?? summary.reason}`;
  if (summary.status === "stopped") {
    return { reason: `${why}; the studio or train --resume goes on with it`, steps, epochs };
  }
  const { evaluated } = summary;
  const best = evaluated?.checkpoint === "best"
    ? `; the network is that of epoch ${evaluated.epoch}, the best one`
    : "";
  return { reason: why + best, steps, epochs };
}

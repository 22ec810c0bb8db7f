/** The losses of runs over their epochs: learning curves of groups, and how long runs take to reach a loss. */
import { join } from "@std/path";
import { exists } from "../formats/file.ts";
import { readCsv } from "../runs/csv_read.ts";
import { EPOCH_COLUMNS } from "../runs/schema.ts";
import type { AnalysedRun } from "./runs.ts";
import { type Interval, mean, meanInterval, median } from "./statistics.ts";

export const ALIGNMENTS = ["step", "epoch", "seconds"] as const;
/** By what curves are aligned: steps made, epochs done, or seconds of the run, without the time between its sessions. */
export type Alignment = typeof ALIGNMENTS[number];

const ROWS_MAX = 100_000;
/** Places of a curve. */
const PLACES = 100;

/** The end of an epoch. */
interface Moment extends Readonly<Record<Alignment, number>> {
  /** Of the validation rows, else of the training rows. */
  readonly loss: number;
}

/** The course of a run by its epochs.csv; empty where there is none. */
async function courseOf(run: AnalysedRun): Promise<Moment[]> {
  const path = join(run.path, "epochs.csv");
  if (!await exists(path)) return [];
  const { rows } = await readCsv(path, EPOCH_COLUMNS, ROWS_MAX);
  let step = 0;
  return rows.flatMap((row) => {
    step += row.steps;
    // Without validation rows the loss of epoch 0 is not a mean over steps as the others are.
    const loss = row.validation_loss ?? (row.epoch > 0 ? row.train_loss : NaN);
    return Number.isFinite(loss) ? [{ step, epoch: row.epoch, seconds: row.elapsed_s, loss }] : [];
  });
}

export interface CurvePoint {
  readonly at: number;
  /** Runs that have a loss by then. */
  readonly n: number;
  readonly mean: number;
  /** 95 % interval of the mean by Student's t distribution; null of one run. */
  readonly t_interval: Interval | null;
}

/**
 * The mean loss of runs at up to 100 places. Each run has the loss of the last epoch that it had done by then, also after its end.
 */
export async function curveOf(runs: readonly AnalysedRun[], by: Alignment): Promise<CurvePoint[]> {
  const courses = (await Promise.all(runs.map(courseOf))).filter(({ length }) => length > 0);
  if (courses.length === 0) return [];
  const first = Math.min(...courses.map((course) => course[0]![by]));
  const last = Math.max(...courses.map((course) => course.at(-1)![by]));
  const count = Math.min(PLACES, by === "seconds" ? PLACES : last - first + 1);
  const places = Array.from({ length: count }, (_, i) => {
    const place = count === 1 ? last : first + i * (last - first) / (count - 1);
    return by === "seconds" ? place : Math.round(place);
  });
  return places.flatMap((at) => {
    const losses = courses.flatMap((course) => course.findLast((moment) => moment[by] <= at)?.loss ?? []);
    if (losses.length === 0) return [];
    const t_interval = losses.length > 1 ? meanInterval(losses) : null;
    return [{ at, n: losses.length, mean: mean(losses), t_interval }];
  });
}

/** How long runs take until their loss is at most some value. */
export interface TimeToLoss {
  readonly runs: number;
  /** Those that have reached it; the figures are of these alone. */
  readonly reached: number;
  /** Medians; null where none has reached it. */
  readonly epochs: number | null;
  readonly steps: number | null;
  readonly seconds: number | null;
}

export async function timeToLoss(runs: readonly AnalysedRun[], loss: number): Promise<TimeToLoss> {
  const courses = await Promise.all(runs.map(courseOf));
  const found = courses.flatMap((course) => course.find((moment) => moment.loss <= loss) ?? []);
  const middle = (by: Alignment) => found.length > 0 ? median(found.map((moment) => moment[by])) : null;
  return {
    ...{ runs: runs.length, reached: found.length },
    ...{ epochs: middle("epoch"), steps: middle("step"), seconds: middle("seconds") },
  };
}

/** The points of a sweep: their values, their runs, and the metric over the seeds. */
import { meanInterval } from "../../core/analysis/statistics.ts";
import { largerIsBetter } from "../../core/analysis/metrics.ts";
import type { SweepData, SweepRun } from "../../core/sweep/read.ts";
import { sum } from "../series.ts";

export interface SweepPoint {
  /** Its number in the sweep, from 1. */
  readonly number: number;
  readonly values: readonly string[];
  readonly runs: readonly SweepRun[];
  /** The metric of the finished runs. */
  readonly found: readonly number[];
  /** Their mean; null of a point without a finished run. */
  readonly mean: number | null;
  /** 95 % interval of the mean by Student's t distribution; null of fewer than two runs. */
  readonly interval: readonly [number, number] | null;
}

/** A point with a value of the metric. */
export type MeasuredPoint = SweepPoint & { readonly mean: number };

/** Points that were compared by runs of their own, of which none was trained to the end for its figures. */
export function leftOut(sweep: SweepData): number {
  const reported = new Set(reportedRuns(sweep).map(({ point }) => point));
  return new Set(sweep.runs.map(({ point }) => point)).difference(reported).size;
}

/** The runs whose values are figures of their points: not those by which points were chosen. */
export function reportedRuns(sweep: SweepData): SweepRun[] {
  return sweep.runs.filter(({ role }) => role === "report");
}

/** All points of a sweep that have runs for their figures, in its order. */
export function sweepPoints(sweep: SweepData): SweepPoint[] {
  const byNumber = new Map<number, SweepRun[]>();
  for (const run of reportedRuns(sweep)) {
    const there = byNumber.get(run.point);
    if (there) there.push(run);
    else byNumber.set(run.point, [run]);
  }
  return [...byNumber].sort(([a], [b]) => a - b).map(([number, runs]): SweepPoint => {
    const found = runs.flatMap(({ value }) => value === null ? [] : [value]);
    return {
      number,
      values: runs[0]!.values,
      runs,
      found,
      mean: found.length > 0 ? sum(found) / found.length : null,
      interval: found.length > 1 ? meanInterval(found) : null,
    };
  });
}

/** The points that have a value, the best first. */
export function ranked(points: readonly SweepPoint[], metric: string): MeasuredPoint[] {
  const sign = largerIsBetter(metric) ? -1 : 1;
  return points.filter((point): point is MeasuredPoint => point.mean !== null)
    .sort((a, b) => sign * (a.mean - b.mean) || a.number - b.number);
}

/** Runs that failed or died, or finished without a finite value of the metric. */
export function hasFailed({ status, value }: SweepRun): boolean {
  return status === "failed" || status === "died" || (status === "finished" && value === null);
}

/** A key in two parts: what may be set small before it, and the last name, with the list and the number in it that it belongs to. */
export function keyParts(key: string): { readonly before: string; readonly last: string } {
  const names = key.split(".");
  const from = names.length > 2 && /^\d+$/.test(names.at(-2)!) ? -3 : -1;
  const before = names.slice(0, from).join(".");
  return { before: before === "" ? "" : `${before}.`, last: names.slice(from).join(".") };
}

/** The last part of a key where no other key has the same, else the key. */
export function shortKey(key: string, keys: readonly string[]): string {
  const { last } = keyParts(key);
  return keys.filter((each) => keyParts(each).last === last).length > 1 ? key : last;
}

/** "learning_rate 0.004, linear 8". */
export function valuesText(values: readonly string[], keys: readonly string[]): string {
  return keys.flatMap((key, i) => values[i] === "" ? [] : [`${shortKey(key, keys)} ${values[i]}`]).join(", ");
}

/** A text of at most `length` characters. */
export function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

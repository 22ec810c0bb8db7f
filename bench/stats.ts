/** Measurements in turns, and their statistics. */
import { mean, meanInterval, median } from "../core/analysis/statistics.ts";
import type { Timing } from "./types.ts";

export function timing(values: readonly number[]): Timing {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), runs: values.length };
}

/** One measurement of each side in turn (A B A B ...), so that changes of the machine affect all. A null side gives []. */
export async function byTurns(
  rounds: number,
  sides: readonly ((() => Promise<number>) | null)[],
): Promise<number[][]> {
  const values: number[][] = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, side] of sides.entries()) if (side) values[i]!.push(await side());
  }
  return values;
}

/** Times smaller (`less`) or larger (`more`) than the peer; null without one. */
export function ratio(ours: Timing | null, theirs: Timing | null, better: "less" | "more"): number | null {
  if (!ours || !theirs) return null;
  return better === "less" ? theirs.median / ours.median : ours.median / theirs.median;
}

/** The same where the sides keep their own results. */
export async function byTurnsOf(rounds: number, sides: readonly ((() => Promise<void>) | null)[]): Promise<void> {
  for (let round = 0; round < rounds; round++) for (const side of sides) await side?.();
}

export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Mean and 95 % t interval; of one value the interval is without bounds. */
export function interval(values: readonly number[]): Interval {
  const [low, high] = values.length > 1 ? meanInterval(values) : [-Infinity, Infinity];
  return { mean: mean(values), low, high };
}

export function overlap(a: Interval, b: Interval): boolean {
  return a.low <= b.high && b.low <= a.high;
}

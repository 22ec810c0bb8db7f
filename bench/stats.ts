/** Measurements in turns, and their statistics. */
import type { Timing } from "./types.ts";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

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

/** 97.5 % quantiles of Student's t distribution by degrees of freedom, from 1. */
const T975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/** Mean and 95 % t interval of up to ten values; of one value the interval is without bounds. */
export function interval(values: readonly number[]): Interval {
  const n = values.length, mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, low: -Infinity, high: Infinity };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const half = (T975[n - 2] ?? NaN) * Math.sqrt(variance / n);
  return { mean, low: mean - half, high: mean + half };
}

export function overlap(a: Interval, b: Interval): boolean {
  return a.low <= b.high && b.low <= a.high;
}

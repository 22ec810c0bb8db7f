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

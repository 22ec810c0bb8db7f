/** Order statistics and histograms of plain numbers. */
import { short } from "./diagnostic.ts";

/** Linear interpolation between order statistics (type 7). @param sorted rising, at least one */
export function quantileOf(sorted: Float32Array | Float64Array, share: number): number {
  const at = share * (sorted.length - 1), low = Math.floor(at);
  return sorted[low]! + (at - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
}

export interface Bins {
  readonly min: number;
  readonly max: number;
  /** Bins of the same width from min to max. */
  readonly counts: readonly number[];
}

export function binned(values: ArrayLike<number>, bins = 40): Bins {
  let min = Infinity, max = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // A value that is no number makes both of them none.
    if (!(value >= min)) min = Number.isNaN(min) ? min : value;
    if (!(value <= max)) max = Number.isNaN(max) ? max : value;
  }
  const counts = new Array<number>(bins).fill(0), scale = max > min ? bins / (max - min) : 0;
  for (let i = 0; i < values.length; i++) counts[Math.min(bins - 1, Math.floor((values[i]! - min) * scale))]!++;
  return { min: short(min), max: short(max), counts };
}

/** Means of at most `most` neighbouring values each of about the same number. */
export function means(values: ArrayLike<number>, most: number): number[] {
  const bins = Math.min(most, values.length);
  return Array.from({ length: bins }, (_, b) => {
    const from = Math.floor(b * values.length / bins), to = Math.floor((b + 1) * values.length / bins);
    let sum = 0;
    for (let i = from; i < to; i++) sum += values[i]!;
    return sum / (to - from);
  });
}

/** The places of the `count` largest values, the largest first, of equal ones the earlier. */
export function largestOf(values: ArrayLike<number>, count: number): number[] {
  const kept: number[] = [];
  if (count < 1) return kept;
  for (let j = 0; j < values.length; j++) {
    if (kept.length >= count && !(values[j]! > values[kept[count - 1]!]!)) continue;
    if (kept.length >= count) kept.pop();
    let at = kept.length;
    while (at > 0 && values[kept[at - 1]!]! < values[j]!) at--;
    kept.splice(at, 0, j);
  }
  return kept;
}

/** The absolute values; by far faster than a function for each. */
export function magnitudes(values: Float32Array): Float32Array {
  const sizes = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) sizes[i] = Math.abs(values[i]!);
  return sizes;
}

/** Some rows of a table, by their places. @param values rows x width, row by row */
export function rowsAt(values: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const some = new Float32Array(rows.length * width);
  rows.forEach((row, i) => some.set(values.subarray(row * width, (row + 1) * width), i * width));
  return some;
}

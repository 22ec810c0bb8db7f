/** Histograms of tensors. */

/** How some values are distributed. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly sum: number;
  /** Sum of the squares. */
  readonly squares: number;
  /** Bin i holds values from edge i up to edge i + 1, the last bin those at its end as well. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

const BINS = 64;

/** A histogram of finite values in bins of the same width from the smallest to the largest. */
export function histogramOf(values: Float32Array): Histogram {
  let min = Infinity, max = -Infinity, sum = 0, squares = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (x < min) min = x;
    if (x > max) max = x;
    sum += x;
    squares += x * x;
  }
  const bins = min < max ? BINS : 1;
  const counts = new Array<number>(bins).fill(0);
  const scale = bins / (max - min);
  if (bins === 1) counts[0] = values.length;
  else for (let i = 0; i < values.length; i++) counts[Math.min(bins - 1, Math.floor((values[i]! - min) * scale))]!++;
  const edges = Array.from({ length: bins + 1 }, (_, i) => i === bins ? max : min + i * (max - min) / bins);
  return { min, max, count: values.length, sum, squares, edges, counts };
}

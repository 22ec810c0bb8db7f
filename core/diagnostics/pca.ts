/** Principal components of small dense tables. */
import { symmetricEigen } from "./symmetric.ts";

export interface Components {
  /** rows x min(count, width). Each component's sign makes its largest loading positive, so that plots do not flip. */
  readonly scores: number[][];
  /** Share of the variance by component, all of them, falling. */
  readonly explained: number[];
  /** The components, of length 1, and the mean from which scores are measured. */
  readonly axes: number[][];
  readonly mean: Float64Array;
}

/** @param values rows x width, row by row */
export async function principalComponents(
  values: Float32Array,
  rows: number,
  width: number,
  count: number,
): Promise<Components> {
  const mean = new Float64Array(width);
  for (let i = 0; i < rows; i++) for (let j = 0; j < width; j++) mean[j]! += values[i * width + j]! / rows;
  const sums = new Float64Array(width * width);
  const centred = new Float64Array(width);
  for (let i = 0; i < rows; i++) {
    for (let a = 0; a < width; a++) centred[a] = values[i * width + a]! - mean[a]!;
    for (let a = 0, at = 0; a < width; a++, at += width) {
      const x = centred[a]!;
      for (let b = 0; b <= a; b++) sums[at + b]! += x * centred[b]!;
    }
  }
  const { values: found, vectors } = await symmetricEigen(sums, width);
  const sizes = found.map((value) => Math.max(0, value)), total = sizes.reduce((sum, value) => sum + value, 0);
  const axes = vectors.slice(0, count);
  const scores: number[][] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < width; j++) centred[j] = values[i * width + j]! - mean[j]!;
    scores.push(axes.map((axis) => {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += axis[j]! * centred[j]!;
      return sum;
    }));
  }
  return { scores, explained: sizes.map((value) => total > 0 ? value / total : 0), axes, mean };
}

/** Principal components of dense tables. */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { leadingComponents } from "./leading.ts";

/** Widths up to which all components are computed, by way of a matrix of width x width; and how many are beyond. */
export const WHOLE_WIDTH = 256, LEADING = 32;

export interface Components {
  /** rows x min(count, width). Each component's sign makes its largest loading positive, so that plots do not flip. */
  readonly scores: number[][];
  /** Share of the variance by component, falling: of all of them, or of the leading ones of a wide table. */
  readonly explained: number[];
  /** The components, of length 1, and the mean from which scores are measured. */
  readonly axes: number[][];
  readonly mean: Float64Array;
}

/** @param values rows x width, row by row */
export function principalComponents(values: Float32Array, rows: number, width: number, count: number): Components {
  const mean = new Float64Array(width);
  for (let i = 0; i < rows; i++) for (let j = 0; j < width; j++) mean[j]! += values[i * width + j]! / rows;
  const { total, found, axes } = width > WHOLE_WIDTH
    ? leading(values, rows, width, mean, count)
    : whole(values, rows, width, mean, count);
  const turned = axes.map((axis) => {
    const largest = axis.reduce((best, value) => Math.abs(value) > Math.abs(best) ? value : best, 0);
    return largest < 0 ? axis.map((value) => -value) : axis;
  });
  const scores = Array.from(
    { length: rows },
    (_, i) =>
      turned.map((axis) => axis.reduce((sum, weight, j) => sum + weight * (values[i * width + j]! - mean[j]!), 0)),
  );
  return { scores, explained: found.map((value) => total > 0 ? value / total : 0), axes: turned, mean };
}

interface Found {
  /** The sum of squares, and the parts of it along components. */
  readonly total: number;
  readonly found: number[];
  readonly axes: number[][];
}

function leading(values: Float32Array, rows: number, width: number, mean: Float64Array, count: number): Found {
  const some = leadingComponents(values, rows, width, mean, Math.max(count, LEADING));
  // Where the rows span fewer dimensions, nothing varies along the others.
  const axes = Array.from({ length: count }, (_, k) => Array.from(some.axes[k] ?? new Float64Array(width)));
  return { total: some.total, found: some.values, axes };
}

function whole(values: Float32Array, rows: number, width: number, mean: Float64Array, count: number): Found {
  const covariance = Matrix.zeros(width, width), sums = new Float64Array(width * width);
  for (let i = 0; i < rows; i++) {
    for (let a = 0; a < width; a++) {
      const x = values[i * width + a]! - mean[a]!;
      for (let b = 0; b <= a; b++) {
        sums[a * width + b]! += x * (values[i * width + b]! - mean[b]!);
      }
    }
  }
  for (let a = 0; a < width; a++) {
    for (let b = 0; b <= a; b++) {
      covariance.set(a, b, sums[a * width + b]!);
      covariance.set(b, a, sums[a * width + b]!);
    }
  }
  const decomposition = new EigenvalueDecomposition(covariance, { assumeSymmetric: true });
  const order = decomposition.realEigenvalues.map((value, index) => ({ value: Math.max(0, value), index }))
    .sort((a, b) => b.value - a.value);
  const total = order.reduce((sum, { value }) => sum + value, 0);
  const axes = order.slice(0, count).map(({ index }) => decomposition.eigenvectorMatrix.getColumn(index));
  return { total, found: order.map(({ value }) => value), axes };
}

/** Principal components of small dense tables. */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";

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
export function principalComponents(values: Float32Array, rows: number, width: number, count: number): Components {
  const mean = new Float64Array(width);
  for (let i = 0; i < rows; i++) for (let j = 0; j < width; j++) mean[j]! += values[i * width + j]! / rows;
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
  const axes = order.slice(0, count).map(({ index }) => {
    const axis = decomposition.eigenvectorMatrix.getColumn(index);
    const largest = axis.reduce((best, value) => Math.abs(value) > Math.abs(best) ? value : best, 0);
    return largest < 0 ? axis.map((value) => -value) : axis;
  });
  const scores = Array.from(
    { length: rows },
    (_, i) =>
      axes.map((axis) => axis.reduce((sum, weight, j) => sum + weight * (values[i * width + j]! - mean[j]!), 0)),
  );
  return { scores, explained: order.map(({ value }) => total > 0 ? value / total : 0), axes, mean };
}

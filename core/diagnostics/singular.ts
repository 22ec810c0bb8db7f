/** Singular values of matrices with few columns. */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";

export interface Singular {
  readonly values: number[];
  /** Right singular vectors, one each. */
  readonly right: number[][];
}

/** Singular values of a matrix with few columns (rows x width, row by row), by the eigenvalues of J' J in double precision. */
export function singularValues(jacobian: ArrayLike<number>, rows: number, width: number): Singular {
  const gram = Matrix.zeros(width, width), sums = new Float64Array(width * width);
  for (let i = 0; i < rows; i++) {
    for (let a = 0; a < width; a++) {
      const x = jacobian[i * width + a]!;
      for (let b = 0; b <= a; b++) sums[a * width + b]! += x * jacobian[i * width + b]!;
    }
  }
  for (let a = 0; a < width; a++) {
    for (let b = 0; b <= a; b++) {
      gram.set(a, b, sums[a * width + b]!);
      gram.set(b, a, sums[a * width + b]!);
    }
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  const order = realEigenvalues.map((value, index) => ({ value: Math.sqrt(Math.max(0, value)), index }))
    .sort((a, b) => b.value - a.value);
  return {
    values: order.map(({ value }) => value),
    right: order.map(({ index }) => {
      const vector = eigenvectorMatrix.getColumn(index);
      const largest = vector.reduce((best, value) => Math.abs(value) > Math.abs(best) ? value : best, 0);
      return largest < 0 ? vector.map((value) => -value) : vector;
    }),
  };
}

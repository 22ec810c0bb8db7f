/** Singular values of matrices with few columns. */
import { symmetricEigen } from "./symmetric.ts";

export interface Singular {
  readonly values: number[];
  /** Right singular vectors, one each. */
  readonly right: number[][];
}

/** Singular values of a matrix with few columns (rows x width, row by row), by the eigenvalues of J' J in double precision. */
export async function singularValues(jacobian: ArrayLike<number>, rows: number, width: number): Promise<Singular> {
  const sums = new Float64Array(width * width), own = new Float64Array(width);
  for (let i = 0; i < rows; i++) {
    for (let a = 0; a < width; a++) own[a] = jacobian[i * width + a]!;
    for (let a = 0, at = 0; a < width; a++, at += width) {
      const x = own[a]!;
      for (let b = 0; b <= a; b++) sums[at + b]! += x * own[b]!;
    }
  }
  const { values, vectors } = await symmetricEigen(sums, width);
  return { values: values.map((value) => Math.sqrt(Math.max(0, value))), right: vectors };
}

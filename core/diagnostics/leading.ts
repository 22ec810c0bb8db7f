/**
 * The leading principal components of wide tables, such as sparse codes of thousands of units, of which all components would take a
 * matrix of units x units: by subspace iteration from random combinations of the rows (Halko, Martinsson and Tropp, "Finding structure
 * with randomness", SIAM Review 53, 2011, algorithm 4.4). The rows are not centred in place, so zeros stay zeros and are left out.
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { uniforms } from "../uniforms.ts";

export interface Leading {
  /** Sums of squares along the components, falling. */
  readonly values: number[];
  /** The components, of length 1. */
  readonly axes: Float64Array[];
  /** The sum of squares of the centred table. */
  readonly total: number;
}

/** Components beyond those that are asked for, which make these exact sooner, and rounds. */
const MORE = 8, ROUNDS = 6;

/** The values of a table other than 0, row by row, and the means of its columns, which are subtracted without being held. */
class Centred {
  readonly #begin: Uint32Array;
  readonly #column: Uint32Array;
  readonly #value: Float32Array;

  constructor(values: Float32Array, readonly rows: number, readonly width: number, readonly mean: Float64Array) {
    let count = 0;
    for (let at = 0; at < values.length; at++) if (values[at] !== 0) count++;
    this.#begin = new Uint32Array(rows + 1);
    this.#column = new Uint32Array(count);
    this.#value = new Float32Array(count);
    for (let row = 0, to = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < width; column++, at++) {
        if (values[at] === 0) continue;
        this.#column[to] = column;
        this.#value[to++] = values[at]!;
      }
      this.#begin[row + 1] = to;
    }
  }

  /** The table times a vector of its width. */
  times(vector: Float64Array): Float64Array {
    const shift = dot(this.mean, vector), out = new Float64Array(this.rows);
    for (let row = 0; row < this.rows; row++) {
      let sum = 0;
      for (let at = this.#begin[row]!, end = this.#begin[row + 1]!; at < end; at++) {
        sum += this.#value[at]! * vector[this.#column[at]!]!;
      }
      out[row] = sum - shift;
    }
    return out;
  }

  /** The transposed table times a vector of its rows. */
  transposedTimes(vector: Float64Array): Float64Array {
    const out = new Float64Array(this.width);
    let sum = 0;
    for (let row = 0; row < this.rows; row++) {
      const factor = vector[row]!;
      sum += factor;
      for (let at = this.#begin[row]!, end = this.#begin[row + 1]!; at < end; at++) {
        out[this.#column[at]!]! += factor * this.#value[at]!;
      }
    }
    for (let column = 0; column < this.width; column++) out[column]! -= sum * this.mean[column]!;
    return out;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function subtract(from: Float64Array, factor: number, vector: Float64Array): void {
  for (let i = 0; i < from.length; i++) from[i]! -= factor * vector[i]!;
}

/** Vectors of length 1 at right angles, which span what the given ones do: Gram and Schmidt's, twice for the sake of rounding. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const vector of vectors) {
    const before = Math.sqrt(dot(vector, vector));
    for (let pass = 0; pass < 2; pass++) for (const other of done) subtract(vector, dot(vector, other), other);
    const length = Math.sqrt(dot(vector, vector));
    if (!(length > 1e-12 * before)) continue; // it lies in what the others span
    for (let i = 0; i < vector.length; i++) vector[i]! /= length;
    done.push(vector);
  }
  return done;
}

/**
 * @param values rows x width, row by row
 * @param mean of each column
 * @param count components that are asked for; fewer are given where the rows span fewer
 */
export function leadingComponents(
  values: Float32Array,
  rows: number,
  width: number,
  mean: Float64Array,
  count: number,
): Leading {
  const table = new Centred(values, rows, width, mean), random = uniforms(1);
  let total = 0;
  for (let at = 0; at < values.length; at++) total += (values[at]! - mean[at % width]!) ** 2;
  const some = Math.min(count + MORE, rows, width);
  let basis = orthonormal(
    Array.from(
      { length: some },
      () => table.transposedTimes(Float64Array.from({ length: rows }, () => random() - 0.5)),
    ),
  );
  for (let round = 0; round < ROUNDS; round++) {
    basis = orthonormal(basis.map((vector) => table.transposedTimes(table.times(vector))));
  }
  if (basis.length === 0) return { values: [], axes: [], total };
  const images = basis.map((vector) => table.times(vector));
  const products = new Matrix(images.map((a) => images.map((b) => dot(a, b))));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(products, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, at) => at).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!)
    .slice(0, count);
  const axes = order.map((at) => {
    const axis = new Float64Array(width);
    basis.forEach((vector, k) => subtract(axis, -eigenvectorMatrix.get(k, at), vector));
    return axis;
  });
  return { values: order.map((at) => Math.max(0, realEigenvalues[at]!)), axes, total };
}

/** Eigenvalues and eigenvectors of symmetric matrices. */

/** Widths up to which rotations are quick; beyond them a library is loaded, which takes longer than all of these. */
const ROTATED_WIDTH = 64;
/** Each sweep squares what is left off the diagonal, once it is small; a handful is enough. */
const SWEEPS_MAX = 50;

export interface Eigen {
  /** Falling. */
  readonly values: number[];
  /** Of length 1, in the order of the values. The sign makes the largest entry positive, so that plots do not flip. */
  readonly vectors: number[][];
}

/** @param lower width x width, of which the lower triangle with the diagonal is read */
export async function symmetricEigen(lower: Float64Array, width: number): Promise<Eigen> {
  const { values, vectors } = width <= ROTATED_WIDTH ? rotated(lower, width) : await decomposed(lower, width);
  const order = values.map((_, k) => k).sort((a, b) => values[b]! - values[a]!);
  return { values: order.map((k) => values[k]!), vectors: order.map((k) => pointed(vectors[k]!)) };
}

function pointed(vector: number[]): number[] {
  const largest = vector.reduce((best, value) => Math.abs(value) > Math.abs(best) ? value : best, 0);
  return largest < 0 ? vector.map((value) => -value) : vector;
}

function whole(lower: Float64Array, width: number): Float64Array {
  const all = new Float64Array(width * width);
  for (let a = 0; a < width; a++) {
    for (let b = 0; b <= a; b++) all[a * width + b] = all[b * width + a] = lower[a * width + b]!;
  }
  return all;
}

/** By the library's tridiagonal form. */
async function decomposed(lower: Float64Array, width: number): Promise<Eigen> {
  const { EigenvalueDecomposition, Matrix } = await import("ml-matrix");
  const matrix = Matrix.from1DArray(width, width, whole(lower, width));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  return { values: realEigenvalues, vectors: realEigenvalues.map((_, k) => eigenvectorMatrix.getColumn(k)) };
}

/**
 * By rotations in the planes of two axes, one after the other, each of which makes one entry 0 (Jacobi 1846; the formulas for the
 * angle are those of Rutishauser 1966).
 */
function rotated(lower: Float64Array, width: number): Eigen {
  const a = whole(lower, width), v = new Float64Array(width * width);
  for (let k = 0; k < width; k++) v[k * width + k] = 1; // a row is a vector
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    let off = 0, all = 0;
    for (let p = 0; p < width; p++) {
      for (let q = 0; q < width; q++) {
        const square = a[p * width + q]! ** 2;
        all += square;
        if (p !== q) off += square;
      }
    }
    if (!(off > 1e-32 * all)) break;
    for (let p = 0; p < width - 1; p++) for (let q = p + 1; q < width; q++) rotate(a, v, width, p, q);
  }
  return {
    values: Array.from({ length: width }, (_, k) => a[k * width + k]!),
    vectors: Array.from({ length: width }, (_, k) => Array.from(v.subarray(k * width, (k + 1) * width))),
  };
}

/** Makes the entry of two axes 0. */
function rotate(a: Float64Array, v: Float64Array, width: number, p: number, q: number): void {
  const between = a[p * width + q]!;
  if (between === 0) return;
  const apart = (a[q * width + q]! - a[p * width + p]!) / (2 * between);
  const tangent = (apart < 0 ? -1 : 1) / (Math.abs(apart) + Math.sqrt(apart * apart + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1), sine = tangent * cosine;
  for (let k = 0; k < width; k++) {
    const x = a[k * width + p]!, y = a[k * width + q]!;
    a[k * width + p] = cosine * x - sine * y;
    a[k * width + q] = sine * x + cosine * y;
  }
  for (let k = 0, i = p * width, j = q * width; k < width; k++, i++, j++) {
    const x = a[i]!, y = a[j]!;
    a[i] = cosine * x - sine * y;
    a[j] = sine * x + cosine * y;
    const r = v[i]!, s = v[j]!;
    v[i] = cosine * r - sine * s;
    v[j] = sine * r + cosine * s;
  }
  a[p * width + q] = a[q * width + p] = 0;
}

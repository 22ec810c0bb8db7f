/** How alike two sets of latent vectors of the same rows are. */
import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { assign } from "./assignment.ts";

/** Latent vectors: rows x columns, stored by row. */
export interface Latents {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

export interface Similarity {
  /**
   * Linear centered kernel alignment (S. Kornblith et al., "Similarity of neural network representations revisited", ICML 2019):
   * ||Y'X||^2 / (||X'X|| ||Y'Y||) with Frobenius norms and centered columns. From 0 to 1, which it is where one is the other one
   * rotated, scaled and shifted. Null where all rows of one are the same.
   */
  readonly cka: number | null;
  /**
   * Procrustes distance: the sum of squares that is left after the best shift, rotation, reflection and scale, of a sum of 1.
   * From 0 (alike) to 1; the smaller one has columns of zeros at its end. SciPy's `procrustes` calls it disparity.
   */
  readonly procrustes: number | null;
  /**
   * The absolute correlation of each latent of the smaller set with another one of the other set, matched so that their sum is as
   * large as possible. A latent that is constant has 0.
   */
  readonly matched: readonly number[];
}

/** The values with the mean of each column taken away, by column, with the norm of each column. */
function centered({ values, rows, columns }: Latents): { columns: Float64Array[]; norms: number[] } {
  const found = Array.from({ length: columns }, (_, j) => {
    const column = Float64Array.from({ length: rows }, (_, i) => values[i * columns + j]!);
    const mean = column.reduce((sum, value) => sum + value, 0) / rows;
    return column.map((value) => value - mean);
  });
  // A column of one value has a rest that comes from rounding its mean.
  const norms = found.map((column, j) => {
    const first = values[j]!;
    for (let i = 1; i < rows; i++) if (values[i * columns + j] !== first) return norm(column);
    return 0;
  });
  return { columns: found.map((column, j) => norms[j] === 0 ? column.fill(0) : column), norms };
}

const norm = (column: Float64Array) => Math.sqrt(dot(column, column));

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

const products = (a: readonly Float64Array[], b: readonly Float64Array[]) =>
  a.map((left) => Float64Array.from(b, (right) => dot(left, right)));

const sumOfSquares = (matrix: readonly Float64Array[]) => matrix.reduce((sum, row) => sum + dot(row, row), 0);

/** @param a and b of the same rows in the same order, at least two */
export function similarityOf(a: Latents, b: Latents): Similarity {
  const [x, y] = a.columns <= b.columns ? [centered(a), centered(b)] : [centered(b), centered(a)];
  const cross = products(x.columns, y.columns);
  const scale = Math.sqrt(sumOfSquares(products(x.columns, x.columns)) * sumOfSquares(products(y.columns, y.columns)));
  const spread = Math.hypot(...x.norms) * Math.hypot(...y.norms);
  const correlations = cross.map((row, i) =>
    row.map((value, j) => {
      const both = x.norms[i]! * y.norms[j]!;
      return both > 0 ? Math.min(1, Math.abs(value) / both) : 0;
    })
  );
  return {
    cka: scale > 0 ? sumOfSquares(cross) / scale : null,
    procrustes: spread > 0 ? Math.max(0, 1 - (nuclearNorm(cross) / spread) ** 2) : null,
    matched: assign(correlations).map((column, row) => correlations[row]![column]!),
  };
}

/** The sum of the singular values. */
function nuclearNorm(matrix: readonly Float64Array[]): number {
  const { diagonal } = new SingularValueDecomposition(new Matrix(matrix.map((row) => [...row])), {
    autoTranspose: true,
  });
  return diagonal.reduce((sum, value) => sum + value, 0);
}

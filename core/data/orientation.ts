/**
 * Whether the rows of a matrix are what is to be embedded, or its columns: by names, as tools for single cells write them, and by how
 * smooth its values are, as samples of signals.
 */
import { type Likeness, seemsTurned } from "./smoothness.ts";

export interface Orientation {
  readonly text: string;
  /** Whether rows and columns seem to have changed places. */
  readonly doubtful: boolean;
  /** Whether names say so, which are surer than values. */
  readonly byNames: boolean;
}

interface Named {
  readonly rowNames: readonly string[] | null;
  readonly columnNames: readonly string[] | null;
  readonly shape: readonly number[] | null;
  readonly likeness: Likeness | null;
}

/** Names that are looked at. */
const LOOKED = 2000;
/** Barcodes of cells: `AAACCTGAGAAACCAT-1`, `sample_AAACCTGAGAAACCAT`. */
const BARCODE = /(^|[_:#.-])[ACGTN]{8,}([-_.]\w{1,12})?$/;
/** Identifiers of Ensembl, and the symbols of ribosomal and mitochondrial genes, which nearly every list of genes has. */
const IDENTIFIER = /^ENS[A-Z]*G\d{6,}/, SYMBOL = /^(mt-|rp[ls]\d)/i;
const SYMBOLS_LEAST = 3;

const count = (names: readonly string[], form: RegExp) => names.filter((name) => form.test(name)).length;

function areCells(names: readonly string[] | null): boolean {
  const some = names?.slice(0, LOOKED) ?? [];
  return some.length > 0 && count(some, BARCODE) > some.length / 2;
}

function areGenes(names: readonly string[] | null): boolean {
  const some = names?.slice(0, LOOKED) ?? [];
  return some.length > 0 && (count(some, IDENTIFIER) > some.length / 2 || count(names!, SYMBOL) >= SYMBOLS_LEAST);
}

/** @param how turns rows and columns of the format: a sentence's end */
export function orientationOf({ rowNames, columnNames, shape, likeness }: Named, how: string): Orientation {
  const sure = (text: string): Orientation => ({ text, doubtful: false, byNames: false });
  const isPlain = shape === null || (shape.length === 2 && shape[0] === 1);
  const isTurned = (areGenes(rowNames) && !areGenes(columnNames)) || (areCells(columnNames) && !areCells(rowNames));
  if (isTurned && shape === null) {
    const text = `rows look like genes and columns like cells, by their names; ${how}`;
    return { text, doubtful: true, byNames: true };
  }
  if (likeness && isPlain && seemsTurned(likeness)) {
    const text = "values change slowly from row to row and fast within a row, as if signals went down the columns; " +
      `if they do, ${how}`;
    return { text, doubtful: true, byNames: false };
  }
  if (shape !== null) return sure(`a row has the shape ${shape.join(" x ")}, channels first`);
  if (areGenes(columnNames) || areCells(rowNames)) return sure("rows are cells and columns are genes, by their names");
  return sure("each row is taken for one observation; nothing in the names tells");
}

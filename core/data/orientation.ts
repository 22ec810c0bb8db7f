/** Whether the rows of a matrix are what is to be embedded, or its columns: by names, as tools for single cells write them. */

export interface Orientation {
  readonly text: string;
  /** Whether rows and columns seem to have changed places. */
  readonly doubtful: boolean;
}

interface Named {
  readonly rowNames: readonly string[] | null;
  readonly columnNames: readonly string[] | null;
  readonly shape: readonly number[] | null;
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

/** @param turns whether the format's reader takes the setting `transpose` */
export function orientationOf({ rowNames, columnNames, shape }: Named, turns: boolean): Orientation {
  if (shape !== null) return { text: `a row has the shape ${shape.join(" x ")}, channels first`, doubtful: false };
  const isTurned = (areGenes(rowNames) && !areGenes(columnNames)) || (areCells(columnNames) && !areCells(rowNames));
  if (isTurned) {
    const how = turns ? "--setting transpose=true turns them" : "turn the matrix before it is read";
    return { text: `rows look like genes and columns like cells, by their names; ${how}`, doubtful: true };
  }
  if (areGenes(columnNames) || areCells(rowNames)) {
    return { text: "rows are cells and columns are genes, by their names", doubtful: false };
  }
  return { text: "each row is taken for one observation; nothing in the names tells", doubtful: false };
}

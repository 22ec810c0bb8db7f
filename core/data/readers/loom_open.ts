/**
 * Loom files (https://linnarssonlab.org/loompy/format), versions 2 and 3: a dense matrix of genes x cells, further ones in layers, and
 * attributes of genes (row_attrs) and cells (col_attrs). Cells become rows.
 */
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { Hdf5File } from "../../formats/hdf5.ts";
import type { Hdf5Array } from "../../formats/hdf5_arrays.ts";
import { roundingNote } from "../../formats/values.ts";
import { nearest } from "../../config/nearest.ts";
import { someNames } from "../../missing.ts";
import { toldApart } from "../annotation_text.ts";
import { textColumn, textColumns } from "./hdf5_columns.ts";
import { requireHeld } from "./hdf5_rows.ts";
import type { Block, Member, OpenSource, ReaderOptions } from "./reader.ts";
import { requireNoSettings } from "./settings.ts";

/** Values that are held at once. */
const STRIP_VALUES = 8 << 20;

/** Names under which tools write the names of cells and genes, the first that is there counts. */
const CELL_NAMES = ["CellID", "obs_names", "cell_names", "barcode", "Barcode"];
const GENE_NAMES = ["Gene", "var_names", "gene_names", "Accession", "Symbol"];

/** The matrices, `matrix` first. */
function matricesOf(file: Hdf5File): Hdf5Array[] {
  const isMatrix = ({ path, shape, values }: Hdf5Array) =>
    (path === "matrix" || path.startsWith("layers/")) && shape.length === 2 && values !== undefined;
  return file.arrays.filter(isMatrix).sort((a, b) => Number(b.path === "matrix") - Number(a.path === "matrix"));
}

function chosen(file: Hdf5File, matrices: readonly Hdf5Array[], member = "matrix"): Hdf5Array {
  const matrix = matrices.find(({ path }) => path === member);
  if (matrix) return matrix;
  const names = matrices.map(({ path }) => path), meant = nearest(member, names);
  const hint = meant
    ? `did you mean ${meant}?`
    : names.length > 0
    ? `it has ${someNames(names)}`
    : "make the file again";
  throw new UserError(file.path, `has no matrix ${member}`, hint);
}

/** The attribute with the names of cells or genes; null where there is none. @throws {UserError} where it has another length */
function namesOf(file: Hdf5File, group: string, attributes: readonly string[], wanted: number) {
  for (const attribute of attributes) {
    const array = file.array(`${group}/${attribute}`);
    const names = array && textColumn(file, array);
    if (!names) continue;
    if (names.length === wanted) return { attribute, names };
    const what = `${array.path} has ${countText(names.length)} entries for ${countText(wanted)}`;
    throw new UserError(file.path, what, "make the file again");
  }
  return null;
}

/** Cells as rows: strips of the matrix, as wide as the parts in which it is stored where these are not too wide. */
async function* cellRows(file: Hdf5File, matrix: Hdf5Array, blockRows: number): AsyncGenerator<Block> {
  const [genes, cells] = matrix.shape as [number, number];
  const part = matrix.chunks?.[1] ?? 1;
  const fitting = Math.max(1, Math.floor(STRIP_VALUES / Math.max(1, genes)));
  const width = part <= fitting ? part * Math.max(1, Math.floor(fitting / part)) : fitting;
  for (let first = 0; first < cells; first += width) {
    const count = Math.min(width, cells - first);
    const strip = file.read(matrix, [0, first], [genes, count]);
    for (let from = 0; from < count; from += blockRows) {
      const rows = Math.min(blockRows, count - from), values = new Float32Array(rows * genes);
      for (let gene = 0; gene < genes; gene++) {
        for (let row = 0; row < rows; row++) values[row * genes + gene] = strip[gene * count + from + row]!;
      }
      yield { rows, values };
    }
  }
}

export async function openLoom(path: string, options: ReaderOptions): Promise<OpenSource> {
  requireNoSettings(options, "loom");
  const file = await Hdf5File.open(path);
  try {
    const matrices = matricesOf(file);
    const matrix = chosen(file, matrices, options.member);
    requireHeld(file, matrix);
    const [columns, rows] = matrix.shape as [number, number];
    const cell = namesOf(file, "col_attrs", CELL_NAMES, rows), gene = namesOf(file, "row_attrs", GENE_NAMES, columns);
    const cells = textColumns(file, "col_attrs", rows);
    if (cell !== null) cells.delete(cell.attribute);
    const ids = textColumns(file, "row_attrs", columns, ["Accession"]).get("Accession");
    const others = matrices.filter((each) => each !== matrix).map(({ path }) => path);
    return {
      rows,
      columns,
      sparse: false,
      rowNames: cell && cell.names,
      columnNames: gene && toldApart(gene.names.map((name, i) => [name, ids?.[i] ?? ""]), 0),
      rowTables: cells,
      members: matrices.map((each): Member => ({
        name: each.path,
        shape: each.shape,
        type: each.type,
        sparse: false,
      })),
      notes: [
        `${matrix.path} has genes x cells, so its columns are the rows of the data`,
        ...others.length > 0 ? [`the file also has ${someNames(others)} (data.member)`] : [],
        ...matrix.type === "float64" ? roundingNote("float64") : [],
      ],
      read: (blockRows) => cellRows(file, matrix, blockRows),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

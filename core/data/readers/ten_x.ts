/**
 * What Cell Ranger writes: a folder with matrix.mtx, barcodes.tsv and genes.tsv (version 2) or features.tsv (version 3), plain or
 * gzip, perhaps with a common start of their names. The matrix is genes x cells, column by column, so cells come in order.
 */
import { basename, dirname, join } from "@std/path";
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { isRegular } from "../../formats/io_error.ts";
import { toldApart } from "../annotation_text.ts";
import { linesOf } from "./bytes.ts";
import { matrixRows } from "./matrix_rows.ts";
import { readHeader } from "./matrix_text.ts";
import { hasNames, isHdf5 } from "./hdf5_names.ts";
import type { OpenSource, Reader, ReaderOptions } from "./reader.ts";
import { openElsewhere } from "./process_client.ts";
import { refuseMember, requireNoSettings } from "./settings.ts";

const MATRIX = /^(.*)matrix\.mtx(\.gz)?$/i;

interface Files {
  readonly matrix: string;
  readonly barcodes: string | null;
  readonly features: string | null;
}

const fileNames = (folder: string): string[] => {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isDirectory }) => !isDirectory).map(({ name }) => name);
  } catch {
    return [];
  }
};

/** The files that belong to a matrix, by the start of its name. */
function around(folder: string, matrix: string, names: readonly string[]): Files {
  const start = MATRIX.exec(matrix)![1]!;
  const beside = (...kinds: readonly string[]) => {
    const wanted = kinds.flatMap((kind) => [`${start}${kind}.tsv`, `${start}${kind}.tsv.gz`]);
    const found = names.find((name) => wanted.includes(name));
    return found === undefined ? null : join(folder, found);
  };
  return { matrix: join(folder, matrix), barcodes: beside("barcodes"), features: beside("features", "genes") };
}

/** The files of a folder with one matrix, or of a matrix with barcodes beside it; null where it is neither. */
function filesOf(path: string): Files | null {
  if (MATRIX.test(basename(path))) {
    const files = around(dirname(path), basename(path), fileNames(dirname(path)));
    if (files.barcodes || files.features) return files;
  }
  const names = fileNames(path);
  const matrices = names.filter((name) => MATRIX.test(name));
  return matrices.length === 1 ? around(path, matrices[0]!, names) : null;
}

interface Features {
  readonly names: string[];
  /** How many there are of each type but the first; version 3 has a type for each. */
  readonly otherTypes: ReadonlyMap<string, number>;
}

async function readFeatures(path: string): Promise<Features> {
  const rows: string[][] = [];
  const types = new Map<string, number>();
  for await (const line of linesOf(path)) {
    const [id = "", symbol, type] = line.split("\t");
    rows.push([symbol || id, id]);
    if (type !== undefined) types.set(type, (types.get(type) ?? 0) + 1);
  }
  const [most] = [...types].sort((a, b) => b[1] - a[1]);
  types.delete(most?.[0] ?? "");
  return { names: toldApart(rows, 0), otherTypes: types };
}

async function readBarcodes(path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const line of linesOf(path)) names.push(line.split("\t")[0]!);
  return names;
}

/** @throws {UserError} where a file of names has more or fewer lines than the matrix has rows or columns */
function requireCount(path: string, names: readonly string[], wanted: number, what: string): void {
  if (names.length === wanted) return;
  throw new UserError(
    path,
    `has ${countText(names.length)} lines, but the matrix has ${countText(wanted)} ${what}`,
    "put the files of one sample into one folder",
  );
}

async function open(path: string, options: ReaderOptions): Promise<OpenSource> {
  if (filesOf(path) === null && isRegular(path)) return await openElsewhere("ten_x_h5", path, options);
  refuseMember(options, "a file of the format 10x");
  requireNoSettings(options, "10x");
  const files = filesOf(path);
  if (files === null) {
    throw new UserError(
      path,
      "is not a folder of Cell Ranger",
      "it has matrix.mtx, barcodes.tsv and features.tsv or genes.tsv",
    );
  }
  const header = await readHeader(files.matrix);
  const features = files.features ? await readFeatures(files.features) : null;
  const barcodes = files.barcodes ? await readBarcodes(files.barcodes) : null;
  if (features) requireCount(files.features!, features.names, header.rows, "genes (rows)");
  if (barcodes) requireCount(files.barcodes!, barcodes, header.columns, "cells (columns)");
  const others = [...features?.otherTypes ?? []].map(([type, count]) => `${countText(count)} ${type}`);
  return {
    rows: header.columns,
    columns: header.rows,
    sparse: true,
    rowNames: barcodes,
    columnNames: features?.names ?? null,
    rowTables: new Map(),
    members: [{ name: basename(files.matrix), shape: [header.rows, header.columns], type: header.type, sparse: true }],
    notes: [
      ...others.length > 0 ? [`not all columns are of one type: among them are ${others.join(", ")}`] : [],
      ...barcodes ? [] : ["there is no barcodes.tsv, so the rows have no names"],
      ...features ? [] : ["there is no features.tsv or genes.tsv, so the columns have no names"],
    ],
    read: (blockRows) => matrixRows(files.matrix, header, { ...options, transposed: true }, blockRows),
    close: () => {},
  };
}

export const tenX: Reader = {
  format: "10x",
  about: "a folder or an .h5 file of Cell Ranger",
  claims: (path, head) => isHdf5(head) ? hasNames(path, "barcodes", "indptr", "shape") : filesOf(path) !== null,
  files: (path) => {
    const files = filesOf(path);
    return files === null ? [path] : Object.values(files).filter((file) => file !== null);
  },
  open,
};

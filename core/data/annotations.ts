/** Names of columns, and labels of rows, which are drawn and written but never trained on. */
import { isAbsolute, resolve } from "@std/path";
import type { DataConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { exists } from "../formats/file.ts";
import { readTextFile } from "../formats/text_file.ts";
import { someNames, unreadablePath, whereOfPath } from "../missing.ts";
import { originOfPath } from "../paths.ts";
import { doubtOf, type Purpose, valuesOf } from "./annotation_text.ts";
import { readLabelArray } from "./label_array.ts";
import type { Source } from "./source.ts";

type Note = (text: string) => void;

async function fromText(path: string, field: string, wanted: number, purpose: Purpose, note?: Note) {
  if (!await exists(path)) throw unreadablePath(path, field);
  const where = `${field}: ${path}`;
  try {
    const found = valuesOf(await readTextFile(path, field), path, where, wanted, purpose);
    for (const text of found.notes) note?.(text);
    return found;
  } catch (error) {
    if (!(error instanceof UserError) || error.where !== where) throw error;
    const place = field.startsWith("-") ? "" : whereOfPath(path); // an option has none in the config
    if (place === "") throw error;
    throw new UserError(place, `${where} ${error.what}`, error.hint);
  }
}

async function fromNpy(path: string, field: string, rows: number, note?: Note): Promise<string[]> {
  try {
    const labels = await readLabelArray(path, rows);
    const doubt = doubtOf(labels, `${field}: ${path}`);
    if (doubt !== null) note?.(doubt);
    return labels;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(field, error.message, error.hint ?? `correct ${field}, or set it to null`, 2);
  }
}

/** One name per column; null without a file. @throws {UserError} */
export async function readColumnNames(
  path: string | null,
  columns: number,
  note?: Note,
  field = "data.column_names",
): Promise<readonly string[] | null> {
  return path === null ? null : (await fromText(path, field, columns, "names", note)).values;
}

/** One label per row in file order; null without a file. @throws {UserError} */
export async function readLabels(
  path: string | null,
  rows: number,
  note?: Note,
  field = "data.labels",
): Promise<readonly string[] | null> {
  if (path === null) return null;
  if (path.endsWith(".npy")) return await fromNpy(path, field, rows, note);
  return (await fromText(path, field, rows, "labels", note)).values;
}

/** The table of rows that a config names instead of a file. @throws {UserError} where the data have no such table */
function tableOf(name: string, { rowTables }: Source, field: string, note?: Note): readonly string[] {
  const table = rowTables.get(name);
  const origin = originOfPath(name);
  if (table === undefined) {
    const path = origin ? resolve(origin.folder, origin.written) : name;
    if (rowTables.size === 0) throw unreadablePath(path, field, undefined, name);
    const what = `${field}: ${name} is neither a file (looked for ${path}) nor a table of the rows`;
    throw new UserError(origin?.where ?? "", what, `the data have ${someNames([...rowTables.keys()])}`);
  }
  const doubt = doubtOf(table, `${field}: ${name}`);
  if (doubt !== null) note?.(doubt);
  return table;
}

/** Of one entry for each row that the files have, those of the rows that steps left. */
export const ofKeptRows = <T>({ keptRows }: Source, values: readonly T[]): readonly T[] =>
  keptRows === null ? values : keptRows.rows.map((row) => values[row]!);

/**
 * One text for each row, of a file or of a table of rows that the data have. @param named a path, or the name of the table
 * @throws {UserError}
 */
export async function textsOfRows(
  named: string,
  source: Source,
  field: string,
  note?: Note,
): Promise<readonly string[]> {
  if (!isAbsolute(named)) return tableOf(named, source, field, note);
  return ofKeptRows(source, (await readLabels(named, source.keptRows?.of ?? source.rows, note, field))!);
}

/**
 * What a session has read of a file for its source: diagnostics ask for it again each time. Who wants to be told of what is odd
 * about a file reads it anew.
 */
const read = new WeakMap<Source, Map<string, readonly string[]>>();

async function readOnce(
  source: Source,
  what: string,
  note: Note | undefined,
  of: () => Promise<readonly string[] | null>,
): Promise<readonly string[] | null> {
  const known = note ? undefined : read.get(source)?.get(what);
  const values = known ?? await of();
  if (values !== null) read.set(source, (read.get(source) ?? new Map()).set(what, values));
  return values;
}

/** The labels that a config names, by a file or as a table of the rows. @throws {UserError} */
export async function labelsOf(
  { labels }: Pick<DataConfig, "labels">,
  source: Source,
  note?: Note,
  field = "data.labels",
): Promise<readonly string[] | null> {
  if (source.labels) return source.labels;
  return labels === null
    ? null
    : await readOnce(source, `rows of ${labels}`, note, () => textsOfRows(labels, source, field, note));
}

/** The names of the columns, of a file that a config names or of the data. @throws {UserError} */
export async function columnNamesOf(
  { column_names }: Pick<DataConfig, "column_names">,
  source: Source,
  note?: Note,
  field?: string,
): Promise<readonly string[] | null> {
  return source.columnNames ?? await readOnce(
    source,
    `columns of ${column_names}`,
    note,
    () => readColumnNames(column_names, source.columns, note, field),
  );
}

/** Labels, and names of the rows if the file of labels has them. @throws {UserError} */
export async function readRowTable(data: DataConfig, source: Source, note?: Note, field = "data.labels") {
  const { labels: path } = data;
  if (source.labels || path === null || !isAbsolute(path) || path.endsWith(".npy")) {
    return { labels: await labelsOf(data, source, note, field), names: null };
  }
  const wanted = source.keptRows?.of ?? source.rows;
  const { values, rowNames } = await fromText(path, field, wanted, "labels", note);
  return { labels: ofKeptRows(source, values), names: rowNames && ofKeptRows(source, rowNames) };
}

/**
 * Reads names and labels and checks that they are as many as the data have columns and rows. This is done before a run,
 * since labels are used only at its end.
 * @throws {UserError}
 */
export async function checkAnnotations(
  data: DataConfig,
  source: Source,
  note?: Note,
): Promise<{ names: readonly string[] | null; labels: readonly string[] | null }> {
  return { names: await columnNamesOf(data, source, note), labels: await labelsOf(data, source, note) };
}

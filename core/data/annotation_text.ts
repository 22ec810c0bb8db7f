/**
 * Reads a file of column names or labels: one value per line, or a table in which the right column is clear. Anything else is
 * refused, since a wrong column would be drawn and matched as if it were right.
 */
import { UserError } from "../errors.ts";
import { parseCsvLine } from "../formats/csv.ts";

export interface Values {
  readonly values: readonly string[];
  /** Names of the rows, if the file has them before the labels. */
  readonly rowNames: readonly string[] | null;
  /** Messages about what was found besides the values, e.g. a header or an index. */
  readonly notes: readonly string[];
}

/** Labels divide rows into classes; names identify columns. */
export type Purpose = "labels" | "names";

const shortened = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text);

/** Whether values count up by one from 0 or 1. */
function isIndex(values: readonly string[]): boolean {
  const first = Number(values[0]);
  return values.length > 1 && (first === 0 || first === 1) && values.every((value, i) => value === String(first + i));
}

const distinct = (values: readonly string[]) => new Set(values).size;

function splitLines(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
}

const isCsv = (path: string) => /\.csv(\.gz)?$/i.test(path);

/**
 * How a line is divided into fields: at tabs if all lines have the same number of them, at commas in a .csv, or not at
 * all.
 */
function cutter(lines: readonly string[], path: string): (line: string) => string[] {
  if (isCsv(path)) return parseCsvLine;
  const tabs = lines[0]?.includes("\t") ?? false;
  const quoted = lines.length > 0 && lines.every((line) => /^"([^"]|"")*"$/.test(line));
  return tabs ? (line) => line.split("\t").map(unquoted) : quoted ? (line) => [unquoted(line)] : (line) => [line];
}

function unquoted(field: string): string {
  if (!field.startsWith('"')) return field;
  return /^"([^"]|"")*"$/.test(field) ? field.slice(1, -1).replaceAll('""', '"') : field;
}

/**
 * The values of a file, one for each of `wanted` rows or columns.
 * @param where the config's key and the path, for messages
 * @throws {UserError}
 */
export function valuesOf(text: string, path: string, where: string, wanted: number, purpose: Purpose): Values {
  const notes: string[] = [];
  const lines = splitLines(text);
  const cut = cutter(lines, path);
  const rows = lines.map(cut);
  const width = rows[0]?.length ?? 1;
  const uneven = rows.findIndex((row) => row.length !== width);
  if (uneven >= 0) {
    throw new UserError(
      where,
      `line ${uneven + 1} has ${rows[uneven]!.length} fields, but the lines before it have ${width}`,
      "write one value per line",
    );
  }
  let header: string[] | null = null;
  if (rows.length === wanted + 1) {
    header = rows.shift()!;
    if (purpose === "labels" && rows.some((row) => row[width - 1] === header![width - 1])) {
      throw new UserError(
        where,
        `has ${rows.length + 1} entries for ${wanted} rows, and its first line, ${
          shortened(lines[0]!)
        }, is no header: ` +
          "the same label stands below it",
        "write one line for each, in their order",
      );
    }
    notes.push(`${where}: its first line, ${shortened(lines[0]!)}, is read as a header`);
  }
  if (rows.length !== wanted) {
    const what = purpose === "labels" ? "rows" : "columns";
    throw new UserError(
      where,
      `has ${rows.length} entries for ${wanted} ${what}`,
      "write one line for each, in their order",
    );
  }
  const column = chosenColumn(rows, header, where, path, purpose);
  if (column > 0) notes.push(`${where}: column ${column + 1} is used, since column 1 numbers or names the rows`);
  const values = purpose === "names" ? toldApart(rows, column) : rows.map((row) => row[column]!);
  const doubt = purpose === "labels" ? doubtOf(values, where) : null;
  if (doubt !== null) notes.push(doubt);
  const first = rows.map((row) => row[0]!);
  return { values, notes, rowNames: column > 0 && !isIndex(first) ? first : null };
}

/** What is said of labels that divide the rows into no classes; null of others. */
export function doubtOf(labels: readonly string[], where: string): string | null {
  if (labels.length <= 20 || distinct(labels) < labels.length) return null;
  const first = shortened(labels[0]!);
  return `${where}: all ${labels.length} labels differ (the first is ${first}); perhaps they are row names, not labels`;
}

/** Names; a name that several columns have gets the next field appended, e.g. a gene symbol its identifier. */
export function toldApart(rows: readonly string[][], column: number): string[] {
  const count = new Map<string, number>();
  for (const row of rows) count.set(row[column]!, (count.get(row[column]!) ?? 0) + 1);
  return rows.map((row) => {
    const name = row[column]!, next = row[column + 1];
    return count.get(name) === 1 || !next ? name : `${name} (${next})`;
  });
}

/**
 * The field of a line that is used. For names it is the first, as in 10x's genes.tsv, unless that only numbers the
 * lines.
 */
function chosenColumn(
  rows: readonly string[][],
  header: readonly string[] | null,
  where: string,
  path: string,
  purpose: Purpose,
): number {
  const width = rows[0]?.length ?? 1;
  if (width === 1) return 0;
  const column = (at: number) => rows.map((row) => row[at]!);
  const first = column(0);
  if (purpose === "names") return isIndex(first) ? 1 : 0;
  const indexed = isIndex(first) || distinct(first) === rows.length;
  if (width === 2 && indexed && distinct(column(1)) < rows.length) return 1;
  const names = header ? ` (${header.map(shortened).join(", ")})` : "";
  throw new UserError(
    where,
    `has ${width} columns${names}, and it is not clear which of them has the labels`,
    `give a file with the labels only, one per line: cut ${isCsv(path) ? "-d, " : ""}-f2 FILE > labels.txt`,
  );
}

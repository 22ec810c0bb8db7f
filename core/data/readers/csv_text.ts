/** What a table of text is like: its separator, whether it has a header, and whether its first column names the rows. */
import { nearest } from "../../config/nearest.ts";
import { someNames } from "../../missing.ts";
import { UserError } from "../../errors.ts";
import { parseCsvLine } from "../../formats/csv.ts";

export interface CsvForm {
  readonly separator: string;
  readonly hasHeader: boolean;
  /** Whether the first field of a line is the name of its row. */
  readonly hasNames: boolean;
  /** Values of a line. */
  readonly columns: number;
  /** Names of the columns of values; null without a header. */
  readonly header: readonly string[] | null;
  /** Fields of a line. */
  readonly width: number;
  /** Which field of a line each value is. */
  readonly fields: readonly number[];
  /** Columns of text about the rows, by name, with their field. */
  readonly tables: ReadonlyMap<string, number>;
}

/** Lines that are looked at. */
export const LOOKED_AT = 20;

const SEPARATORS = [",", "\t", ";"];

/** Fields of a line. A quote has a meaning at the start of a field only. */
export function fieldsOf(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator);
  if (separator === ",") return parseCsvLine(line);
  // The parser of CSV knows commas: they change places with the separator.
  const swapped = (text: string) => text.replace(/[,\t;]/g, (c) => c === "," ? separator : c === separator ? "," : c);
  return parseCsvLine(swapped(line)).map(swapped);
}

export const MISSING = /^(|na|nan|null|none|n\/a|-)$/i;

export function numberOf(text: string): number {
  const value = text.trim();
  return value === "" ? NaN : Number(value);
}

const isNumber = (text: string) => Number.isFinite(numberOf(text));

/**
 * @param lines the first lines of the table, without empty ones
 * @param wanted names of columns that are no values but say something about the rows
 */
export function formOf(path: string, lines: readonly string[], wanted: readonly string[] = []): CsvForm {
  const bad = (what: string, hint?: string) => new UserError(path, what, hint);
  if (lines.length === 0) throw bad("is an empty table", "make the file again");
  const body = lines.slice(1), sample = body.length > 0 ? body : lines;
  const counts = SEPARATORS.map((separator) => fieldsOf(sample[0]!, separator).length);
  const most = Math.max(...counts);
  if (most < 2) {
    throw bad("is no table of numbers: its lines have one field", "fields are divided by commas, tabs or semicolons");
  }
  const separator = SEPARATORS[counts.indexOf(most)]!;
  const rows = sample.map((line) => fieldsOf(line, separator));
  const first = fieldsOf(lines[0]!, separator);
  const width = rows[0]!.length;
  // R writes a header without a field over the names of the rows.
  const isShort = first.length === width - 1;
  const hasNames = isShort ||
    !wanted.includes(first[0]!) && (rows.some((row) => !isNumber(row[0]!)) || isIndex(rows, first[0]));
  const from = hasNames ? 1 : 0;
  const names = isShort ? first : first.slice(from);
  const hasHeader = body.length > 0 && (isShort || isCounting(first, names) ||
    names.some((name) => !isNumber(name) && !MISSING.test(name)));
  const tables = tablesOf(wanted, hasHeader ? names : null, from);
  const fields = Array.from({ length: width - from }, (_, at) => at + from).filter((at) =>
    ![...tables.values()].includes(at)
  );
  const wrong = fields.map((at) => rows[0]![at]!).find((field) => !isNumber(field) && !MISSING.test(field));
  if (wrong !== undefined) {
    throw bad(
      `is no table of numbers: ${JSON.stringify(wrong.slice(0, 40))} stands among the values of line ${
        body.length > 0 ? 2 : 1
      }`,
      "name the columns of text, which say something about the rows: data: {reader: {tables: [NAME, ...]}}, or leave them out",
    );
  }
  const header = hasHeader ? fields.map((at) => names[at - from]!) : null;
  return { separator, hasHeader, hasNames, columns: fields.length, header, width, fields, tables };
}

/** The fields of the columns of `data.reader.tables`. @throws {UserError} where there is none of a name */
function tablesOf(wanted: readonly string[], names: readonly string[] | null, from: number): Map<string, number> {
  return new Map(wanted.map((name) => {
    const at = names?.indexOf(name) ?? -1;
    if (at >= 0) return [name, at + from];
    const meant = names && nearest(name, names);
    const hint = meant ? `did you mean ${meant}?` : names ? `it has ${someNames(names)}` : "it has no line with names";
    throw new UserError("data.reader.tables", `there is no column ${JSON.stringify(name)}`, hint);
  }));
}

/** Columns that pandas has numbered from 0: over an index without a name, or so many that they are no values. */
function isCounting(line: readonly string[], names: readonly string[]): boolean {
  return (line[0] === "" || names.length > 3) && names.every((name, at) => name === String(at));
}

/** Titles of a first column that counts the rows; without one pandas writes its index. */
const INDEX = /^(unnamed: 0|id|index|idx|row|rownames?|cell|sample|(row|cell|sample)_?id)?$/i;

/** Whether a first column with such a title, or none, counts the rows. */
function isIndex(rows: readonly string[][], title: string | undefined): boolean {
  if (title === undefined || !INDEX.test(title)) return false;
  return rows.every((row, at) => Number(row[0]) === Number(rows[0]![0]) + at);
}

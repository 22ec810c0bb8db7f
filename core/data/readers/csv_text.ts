/** What a table of text is like: its separator, whether it has a header, and whether its first column names the rows. */
import { nearest } from "../../config/nearest.ts";
import { someNames } from "../../missing.ts";
import { UserError } from "../../errors.ts";
import { parseCsvLine } from "../../formats/csv.ts";

export interface CsvForm {
  readonly separator: Separator;
  /** Whether numbers have a comma where others have a point: `0,5`. */
  readonly hasCommas: boolean;
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
  /** What stands over the names of the rows; "" where nothing does. */
  readonly title: string;
  /** Columns of text about the rows, by name, with their field. */
  readonly tables: ReadonlyMap<string, number>;
}

/** Lines that are looked at. */
export const LOOKED_AT = 20;

/** Between fields; " " is any number of spaces. */
export type Separator = "," | "\t" | ";" | " ";
const SEPARATORS = [",", "\t", ";"] as const;
const BETWEEN_SPACES = /"(?:[^"]|"")*"|\S+/g;

/** The first line without a mark of the byte order. */
export const withoutMark = (line: string): string => line.replace(/^\uFEFF/, "");

/** Whether a line may be a remark, of which there may be some before a table. */
export const isRemark = (line: string): boolean => line.startsWith("#");

/** The header that the last remark before a table is, as numpy.savetxt writes one; null where it is none. @param line behind it */
export function headerIn(remark: string, line: string): string | null {
  const header = remark.replace(/^# +/, "");
  const separator = [...SEPARATORS, " " as const].find((each) => fieldsOf(line, each).length > 1);
  if (separator === undefined) return null;
  const fields = fieldsOf(line, separator);
  // A line without a number may be the header itself.
  const hasNumbers = fields.some((field) => Number.isFinite(numberOf(field, separator === ";")));
  return hasNumbers && fieldsOf(header, separator).length === fields.length ? header : null;
}

/** The lines of a table, without the remarks before it. */
export function withoutRemarks(lines: readonly string[]): string[] {
  const from = lines.findIndex((line) => !isRemark(line));
  if (from <= 0) return [...lines];
  return [headerIn(lines[from - 1]!, lines[from]!) ?? [], lines.slice(from)].flat();
}

/** Fields of a line. A quote has a meaning at the start of a field only. */
export function fieldsOf(line: string, separator: Separator): string[] {
  if (separator === " ") {
    return (line.match(BETWEEN_SPACES) ?? []).map((field) =>
      field.startsWith('"') && field.length > 1 ? field.slice(1, -1).replaceAll('""', '"') : field
    );
  }
  if (!line.includes('"')) return line.split(separator);
  if (separator === ",") return parseCsvLine(line);
  // The parser of CSV knows commas: they change places with the separator.
  const swapped = (text: string) => text.replace(/[,\t;]/g, (c) => c === "," ? separator : c === separator ? "," : c);
  return parseCsvLine(swapped(line)).map(swapped);
}

export const MISSING = /^(|na|nan|null|none|n\/a|-)$/i;

/** @param hasCommas whether a comma stands for the point */
export function numberOf(text: string, hasCommas = false): number {
  const value = text.trim();
  return value === "" ? NaN : Number(hasCommas ? value.replace(",", ".") : value);
}

/** A number with a comma, as R's write.csv2 and spreadsheets of many countries write it. */
const WITH_COMMA = /^\s*[-+]?\d*,\d+(e[-+]?\d+)?\s*$/i;

const WITH_POINT = /^\s*[-+]?\d*\.\d+(e[-+]?\d+)?\s*$/i;

/** The separator that divides all lines alike, and the header too (R's is one field shorter), into the most fields. */
function separatorOf(header: string, rows: readonly string[]): Separator | null {
  const widths = SEPARATORS.map((separator) => fieldsOf(rows[0]!, separator).length);
  const isAlike = SEPARATORS.map((separator, i) => {
    const first = fieldsOf(header, separator).length;
    return (first === widths[i] || first === widths[i]! - 1) &&
      rows.every((line) => fieldsOf(line, separator).length === widths[i]);
  });
  const alike = widths.map((width, i) => isAlike[i] ? width : 1);
  for (const counts of [alike, widths]) {
    const most = Math.max(...counts);
    if (most >= 2) return SEPARATORS[counts.indexOf(most)]!;
  }
  return fieldsOf(rows[0]!, " ").length >= 2 ? " " : null;
}

/**
 * @param lines the first lines of the table, without empty ones
 * @param wanted names of columns that are no values but say something about the rows. Columns of text do so without being named
 * @param transpose whether a line is a column of the data, so that a column of text says nothing about rows
 */
export function formOf(
  path: string,
  lines: readonly string[],
  wanted: readonly string[] = [],
  transpose = false,
): CsvForm {
  const bad = (what: string, hint?: string) => {
    const open = lines.findIndex((line) => line.split('"').length % 2 === 0);
    if (open < 0) return new UserError(path, what, hint);
    const quote = `line ${open + 1} has a quote that is not closed, and a field over several lines is not read`;
    return new UserError(path, quote, "remove the line ends within quotes, or the quote");
  };
  if (lines.length === 0) throw bad("is an empty table", "make the file again");
  const body = lines.slice(1), sample = body.length > 0 ? body : lines;
  const separator = separatorOf(lines[0]!, sample);
  if (separator === null) {
    const hint = "fields are divided by commas, tabs, semicolons or spaces";
    throw bad("is no table of numbers: its lines have one field", hint);
  }
  const rows = sample.map((line) => fieldsOf(line, separator));
  const first = fieldsOf(lines[0]!, separator);
  const width = rows[0]!.length;
  const has = (form: RegExp) => rows.some((row) => row.some((field) => form.test(field)));
  const hasCommas = separator === ";" && has(WITH_COMMA) && !has(WITH_POINT);
  const isNumber = (text: string) => Number.isFinite(numberOf(text, hasCommas));
  // R writes a header without a field over the names of the rows.
  const isShort = first.length === width - 1;
  const hasNames = isShort ||
    !wanted.includes(first[0]!) && (rows.some((row) => !isNumber(row[0]!)) || isIndex(rows, first[0]));
  const from = hasNames ? 1 : 0;
  const names = isShort ? first : first.slice(from);
  // A line may be shorter than the others, which is told where it is read.
  const isText = (at: number) =>
    rows.every((row) => !isNumber(row[at] ?? "")) && rows.some((row) => !MISSING.test(row[at]?.trim() ?? ""));
  const texts = transpose || body.length === 0
    ? []
    : names.map((_, i) => i + from).filter((at) => at < width && isText(at));
  // What stands over a column of text tells no header, since it is text as well where there is none.
  const hasHeader = body.length > 0 && (isShort || isCounting(first, names) ||
    names.some((name, i) => !texts.includes(i + from) && !isNumber(name) && !MISSING.test(name)));
  const tables = tablesOf(wanted, hasHeader ? names : null, from);
  for (const at of texts) {
    const name = hasHeader ? names[at - from]!.trim() || `column ${at + 1}` : `column ${at + 1}`;
    if (![...tables.values()].includes(at)) tables.set(name, at);
  }
  const fields = Array.from({ length: width - from }, (_, at) => at + from).filter((at) =>
    ![...tables.values()].includes(at)
  );
  if (fields.length === 0) throw bad("is no table of numbers: all of its columns are text", "make the file again");
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
  const title = hasHeader && hasNames && !isShort ? first[0]!.trim() : "";
  return { separator, hasCommas, hasHeader, hasNames, columns: fields.length, header, title, width, fields, tables };
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

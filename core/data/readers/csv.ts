/**
 * Tables of text: comma, tab, semicolon or spaces between fields, perhaps with a header and names of the rows, plain or gzip. A line is a
 * row; with `data.reader: {transpose: true}` it is a column, as in many tables of genes.
 */
import { basename } from "@std/path";
import { Gunzip } from "fflate";
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { HEAD_BYTES } from "../../formats/kinds.ts";
import { someNames } from "../../missing.ts";
import { isGzip, linesOf } from "./bytes.ts";
import {
  type CsvForm,
  fieldsOf,
  formOf,
  headerIn,
  isRemark,
  LOOKED_AT,
  MISSING,
  numberOf,
  type Separator,
  withoutMark,
  withoutRemarks,
} from "./csv_text.ts";
import type { Block, OpenSource, Reader, ReaderOptions } from "./reader.ts";
import { refuseMember, Settings } from "./settings.ts";
import { RowBuckets } from "./rows.ts";

const SHOWN: Readonly<Record<Separator, string>> = { ",": "commas", "\t": "tabs", ";": "semicolons", " ": "spaces" };

/** Values of a block. */
const BLOCK_VALUES = 4 << 20;

/** Lines with their numbers, without empty ones and without remarks before the table. */
async function* tableLines(path: string): AsyncGenerator<{ line: string; number: number }> {
  let number = 0, isBegun = false;
  let remark: { readonly line: string; readonly number: number } | null = null;
  for await (const text of linesOf(path)) {
    number++;
    const line = number === 1 ? withoutMark(text) : text;
    if (line.trim() === "") continue;
    if (!isBegun && isRemark(line)) {
      remark = { line, number };
      continue;
    }
    const header = isBegun || remark === null ? null : headerIn(remark.line, line);
    if (header !== null) yield { line: header, number: remark!.number };
    isBegun = true;
    yield { line, number };
  }
}

async function look(path: string, tables: readonly string[], transpose: boolean): Promise<CsvForm> {
  const lines: string[] = [];
  for await (const { line } of tableLines(path)) {
    lines.push(line);
    if (lines.length === LOOKED_AT) break;
  }
  return formOf(path, lines, tables, transpose);
}

/** The lines below the header: the name of each, and its values. @throws {UserError} of one that is no row of numbers */
async function* linesWithValues(
  path: string,
  { separator, hasCommas, hasHeader, hasNames, columns, width, fields: places }: CsvForm,
  withValues = true,
): AsyncGenerator<{ name: string; fields: readonly string[]; values: Float32Array }> {
  const values = new Float32Array(columns);
  let isFirst = true;
  for await (const { line, number } of tableLines(path)) {
    if (isFirst && hasHeader) {
      isFirst = false;
      continue;
    }
    isFirst = false;
    const fields = fieldsOf(line, separator);
    if (fields.length !== width) {
      const what = `line ${number} has ${fields.length} fields, expected ${width}`;
      throw new UserError(path, what, "every line must have the same number of fields");
    }
    for (let column = 0; withValues && column < columns; column++) {
      const at = places[column]!, value = numberOf(fields[at]!, hasCommas);
      if (!Number.isFinite(value)) throw noNumber(path, number, at, fields[at]!);
      values[column] = value;
    }
    yield { name: hasNames ? fields[0]! : "", fields, values };
  }
}

function noNumber(path: string, line: number, field: number, text: string): UserError {
  const shown = JSON.stringify(text.trim().slice(0, 40));
  const what = `line ${line}, field ${field + 1}: ${shown} is no number`;
  const hint = MISSING.test(text.trim())
    ? "give missing values a number, or remove the line"
    : "if this column says something about the rows, name it: data: {reader: {tables: [NAME]}}";
  return new UserError(path, what, hint);
}

async function* rowsAsTheyCome(path: string, form: CsvForm, blockRows: number): AsyncGenerator<Block> {
  const { columns } = form;
  const most = Math.max(1, Math.min(blockRows, Math.floor(BLOCK_VALUES / columns)));
  let block = new Float32Array(most * columns), rows = 0;
  for await (const { values } of linesWithValues(path, form)) {
    block.set(values, rows++ * columns);
    if (rows < most) continue;
    yield { rows, values: block };
    block = new Float32Array(most * columns);
    rows = 0;
  }
  if (rows > 0) yield { rows, values: block.subarray(0, rows * columns) };
}

async function* columnsAsRows(
  path: string,
  form: CsvForm,
  lines: number,
  blockRows: number,
  scratch?: string,
): AsyncGenerator<Block> {
  // Half of the values, for the number of buckets; zeros take no place.
  const buckets = new RowBuckets(form.columns, lines * form.columns / 2, scratch);
  try {
    let line = 0;
    for await (const { values } of linesWithValues(path, form)) {
      values.forEach((value, row) => {
        if (value !== 0) buckets.add(row, line, value);
      });
      line++;
    }
    yield* buckets.blocks(blockRows);
  } finally {
    await buckets.close();
  }
}

async function open(path: string, options: ReaderOptions): Promise<OpenSource> {
  refuseMember(options, "a table of text");
  const settings = new Settings(options, "csv");
  const transpose = settings.flag("transpose"), wanted = settings.texts("tables", "[cell_type, donor]");
  settings.finish();
  if (transpose && wanted.length > 0) {
    throw new UserError("data.reader.tables", "are columns of a table whose lines are rows", "remove it, or transpose");
  }
  const form = await look(path, wanted, transpose);
  const tables = new Map<string, string[]>([...form.tables.keys()].map((name) => [name, []]));
  const texts = [...form.tables.keys()].filter((name) => !wanted.includes(name));
  const names: string[] = [];
  let lines = 0;
  for await (const { name, fields } of linesWithValues(path, form, false)) {
    lines++;
    for (const [table, at] of form.tables) tables.get(table)!.push(fields[at]!.trim());
    if (form.hasNames) names.push(name);
  }
  const { columns, header, hasNames, hasCommas, separator, title } = form;
  // A column such as `cell_type` names no row: it says something about many.
  const isTable = !transpose && title !== "" && lines > 1 && new Set(names).size <= lines / 2;
  if (isTable) tables.set(title, names);
  const lineNames = hasNames && !isTable ? names : null;
  return {
    rows: transpose ? columns : lines,
    columns: transpose ? lines : columns,
    sparse: transpose,
    rowNames: transpose ? header : lineNames,
    columnNames: transpose ? lineNames : header,
    rowTables: tables,
    members: [{ name: basename(path), shape: [lines, columns], type: "text", sparse: false }],
    notes: [
      `fields are divided by ${SHOWN[separator]}; ${
        header ? "the first line is a header" : "there is no header"
      }, and ${lineNames ? "the first field of a line is its name" : "lines have no names"}`,
      ...isTable ? [`the first field of a line is an entry of the table ${title}, since few of them differ`] : [],
      ...texts.length > 0 ? [`columns of text are tables of the rows: ${someNames(texts)}`] : [],
      ...hasCommas ? ["a comma stands for the point in numbers"] : [],
      ...transpose
        ? ["a line is a column of the data (data.reader.transpose)"]
        : columns > 4 * lines || lines <= 4 * columns
        ? []
        : [
          `a line is a row: ${countText(lines)} rows x ${
            countText(columns)
          } columns; where lines are genes, set data: ` +
          "{reader: {transpose: true}}",
        ],
    ],
    read: (blockRows) =>
      transpose ? columnsAsRows(path, form, lines, blockRows, options.scratch) : rowsAsTheyCome(path, form, blockRows),
    close: () => {},
  };
}

/** The start of a gzip file of text, inflated. */
function inflated(head: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  try {
    new Gunzip((part) => parts.push(part)).push(head);
  } catch {
    return new Uint8Array(0);
  }
  return parts[0]?.subarray(0, HEAD_BYTES) ?? new Uint8Array(0);
}

/** Whether the first bytes of a text are lines of several fields. */
function looksLikeTable(path: string, head: Uint8Array): boolean {
  if (isGzip(head)) {
    if (/\.(csv|tsv)\.gz$/i.test(path)) return true;
    return /\.(txt|tab)\.gz$/i.test(path) && looksLikeTable(path.slice(0, -".gz".length), inflated(head));
  }
  if (head.length === 0 || head.includes(0)) return false;
  if (!/\.(csv|tsv|txt|tab)$/i.test(path)) return false;
  const text = withoutMark(new TextDecoder().decode(head)).split(/\r?\n/).filter((line) => line.trim() !== "");
  const lines = withoutRemarks(text).slice(0, LOOKED_AT);
  // The last line may be cut.
  const whole = lines.length > 2 ? lines.slice(0, -1) : lines;
  try {
    return formOf(path, whole).columns > 0;
  } catch {
    return false;
  }
}

export const csv: Reader = { format: "csv", about: "a table of text", claims: looksLikeTable, open };

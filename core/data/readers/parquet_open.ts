/**
 * Parquet tables: columns of numbers are values, columns of text are tables of the rows. The index that pandas writes gives the names
 * of the rows. hyparquet decodes the pages; a column chunk and the rows of a part of a row group are in memory.
 */
import {
  type ColumnData,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { nearest } from "../../config/nearest.ts";
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { InputFile } from "../../formats/file.ts";
import { isRecord } from "../../formats/json.ts";
import { someNames } from "../../missing.ts";
import type { Block, OpenSource, ReaderOptions } from "./reader.ts";
import { refuseMember, Settings } from "./settings.ts";
import { requirePlausible } from "./rows.ts";

/** Values of the rows that are decoded at once: 128 MB. */
const HELD_VALUES = 32 << 20;
/** Columns that are decoded in one call. */
const COLUMNS_AT_ONCE = 64;
/** A page that claims more bytes than this is not inflated. */
const PAGE_BYTES_MAX = 1e9;
const AGAIN = "make the file again, or fetch it again";

type Kind = "number" | "text" | "other";

/** A column of the table. */
interface Column {
  readonly name: string;
  readonly kind: Kind;
  /** In words, for messages. */
  readonly type: string;
}

const NUMBERS = ["BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE"];
const TEXTS = ["UTF8", "ENUM", "STRING", "JSON"];

function columnOf({ element, children }: SchemaTree): Column {
  const { name, type = "group", converted_type, logical_type, repetition_type } = element;
  const meaning = logical_type?.type ?? converted_type;
  const shown = meaning === undefined ? type.toLowerCase() : `${meaning.toLowerCase()}`;
  if (children.length > 0 || repetition_type === "REPEATED") return { name, kind: "other", type: "a list or a group" };
  if (type === "BYTE_ARRAY" && (meaning === undefined || TEXTS.includes(meaning))) {
    return { name, kind: "text", type: shown };
  }
  const isPlain = meaning === undefined || /^(U?INT_\d+|INTEGER|DECIMAL)$/.test(meaning);
  const isNumber = (NUMBERS.includes(type) && isPlain) || meaning === "FLOAT16" || meaning === "DECIMAL";
  return { name, kind: isNumber ? "number" : "other", type: shown };
}

/** The names of the columns that pandas wrote as the index. */
function indexOf({ key_value_metadata = [] }: FileMetaData): readonly string[] {
  const text = key_value_metadata.find(({ key }) => key === "pandas")?.value;
  try {
    const json: unknown = JSON.parse(text ?? "{}");
    const columns = isRecord(json) && Array.isArray(json.index_columns) ? json.index_columns : [];
    return columns.filter((column) => typeof column === "string");
  } catch {
    return [];
  }
}

/** A file as the decoder wants it, which asks for several parts at once; they are read one after another. */
function bufferOf(file: InputFile) {
  let before: Promise<unknown> = Promise.resolve();
  const read = async (start: number, end: number): Promise<ArrayBuffer> => {
    if (!(start >= 0 && end >= start && end <= file.size)) {
      throw new RangeError(`bytes ${start} to ${end} are not there`);
    }
    const bytes = new Uint8Array(end - start);
    await file.readAt(start, bytes);
    return bytes.buffer;
  };
  return {
    byteLength: file.size,
    slice(start: number, end = file.size): Promise<ArrayBuffer> {
      const mine = before.then(() => read(start, end));
      before = mine.catch(() => {});
      return mine;
    },
  };
}

/** The decompressors, with a bound on what a page may claim. */
const bounded = Object.fromEntries(
  Object.entries(compressors).map(([codec, inflate]) => [codec, (input: Uint8Array, length: number) => {
    if (!(length >= 0 && length <= PAGE_BYTES_MAX)) throw new RangeError(`a page claims ${length} bytes`);
    return inflate!(input, length);
  }]),
);

class Table {
  constructor(readonly path: string, readonly file: InputFile, readonly metadata: FileMetaData) {}

  /** Gives the values of some columns in rows [from, to) to `take`, with the number of each row from `from`. */
  async decode(
    names: readonly string[],
    from: number,
    to: number,
    take: (name: string, row: number, value: unknown) => void,
  ) {
    let seen = 0;
    const onChunk = ({ columnName, columnData, rowStart }: ColumnData) => {
      const first = Math.max(from, rowStart), end = Math.min(to, rowStart + columnData.length);
      for (let row = first; row < end; row++) take(columnName, row - from, columnData[row - rowStart]);
      seen += Math.max(0, end - first);
    };
    await this.asked(() =>
      parquetRead({
        file: bufferOf(this.file),
        metadata: this.metadata,
        columns: [...names],
        rowStart: from,
        rowEnd: to,
        compressors: bounded,
        onChunk,
      })
    );
    if (seen === names.length * (to - from)) return;
    throw new UserError(
      this.path,
      `is damaged: ${countText(seen)} of ${names.length * (to - from)} values are there`,
      AGAIN,
    );
  }

  async asked<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof UserError) throw error;
      const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
      throw new UserError(this.path, `is damaged, or of a kind that is not read: ${reason}`, AGAIN);
    }
  }
}

/** The names of the columns of values. @throws {UserError} where a column is neither a number nor a text */
function valuesAmong(path: string, columns: readonly Column[], asText: ReadonlySet<string>): string[] {
  const names = new Set<string>();
  for (const { name } of columns) {
    if (names.has(name)) throw new UserError(path, `has two columns ${JSON.stringify(name)}`, "give each its own name");
    names.add(name);
  }
  const rest = columns.filter(({ name }) => !asText.has(name));
  const other = rest.find(({ kind }) => kind === "other");
  if (other) {
    const what = `column ${JSON.stringify(other.name)} is of the type ${other.type}, which is no number`;
    throw new UserError(
      path,
      what,
      `leave it out, or make it a table of the rows: data: {reader: {tables: [${other.name}]}}`,
    );
  }
  const numbers = rest.filter(({ kind }) => kind === "number").map(({ name }) => name);
  if (numbers.length > 0) return numbers;
  throw new UserError(
    path,
    `has no columns of numbers; it has ${someNames([...names]) || "none"}`,
    "name another file",
  );
}

async function openTable(path: string, file: InputFile, options: ReaderOptions): Promise<OpenSource> {
  refuseMember(options, "a Parquet table");
  const settings = new Settings(options, "parquet");
  const wanted = settings.texts("tables", "[cell_type, donor]");
  settings.finish();
  const probe = new Table(path, file, undefined as unknown as FileMetaData);
  const metadata = await probe.asked(() => parquetMetadataAsync(bufferOf(file)));
  const table = new Table(path, file, metadata);
  const columns = await table.asked(() => Promise.resolve(parquetSchema(metadata).children.map(columnOf)));
  const groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
  const rows = groups.reduce((sum, count) => sum + count, 0);
  if (!groups.every((count) => Number.isSafeInteger(count) && count >= 0) || rows !== Number(metadata.num_rows)) {
    throw new UserError(path, `its parts have ${rows} rows, but it says ${metadata.num_rows}`, AGAIN);
  }
  requirePlausible(path, rows, file.size);
  const index = indexOf(metadata);
  for (const name of wanted) {
    if (columns.some((column) => column.name === name)) continue;
    const names = columns.map((column) => column.name), meant = nearest(name, names);
    throw new UserError(
      "data.reader.tables",
      `there is no column ${JSON.stringify(name)}`,
      meant ? `did you mean ${meant}?` : `it has ${someNames(names)}`,
    );
  }
  const texts = columns.filter(({ kind }) => kind === "text").map(({ name }) => name);
  const asText = new Set([...texts, ...wanted, ...index.filter((name) => columns.some((each) => each.name === name))]);
  const values = valuesAmong(path, columns, asText);
  const read = await textsOf(table, [...asText], rows);
  const [indexName] = index.filter((name) => asText.has(name));
  const rowNames = indexName === undefined ? null : read.get(indexName)!;
  if (indexName !== undefined) read.delete(indexName);
  return {
    rows,
    columns: values.length,
    sparse: false,
    rowNames,
    columnNames: values,
    rowTables: read,
    members: columns.map(({ name, type }) => ({ name, shape: [rows], type, sparse: false })),
    notes: read.size > 0 ? [`columns of text are tables of the rows: ${someNames([...read.keys()])}`] : [],
    read: (blockRows) => blocks(table, groups, values, blockRows),
    close: () => file.close(),
  };
}

async function textsOf(table: Table, names: readonly string[], rows: number): Promise<Map<string, string[]>> {
  const texts = new Map(names.map((name) => [name, new Array<string>(rows).fill("")]));
  await table.decode(names, 0, rows, (name, row, value) => {
    const text = value instanceof Date
      ? value.toISOString()
      : value === null || value === undefined
      ? ""
      : String(value);
    texts.get(name)![row] = text;
  });
  return texts;
}

/** Rows of all columns, some columns at a time, for as many rows of a row group as are held at once. */
async function* blocks(
  table: Table,
  groups: readonly number[],
  names: readonly string[],
  blockRows: number,
): AsyncGenerator<Block> {
  const columns = names.length, places = new Map(names.map((name, column) => [name, column]));
  const most = Math.max(1, Math.floor(HELD_VALUES / columns));
  let first = 0;
  for (const count of groups) {
    for (let from = first; from < first + count; from += most) {
      const held = Math.min(most, first + count - from), values = new Float32Array(held * columns);
      const take = (name: string, row: number, value: unknown) => {
        const isThere = value !== null && value !== undefined;
        values[row * columns + places.get(name)!] = isThere ? Number(value) : NaN;
      };
      for (let at = 0; at < columns; at += COLUMNS_AT_ONCE) {
        await table.decode(names.slice(at, at + COLUMNS_AT_ONCE), from, from + held, take);
      }
      for (let row = 0; row < held; row += blockRows) {
        const end = Math.min(held, row + blockRows);
        yield { rows: end - row, values: values.slice(row * columns, end * columns) };
      }
    }
    first += count;
  }
}

export async function openParquet(path: string, options: ReaderOptions): Promise<OpenSource> {
  const file = await InputFile.open(path);
  try {
    return await openTable(path, file, options);
  } catch (error) {
    file.close();
    throw error;
  }
}

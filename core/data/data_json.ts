/**
 * data.json of a prepared data set: what it holds, of which sources it was made, and the length and hash of each of its
 * files. It is written last, so a folder that has it is whole. Names and tables of rows are in files of their own.
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { type ElementType, TYPES } from "../../ffi/arrays.ts";
import { UserError } from "../errors.ts";
import { isRecord } from "../formats/json.ts";
import { InputFile, readTextSync } from "../formats/file.ts";
import { isMissing } from "../formats/io_error.ts";
import type { KeptRows } from "./readers/reader.ts";
import { DecodeError, type Decoder, list, maybe, nullable, number, object, oneOf, text } from "../runs/decode.ts";

export const PREPARED_FILE = "data.json";
/** The word that tells such a file from the data.json of a run folder. */
const KIND = "narrows data set";
/** Of a file with one record for each chunk and source. */
const JSON_BYTES_MAX = 512e6;
/** Of names: some millions of rows. */
const NAMES_BYTES_MAX = 2e9;
const BLOCK_BYTES = 4 << 20;

/** A file of the data set. */
export interface FileRecord {
  /** Its name in the folder. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface ChunkRecord extends FileRecord {
  /** The number of its first row within its source. */
  readonly first_row: number;
  readonly rows: number;
  /** Stored entries; of dense rows, all values. */
  readonly nnz: number;
}

/** Rows of a dense source that are read where they lie in its file, not copied: a matrix, row by row and little-endian. */
export interface PlacedRecord {
  readonly place: { readonly path: string; readonly offset: number; readonly type: ElementType };
  readonly first_row: number;
  readonly rows: number;
  readonly nnz: number;
}

export interface SourceRecord {
  /** Its name within the data set, which identifies its rows. */
  readonly name: string;
  readonly path: string;
  readonly format: string;
  readonly member: string | null;
  readonly rows: number;
  readonly chunks: readonly (ChunkRecord | PlacedRecord)[];
  /** {@link RowNames}; null where the rows have no names and no tables. */
  readonly row_names: FileRecord | null;
  /** What the reader concluded or converted, one sentence each. */
  readonly notes: readonly string[];
}

/** How rows are made of their sources, so that rows can be made of other files in the same way. */
export interface Made {
  readonly format: string;
  readonly member: string | null;
  /** Settings of the reader. */
  readonly reader: Readonly<Record<string, unknown>>;
  /** As `data.steps` lists them. */
  readonly steps: readonly unknown[];
}

export interface PreparedData {
  readonly kind: typeof KIND;
  readonly version: 1;
  /** What the chunks are. */
  readonly format: "csr_npz" | "dense_npy";
  readonly columns: number;
  /** Of a dense row, channels first; null where it has none but its length. */
  readonly shape: readonly number[] | null;
  /** Samples a second of a signal, in Hz. */
  readonly rate_hz: number | null;
  readonly sources: readonly SourceRecord[];
  /** The steps that the rows have been through and that concluded something from them (fitted.ts); absent where there are none. */
  readonly steps?: FileRecord;
  /** Of an imported data set; absent in the cache, where the config says it. */
  readonly made?: Made;
  /** A list of texts. */
  readonly column_names: FileRecord | null;
  /** What preparing it took. */
  readonly seconds: number;
}

/** Names of the rows of one source, and columns of text about them. */
export interface RowNames {
  readonly names: readonly string[] | null;
  readonly tables: Readonly<Record<string, readonly string[]>>;
  /** Which rows of the source these are, where steps left some out. */
  readonly kept?: KeptRows;
}

export const NO_NAMES: RowNames = { names: null, tables: {} };

/** A file directly in the folder. */
const fileName: Decoder<string> = (value, field) => {
  const name = text(value, field);
  if (!/^[\w.-]+$/.test(name) || name.startsWith(".")) throw new DecodeError(`${field}: is not the name of a file`);
  return name;
};
const file = { file: fileName, bytes: number, sha256: text };
const rows = { first_row: number, rows: number, nnz: number };
const written = object<ChunkRecord>({ ...file, ...rows });
const placed = object<PlacedRecord>({
  place: object<PlacedRecord["place"]>({ path: text, offset: number, type: oneOf(...TYPES) }),
  ...rows,
});
const chunk: Decoder<ChunkRecord | PlacedRecord> = (value, field) =>
  (isRecord(value) && "place" in value ? placed : written)(value, field);
const source = object<SourceRecord>({
  name: text,
  path: text,
  format: text,
  member: nullable(text),
  rows: number,
  chunks: list(chunk),
  row_names: nullable(object<FileRecord>(file)),
  notes: list(text),
});

const settings: Decoder<Made["reader"]> = (value, field) => {
  if (isRecord(value)) return value;
  throw new DecodeError(`${field}: expected settings by name`);
};

export const made: Decoder<Made> = object<Made>({
  format: text,
  member: nullable(text),
  reader: settings,
  steps: list((value) => value),
});

const prepared: Decoder<PreparedData> = object<PreparedData>({
  kind: oneOf(KIND),
  version: (value) => {
    if (value !== 1) throw new DecodeError(`version: expected 1, got ${JSON.stringify(value) ?? "nothing"}`);
    return 1;
  },
  format: oneOf("csr_npz", "dense_npy"),
  columns: number,
  shape: nullable(list(number)),
  rate_hz: nullable(number),
  sources: list(source),
  steps: maybe(object<FileRecord>(file)),
  made: maybe(made),
  column_names: nullable(object<FileRecord>(file)),
  seconds: number,
});

export const newPrepared = (of: Omit<PreparedData, "kind" | "version">): PreparedData => ({
  kind: KIND,
  version: 1,
  ...of,
});

/** Whether a folder is a prepared data set. */
export function isPrepared(folder: string): boolean {
  try {
    const json: unknown = JSON.parse(readTextSync(join(folder, PREPARED_FILE), JSON_BYTES_MAX));
    return isRecord(json) && json.kind === KIND;
  } catch {
    return false;
  }
}

/**
 * What a folder's data.json says; null where there is none.
 * @throws {UserError} where it is damaged
 */
export function readPrepared(folder: string): PreparedData | null {
  const path = join(folder, PREPARED_FILE);
  try {
    return prepared(JSON.parse(readTextSync(path, JSON_BYTES_MAX)), "");
  } catch (error) {
    if (isMissing(error)) return null;
    if (error instanceof DecodeError) throw damaged(path, error.message);
    if (error instanceof SyntaxError) throw damaged(path, "is not whole JSON");
    throw error;
  }
}

export const damaged = (path: string, what: string) => new UserError(path, what, "make the data set again");

/** All files of a data set but data.json. */
export function filesOf({ sources, column_names, steps }: PreparedData): FileRecord[] {
  return [
    ...sources.flatMap(({ chunks, row_names }) => [
      ...chunks.filter((chunk) => "file" in chunk),
      ...row_names ? [row_names] : [],
    ]),
    ...column_names ? [column_names] : [],
    ...steps ? [steps] : [],
  ];
}

/** Data sets up to this size are hashed whenever they are opened; of larger ones the lengths of the files are compared. */
const HASHED_BYTES = 512e6;

/**
 * Compares the files of a data set with their records.
 * @returns what is wrong with the first of them that differs, with its path; null where none does
 */
export async function faultOf(folder: string, data: PreparedData): Promise<string | null> {
  const files = filesOf(data);
  for (const { file, bytes } of files) {
    const path = join(folder, file);
    try {
      const { size, isFile } = Deno.statSync(path);
      if (!isFile) return `${path} is not a file`;
      if (size !== bytes) return `${path} has ${size} bytes, there were ${bytes}`;
    } catch {
      return `${path} is gone or cannot be read`;
    }
  }
  if (files.reduce((sum, { bytes }) => sum + bytes, 0) > HASHED_BYTES) return null;
  for (const { file, sha256 } of files) {
    const path = join(folder, file);
    if (await hashOf(path) !== sha256) return `${path} has other content than was written`;
  }
  return null;
}

async function hashOf(path: string): Promise<string | null> {
  try {
    using file = await InputFile.open(path);
    const hash = createHash("sha256");
    const block = new Uint8Array(Math.min(BLOCK_BYTES, file.size));
    for (let at = 0; at < file.size; at += block.length) {
      const part = block.subarray(0, Math.min(block.length, file.size - at));
      await file.readAt(at, part);
      hash.update(part);
    }
    return hash.digest("hex");
  } catch {
    return null;
  }
}

const texts = list(text);

function readJsonFile<T>(path: string, decode: Decoder<T>): T {
  try {
    return decode(JSON.parse(readTextSync(path, NAMES_BYTES_MAX)), "");
  } catch (error) {
    if (error instanceof DecodeError || error instanceof SyntaxError) throw damaged(path, error.message);
    if (isMissing(error)) throw damaged(path, "is gone");
    throw error;
  }
}

/** The names of the columns; null where they have none. @throws {UserError} */
export function readColumnNames(folder: string, { column_names }: PreparedData): readonly string[] | null {
  return column_names === null ? null : readJsonFile(join(folder, column_names.file), texts);
}

const keptRows = object<KeptRows>({ of: number, rows: list(number) });

const rowNames: Decoder<RowNames> = (value, where) => {
  if (!isRecord(value) || !isRecord(value.tables)) throw new DecodeError("tables: expected a map of lists");
  const tables = Object.entries(value.tables).map(([name, list]) => [name, texts(list, `${where}tables.${name}`)]);
  const names = { names: nullable(texts)(value.names, "names"), tables: Object.fromEntries(tables) };
  return value.kept === undefined ? names : { ...names, kept: keptRows(value.kept, "kept") };
};

/** Names and tables of the rows of one source. @throws {UserError} */
export function readRowNames(folder: string, { row_names, rows }: SourceRecord): RowNames {
  if (row_names === null) return NO_NAMES;
  const path = join(folder, row_names.file);
  const found = readJsonFile(path, rowNames);
  const wrong: readonly unknown[] | undefined = [
    found.names ?? [],
    found.kept?.rows ?? [],
    ...Object.values(found.tables),
  ].find(({ length }) => length !== 0 && length !== rows);
  if (wrong) throw damaged(path, `has ${wrong.length} entries for ${rows} rows`);
  return found;
}

/** Prepared data sets as files of chunks, and the names that they have together. */
import { join } from "@std/path";
import type { MatrixPlace } from "../../ffi/chunk.ts";
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { type Made, type PreparedData, readColumnNames, readRowNames, type RowNames } from "./data_json.ts";
import { readTextSync } from "../formats/file.ts";
import { type Fitted, parseFitted } from "./fitted.ts";
import type { Listed, Part } from "./list.ts";
import { isPlaced } from "./placed.ts";
import type { KeptRows } from "./readers/reader.ts";

/** Of a file with the names of all columns. */
const STEPS_BYTES_MAX = 512e6;

/** A prepared data set with the names that are in its folder. */
export interface PreparedSet {
  readonly folder: string;
  readonly data: PreparedData;
  readonly columnNames: readonly string[] | null;
  /** The steps that the rows have been through, where they concluded something; null where none did. */
  readonly steps: Fitted | null;
  /** Of each of `data.sources`. */
  readonly rows: readonly RowNames[];
}

const readSteps = (path: string) => parseFitted(readTextSync(path, STEPS_BYTES_MAX), path);

/** Prepared data sets by the path of the source, or of their own folder where the config names that. */
export type Prepared = ReadonlyMap<string, PreparedSet>;

/** @throws {UserError} where names are damaged */
export function openPrepared(folder: string, data: PreparedData): PreparedSet {
  return {
    folder,
    data,
    columnNames: readColumnNames(folder, data),
    steps: data.steps === undefined ? null : readSteps(join(folder, data.steps.file)),
    rows: data.sources.map((source) => readRowNames(folder, source)),
  };
}

/** A file of chunks with its place in the data set. */
export interface ListedChunk {
  readonly path: string;
  readonly name: string;
  /** The number of its first row within the source of that name. */
  readonly offset: number;
  readonly part: Part | null;
  /** Rows that data.json states. */
  readonly rows?: number;
  /** Where they lie in a file of another format. */
  readonly place?: Pick<MatrixPlace, "offset" | "columns" | "type">;
}

export interface Names {
  readonly columnNames: readonly string[] | null;
  readonly rowNames: readonly string[] | null;
  readonly rowTables: ReadonlyMap<string, readonly string[]>;
  /** Of a dense row, channels first, where all sources have the same. */
  readonly shape: readonly number[] | null;
  /** Samples a second of signals, in Hz, where all sources have the same. */
  readonly rateHz: number | null;
  /** Which of the rows that the files have are left, where steps left some out. */
  readonly keptRows: KeptRows | null;
}

/** One source of a prepared data set, with its name in the data set that is opened. */
export interface Named {
  readonly name: string;
  readonly path: string;
  readonly rows: number;
  readonly names: RowNames;
  readonly columnNames: readonly string[] | null;
  readonly shape: readonly number[] | null;
  readonly rateHz: number | null;
}

/** The chunks of a place that was prepared. @throws {UserError} where it was not */
export function chunksOf(
  listed: Listed,
  prepared: Prepared | undefined,
): { chunks: ListedChunk[]; sources: Named[]; steps: Fitted | null; made: Made | null } {
  const set = prepared?.get(listed.path);
  if (set === undefined) {
    const what = listed.kind === "prepared" ? "is a data set that has not been opened" : "has not been prepared yet";
    throw new UserError(listed.path, what, "train prepares it; a script opens it with openData");
  }
  const isOne = listed.kind === "source" || listed.kind === "chunk";
  const sources = sourcesOf(set, isOne ? listed.name : undefined);
  const chunks = set.data.sources.flatMap((source, index) =>
    source.chunks.map((chunk) => ({
      ...isPlaced(chunk)
        ? { path: chunk.place.path, place: { ...chunk.place, columns: set.data.columns } }
        : { path: join(set.folder, chunk.file) },
      name: sources[index]!.name,
      offset: chunk.first_row,
      part: listed.part,
      rows: chunk.rows,
    }))
  );
  return { chunks, sources, steps: set.steps, made: set.data.made ?? null };
}

/** @param name of the only source, where it is called otherwise than when it was prepared */
export function sourcesOf({ data, rows, columnNames }: PreparedSet, name?: string): Named[] {
  return data.sources.map((source, index) => ({
    name: name ?? source.name,
    path: source.path,
    rows: source.rows,
    names: rows[index]!,
    columnNames,
    shape: data.shape,
    rateHz: data.rate_hz,
  }));
}

/** `sampleA` of `sampleA.h5ad`. */
const stem = (name: string) =>
  name.replace(/(\.gz)?$/, "").replace(
    /\.(h5ad|loom|biom|parquet|h5|mtx|csv|tsv|txt|npz|svmlight|libsvm|safetensors)$/i,
    "",
  );

/**
 * The names of all sources one after another. Rows of several sources have the source's name before their own, and the table
 * `source`.
 * @throws {UserError} where columns of the same number have other names
 */
export function joinedNames(sources: readonly Named[]): Names {
  const [first] = sources;
  if (first === undefined) {
    return { columnNames: null, rowNames: null, rowTables: new Map(), shape: null, rateHz: null, keptRows: null };
  }
  for (const { path, columnNames } of sources) requireSameColumns(first, path, columnNames);
  const several = sources.length > 1;
  const rowTables = new Map<string, string[]>();
  for (const { names } of sources) {
    for (const name of Object.keys(names.tables)) if (!rowTables.has(name)) rowTables.set(name, []);
  }
  for (const [name, values] of rowTables) {
    for (const { names: { tables }, rows } of sources) {
      for (const value of tables[name] ?? new Array<string>(rows).fill("")) values.push(value);
    }
  }
  if (several && !rowTables.has("source")) {
    rowTables.set("source", sources.flatMap(({ name, rows }) => new Array<string>(rows).fill(stem(name))));
  }
  const rowNames = sources.every(({ names }) => names.names !== null)
    ? sources.flatMap(({ name, names }) => several ? names.names!.map((row) => `${stem(name)}_${row}`) : names.names!)
    : null;
  const shape = sources.every((source) => `${source.shape}` === `${first.shape}`) ? first.shape : null;
  const rateHz = sources.every((source) => source.rateHz === first.rateHz) ? first.rateHz : null;
  return { columnNames: first.columnNames, rowNames, rowTables, shape, rateHz, keptRows: joinedKept(sources) };
}

function joinedKept(sources: readonly Named[]): KeptRows | null {
  if (sources.every(({ names }) => names.kept === undefined)) return null;
  const rows: number[] = [];
  let of = 0;
  for (const { names: { kept }, rows: count } of sources) {
    for (let row = 0; row < count; row++) rows.push(of + (kept?.rows[row] ?? row));
    of += kept?.of ?? count;
  }
  return { of, rows };
}

function requireSameColumns(first: Named, path: string, names: readonly string[] | null): void {
  if (names === null || first.columnNames === null || names === first.columnNames) return;
  const at = names.findIndex((name, column) => name !== first.columnNames![column]);
  if (at < 0 && names.length === first.columnNames.length) return;
  if (names.length !== first.columnNames.length) {
    throw new UserError(
      path,
      `has ${countText(names.length)} columns, but ${first.path} has ${countText(first.columnNames.length)}`,
      "all sources of a data set must have the same columns",
    );
  }
  throw new UserError(
    path,
    `column ${at} is ${JSON.stringify(names[at])}, but that of ${first.path} is ${
      JSON.stringify(first.columnNames[at])
    }`,
    "all sources of a data set must have the same columns in the same order",
  );
}

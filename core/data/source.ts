/**
 * The data of a run: the chunk files in order, their shapes, and which rows belong to which part. Opening a source reads
 * headers only.
 */
import { basename } from "@std/path";
import { countText, pluralText } from "../figures.ts";
import { Chunk, type ChunkHeader, type MatrixPlace } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { splitRows } from "../../ffi/split.ts";
import type { DataConfig, Split } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { originOfPath } from "../paths.ts";
import { isChunkFormat } from "../config/data_formats.ts";
import { damaged } from "./data_json.ts";
import { adviceOn, unknownKind } from "../formats/kind_advice.ts";
import { kindOf } from "../formats/kinds.ts";
import { listFiles, listMemory, type Part, PARTS } from "./list.ts";
import type { MemoryRows } from "./memory.ts";
import { chunksOf, joinedNames, type ListedChunk, type Names, type Prepared } from "./prepared.ts";
import { isRandom } from "../config/transforms.ts";
import type { Made } from "./data_json.ts";
import { type Fitted, isOfCounts } from "./fitted.ts";
import type { KeptRows } from "./readers/reader.ts";
import { fileKey } from "./row_keys.ts";

export { type Part, PARTS };
/** The values of --split: a part, or every row in file order. */
export const SPLITS = ["train", "validation", "test", "all"] as const;

export interface ChunkFile {
  readonly index: number;
  /** The path of the file; for rows in memory their name, such as `memory:0`. */
  readonly path: string;
  /**
   * The name within the data set of the file, or of the source that it was prepared from: the path below the data's folder. With
   * the number of a row it identifies the row.
   */
  readonly name: string;
  /** The number of its first row within the file or source of that name. */
  readonly offset: number;
  /** The key of the first row: a hash of the name, plus the offset. Row r has this key + r. */
  readonly key: number;
  /** Where its rows lie in the file, where that is of another format. */
  readonly place?: MatrixPlace;
  /** The rows themselves if they came from memory. */
  readonly memory?: Chunk;
  /** The number of the first row among the rows of all files in order. */
  readonly firstRow: number;
  readonly info: ChunkHeader;
  /** For each part, its rows in this chunk (from 0), rising. */
  readonly parts: Readonly<Record<Part, Uint32Array<ArrayBuffer>>>;
  /** For each column of the file, the model's column; absent if they are the same. */
  readonly columnMap?: Uint32Array<ArrayBuffer>;
  /** The shape of a row, channels first, where prepared data have one. */
  readonly shape?: readonly number[];
  /** What each row of the file counts for in the loss; absent if all count alike. */
  readonly weights?: Float32Array<ArrayBuffer>;
  /** The number of the category of each row of the file; absent if the rows have none. */
  readonly categories?: Uint32Array<ArrayBuffer>;
}

/** What logs call a chunk: its file, with the number of its first row where the file has others as well. */
export const chunkName = ({ path, place, offset }: ChunkFile): string =>
  place && offset > 0 ? `${basename(path)}#${offset}` : basename(path);

export interface Source {
  readonly files: readonly ChunkFile[];
  readonly columns: number;
  readonly rows: number;
  /** Number of stored entries; for dense data, of all values. */
  readonly nnz: number;
  readonly dense: boolean;
  readonly partRows: Readonly<Record<Part, number>>;
  /** Column names, labels and row names that were given with rows in memory, or names that prepared data have. */
  readonly columnNames: readonly string[] | null;
  readonly rowNames: readonly string[] | null;
  readonly labels: readonly string[] | null;
  /** The category of each row, where it was given with rows in memory. */
  readonly batch: readonly string[] | null;
  /** The names of the categories, by their numbers; null where there are none. */
  readonly categoryNames: readonly string[] | null;
  /**
   * What rows and columns count for in the loss, with a mean of 1 over the training rows and over the columns; null where all
   * count alike.
   */
  readonly rowWeights: Float32Array<ArrayBuffer> | null;
  readonly columnWeights: Float32Array<ArrayBuffer> | null;
  /** The shape of a dense row, channels first, where prepared data have one. */
  readonly shape: readonly number[] | null;
  /** Samples a second of signals, in Hz, where prepared data have a rate. */
  readonly rateHz: number | null;
  /** Columns of text about the rows that prepared data have, by name; `data.labels` may name one. */
  readonly rowTables: ReadonlyMap<string, readonly string[]>;
  /** Which of the rows that the files have are left, where steps left some out: files with one entry a row have all of them. */
  readonly keptRows: KeptRows | null;
  /** The steps that the rows have been through, where they concluded something; null where none did. */
  readonly steps: Fitted | null;
  /** How the rows of an imported data set were made; null of other data, and where several were made in different ways. */
  readonly made: Made | null;
}

export interface OpenOptions {
  /** Whether nothing is to be trained on. */
  readonly evaluated?: boolean;
  /** The prepared data sets of the sources, by their path (prepare.ts). */
  readonly prepared?: Prepared;
}

function everyRow(rows: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: rows }, (_, row) => row);
}

export function partsOf(split: Split, part: Part | null, key: number, rows: number): ChunkFile["parts"] {
  const none = new Uint32Array(0);
  if (split.by === "files") {
    const parts = { train: none, validation: none, test: none };
    if (part) parts[part] = everyRow(rows);
    return parts;
  }
  const { seed, train, validation } = split;
  const codes = splitRows({ seed, firstRow: key, rows, train, validation });
  const lists: number[][] = [[], [], []];
  for (let row = 0; row < rows; row++) lists[codes[row]!]!.push(row);
  return {
    train: Uint32Array.from(lists[0]!),
    validation: Uint32Array.from(lists[1]!),
    test: Uint32Array.from(lists[2]!),
  };
}

/** The function that writes files of each format. */
const MAKER: Readonly<Partial<Record<DataConfig["format"], string>>> = {
  csr_npz: "scipy.sparse.save_npz",
  dense_npy: "numpy.save",
  memory: "the script",
};

/** The error of a value or a structure in the data that cannot be trained on. */
export class BadData extends UserError {}

/**
 * A data error of the engine as an error the user can act on.
 * @param format of the data, where it is known
 */
export function dataError(error: unknown, format?: DataConfig["format"]): unknown {
  if (!(error instanceof EngineError)) return error;
  if (error.status === "io") return new UserError("", error.message);
  if (error.status !== "format") return error;
  const maker = format === undefined ? undefined : MAKER[format];
  return new BadData("", error.message, `check the file, or make it again${maker ? ` with ${maker}` : ""}`);
}

/** An error of a data file, with the position in the config if the config names this file. */
function fileError(path: string, what: string, hint: string): UserError {
  const named = originOfPath(path);
  return named ? new UserError(named.where, `${path}: ${what}`, hint) : new UserError(path, what, hint);
}

/**
 * The error of a file that cannot be opened: what kind of file it is, where it is another than the one that is wanted.
 * @param format that was wanted; without one any that is read
 */
export function openError(error: unknown, path: string, format?: DataConfig["format"]): unknown {
  if (!(error instanceof EngineError) || error.status !== "format") return dataError(error);
  const kind = kindOf(path) ?? unknownKind(path);
  const any = format === undefined || format === "auto";
  if (kind && (any ? kind.format === undefined : kind.format !== format)) {
    const unread = any ? ", which is not read" : `; data.format ${format} does not read it`;
    return fileError(path, `is ${kind.name}${unread}`, adviceOn(kind));
  }
  return dataError(error, format);
}

/** The error of a file of the other format than the config says. */
function checkFormat(path: string, { dense }: ChunkHeader, format: DataConfig["format"]): void {
  if (dense === (format === "dense_npy")) return;
  const [is, other] = dense ? ["a dense .npy array", "dense_npy"] : ["a sparse matrix (.npz)", "csr_npz"];
  throw fileError(path, `is ${is}, but data.format is ${format}`, `set data.format: ${other}, or name other files`);
}

/** Where the order of files is not the plain one of their names' characters, in words; null where it is. */
export function orderNote({ files }: Source): string | null {
  const names = files.filter(({ memory }) => !memory).map(({ name }) => name);
  const plain = [...names].sort();
  const at = names.findIndex((name, index) => name !== plain[index]);
  if (at < 0) return null;
  const order = `${names[at]} before ${plain[at]}`;
  return `files are read in natural order (${order}), which is not that of \`ls\` or of sorted()`;
}

/** All files of chunks in order, and the names of what was prepared. */
function chunkFiles(
  data: DataConfig,
  memory: MemoryRows | null,
  prepared: Prepared | undefined,
): { chunks: (ListedChunk & { memory?: Chunk })[]; names: Names; steps: Fitted | null; made: Made | null } {
  const sources = [];
  const chunks = [];
  let steps: Fitted | null = null;
  const ways: (Made | null)[] = [];
  for (const listed of memory ? listMemory(data, memory) : listFiles(data)) {
    const { kind, path, name, part } = listed;
    if (kind === "memory") chunks.push({ path, name, part, offset: 0, memory: listed.memory });
    else if (kind === "chunk" && !prepared?.has(path)) chunks.push({ path, name, part, offset: 0 });
    else {
      const found = chunksOf(listed, prepared);
      chunks.push(...found.chunks);
      sources.push(...found.sources);
      steps = found.steps;
      ways.push(found.made);
    }
  }
  const made = new Set(ways.map((way) => JSON.stringify(way))).size === 1 ? ways[0]! : null;
  return { chunks, names: joinedNames(sources), steps, made };
}

function headerOf(
  { path, memory, rows, place }: ListedChunk & { memory?: Chunk },
  format: DataConfig["format"],
): ChunkHeader {
  if (place) {
    const { columns, type: dataType } = place;
    const dense = { dense: true, indicesType: null, indptrType: null };
    return { rows: rows!, columns, nnz: rows! * columns, dataType, ...dense };
  }
  let info: ChunkHeader;
  try {
    info = memory?.info ?? Chunk.peek(path);
  } catch (error) {
    throw openError(error, path, format);
  }
  if (!memory && isChunkFormat(format)) checkFormat(path, info, format);
  if (rows === undefined || rows === info.rows) return info;
  throw damaged(path, `has ${info.rows} rows, but data.json says ${rows}`);
}

function requireAlike(path: string, info: ChunkHeader, first: ChunkFile): void {
  if (first.info.dense !== info.dense) {
    const form = (dense: boolean) => dense ? "dense" : "sparse";
    throw new UserError(
      path,
      `is ${form(info.dense)}, but ${first.path} is ${form(first.info.dense)}`,
      "use either sparse or dense files",
    );
  }
  if (first.info.columns === info.columns) return;
  throw new UserError(
    path,
    `has ${countText(info.columns)} columns, but ${first.path} has ${countText(first.info.columns)}`,
    "all chunks of a data set must have the same columns",
  );
}

/** @throws {UserError} where random transforms cannot be made of the rows */
function requireForRandom(data: DataConfig, dense: boolean, shape: readonly number[] | null): void {
  const random = [...data.transforms, ...data.input_transforms].filter(isRandom);
  const [first] = random;
  if (first === undefined) return;
  const field = data.transforms.some(isRandom) ? "data.transforms" : "data.input_transforms";
  if (!dense) throw new UserError(field, `${first.kind} changes dense rows, but these are sparse`, "remove it");
  const height = shape !== null && shape.length >= 3 ? shape.at(-2)! : 1;
  const needs = random.find((each) => each.kind === "flip" && each.axis === "vertical");
  if (needs === undefined || height > 1) return;
  const what = "flip: vertical reverses the height of pictures, but the rows have none";
  throw new UserError(field, what, "say what shape a row has: data.shape: [CHANNELS, HEIGHT, WIDTH]");
}

/**
 * @param memory rows that stand in the place of the config's files
 * @throws {UserError} on a missing, malformed or unprepared file, unlike widths, no columns, or no row for training
 */
export function openSource(
  data: DataConfig,
  memory: MemoryRows | null = null,
  { evaluated = false, prepared }: OpenOptions = {},
): Source {
  const files: ChunkFile[] = [];
  let firstRow = 0;
  let nnz = 0;
  const partRows = { train: 0, validation: 0, test: 0 };
  if (memory !== null && data.steps.length > 0) {
    throw new UserError("data.steps", "are for files, but the rows come from memory", "remove data.steps");
  }
  const listed = chunkFiles(data, memory, prepared);
  for (const chunk of listed.chunks) {
    const { path, name, offset, part } = chunk;
    const info = headerOf(chunk, data.format);
    if (files[0]) requireAlike(path, info, files[0]);
    const key = fileKey(name) + offset;
    const parts = partsOf(data.split, part, key, info.rows);
    for (const name of PARTS) partRows[name] += parts[name].length;
    const memory = chunk.memory ? { memory: chunk.memory } : {};
    const place = chunk.place ? { place: { ...chunk.place, rows: info.rows, firstRow: offset } } : {};
    const shape = listed.names.shape === null ? {} : { shape: listed.names.shape };
    files.push({ index: files.length, path, name, offset, key, ...memory, ...place, ...shape, firstRow, info, parts });
    firstRow += info.rows;
    nnz += info.nnz;
  }
  if (files[0]?.info.columns === 0) {
    throw new UserError(files[0].path, "has 0 columns, so there is nothing to learn", "name a file with columns");
  }
  if (firstRow === 0) {
    throw new UserError(
      data.path,
      `has no rows: ${pluralText(files.length, "file")} with 0 rows`,
      "name a file with rows",
    );
  }
  if (partRows.train === 0 && !evaluated) {
    throw new UserError(
      "data.split",
      `leaves no rows for training: there are ${firstRow} rows in ${pluralText(files.length, "file")}`,
      "raise data.split.train, or list files under it",
    );
  }
  const { dense, columns } = files[0]!.info;
  requireForRandom(data, dense, data.shape ?? listed.names.shape);
  const given = memory?.names({ rows: firstRow, columns });
  const names = given ?? { ...listed.names, labels: null, batch: null };
  const { rowNames, labels, batch } = names;
  // A file of names has all columns, also those that steps leave out.
  const hasAll = listed.steps !== null && isOfCounts(listed.steps);
  const isOverridden = given === undefined && data.column_names !== null && !hasAll;
  const columnNames = isOverridden ? null : names.columnNames;
  const { rowTables, shape, rateHz, keptRows } = listed.names;
  const tables = {
    columnNames,
    rowNames,
    labels,
    batch,
    rowTables,
    shape,
    rateHz,
    keptRows,
    steps: listed.steps,
    made: listed.made,
  };
  const none = { rowWeights: null, columnWeights: null, categoryNames: null }; // row_files.ts reads them
  return { files, columns, rows: firstRow, nnz, dense, partRows, ...tables, ...none };
}

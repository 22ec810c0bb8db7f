/** Inspects given data: files, sizes and, from a sample of the rows, the kind of values. */
import { dirname, join } from "@std/path";
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk, type ChunkHeader } from "../../ffi/chunk.ts";
import type { DataFormat } from "../config/data_formats.ts";
import { UserError } from "../errors.ts";
import { toUser } from "../paths.ts";
import { isPrepared, readPrepared } from "./data_json.ts";
import { dataFiles, naturally } from "./files.ts";
import { inspectSources } from "./inspect_source.ts";
import { locate, type Place, SeveralData, type SourcePlace } from "./locate.ts";
import { copiedChunks } from "./placed.ts";
import { joinedNames, openPrepared, sourcesOf } from "./prepared.ts";
import type { Member, OpenSource, ReaderOptions } from "./readers/reader.ts";
import { type Portrait, PortraitMaker } from "./portrait.ts";
import { SAMPLE_ROWS, SAMPLE_VALUES, type ValueSample, ValueTally } from "./value_sample.ts";
import { adviceOn } from "../formats/kind_advice.ts";
import { axesOfArrays, kindOf } from "../formats/kinds.ts";
import { dataError, openError } from "./source.ts";

/** The largest number of files over which the rows that are read are spread. */
const SAMPLE_FILES = 5;

export interface Inspection {
  readonly format: DataFormat;
  /** The file or folder that the config names; a single file if its folder has other arrays as well. */
  readonly path: string;
  readonly files: readonly string[];
  readonly rows: number;
  readonly columns: number;
  readonly dataType: string;
  readonly sample: ValueSample;
  /** Of a source that has to be prepared: what its reader tells. */
  readonly source?: SourceView;
  /** What is drawn of the rows that were read, where it was asked for. */
  readonly portrait?: Portrait | null;
}

export interface SourceView {
  readonly sources: number;
  /** Of a dense row, channels first. */
  readonly shape: readonly number[] | null;
  readonly rate_hz: number | null;
  readonly members: readonly Member[];
  readonly notes: readonly string[];
  readonly rowNames: readonly string[] | null;
  readonly columnNames: readonly string[] | null;
  /** What the reader concluded, where nothing was said. */
  readonly concluded?: OpenSource["concluded"];
  /** Columns of text about the rows. */
  readonly tables: readonly (readonly [name: string, values: readonly string[]])[];
}

interface Looked {
  readonly path: string;
  readonly header: ChunkHeader;
}

const EXTENSIONS = { ".npz": "csr_npz", ".npy": "dense_npy" } as const;

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** Folders below that contain data, for the hint about a folder that has none. */
function foldersWithData(path: string): string[] {
  const hasData = (folder: string) => {
    try {
      return [...Deno.readDirSync(folder)].some(({ name }) => /\.np[zy]$/.test(name));
    } catch {
      return false;
    }
  };
  return [...Deno.readDirSync(path)].filter((entry) => entry.isDirectory).map(({ name }) => join(path, name))
    .filter(hasData).sort();
}

/** The files that a file, folder or glob names. */
function filesOf(path: string): string[] {
  if (!isFolder(path)) return dataFiles(path, toUser(path), "");
  if (isPrepared(path)) return preparedFiles(path);
  const names = [...Deno.readDirSync(path)].filter((entry) => !entry.isDirectory && !entry.name.startsWith("."))
    .map((entry) => entry.name);
  const there = Object.keys(EXTENSIONS).filter((extension) => names.some((name) => name.endsWith(extension)));
  if (there.length === 1) return dataFiles(path, "DATA", there[0]!);
  if (there.length > 1) {
    throw new UserError(
      path,
      "the folder has both .npz and .npy files",
      `name those of the data, e.g. '${join(path, "*.npz")}'`,
    );
  }
  const whole = kindOf(path);
  if (whole) throw new UserError(path, `is ${whole.name}, which is not read`, adviceOn(whole));
  const [below] = foldersWithData(path);
  if (below) throw new UserError(path, "the folder has no .npz or .npy file", `did you mean ${below}?`);
  const first = names.sort(naturally)[0];
  const kind = first === undefined ? undefined : kindOf(join(path, first));
  const what = kind ? `but ${first}, which is ${kind.name}` : names.length === 0 ? "and no other file" : `but ${first}`;
  throw new UserError(path, `the folder holds no .npz or .npy file, ${what}`, kind && adviceOn(kind));
}

/** Reads a header; null for an array that is not a matrix, if there may be others. */
function peek(path: string, isAlone: boolean): ChunkHeader | null {
  try {
    return Chunk.peek(path);
  } catch (error) {
    if (isAlone || !path.endsWith(".npy")) throw openError(error, path);
    return null;
  }
}

/**
 * The arrays of a folder that are the data, i.e. the widest ones. An array of labels with one column may be beside
 * them.
 */
function matrices(path: string, files: readonly string[]): { path: string; looked: Looked[] } {
  const all = files.flatMap((file): Looked[] => {
    const header = peek(file, files.length === 1);
    return header ? [{ path: file, header }] : [];
  });
  const widest = Math.max(0, ...all.map(({ header }) => header.columns));
  const looked = all.filter(({ header }) => header.columns === widest);
  if (looked.length === files.length) return { path, looked };
  const others = all.filter(({ header }) => header.columns < widest);
  if (looked.length === 1 && others.every(({ header }) => header.dense && header.columns <= 1)) {
    return { path: looked[0]!.path, looked };
  }
  throw new UserError(
    path,
    `the files have different numbers of columns: ${looked.length} have ${widest}, ${
      files.length - looked.length
    } differ`,
    "name the files of the data with a glob",
  );
}

/** At most `most` row numbers of `rows`, evenly spread. */
function spread(rows: number, most: number): Uint32Array<ArrayBuffer> {
  const count = Math.min(rows, most);
  return Uint32Array.from({ length: count }, (_, i) => Math.floor((i + 0.5) * rows / count));
}

async function tallyOf(looked: readonly Looked[], columns: number, drawn: boolean): Promise<ValueTally> {
  const chosen = [...spread(looked.length, SAMPLE_FILES)].map((index) => looked[index]!);
  const tally = new ValueTally(drawn ? new PortraitMaker(columns) : null);
  for (const { path, header } of chosen) {
    const dense = header.dense ? columns : Math.max(1, header.nnz / Math.max(1, header.rows));
    const most = Math.max(1, Math.floor(Math.min(SAMPLE_ROWS, SAMPLE_VALUES / dense) / chosen.length));
    if (header.rows === 0) continue;
    try {
      using chunk = await Chunk.open(path);
      using batches = new BatchCreator([chunk], 1, 1, {
        batchSize: Math.min(64, most),
        rows: spread(header.rows, most),
      });
      for await (const batch of batches) {
        for (let row = 0; row < batch.rows; row++) {
          tally.add(batch.target, batch.rowPtr[row]!, batch.rowPtr[row + 1]!, batch.columns);
        }
      }
    } catch (error) {
      throw dataError(error);
    }
  }
  return tally;
}

export interface InspectOptions extends ReaderOptions {
  readonly format?: DataFormat;
  /** Whether there is a portrait, too. */
  readonly portrait?: boolean;
}

/**
 * Looks at a file, a folder or a glob of data.
 * @throws {UserError} if there are none, or if their kinds or widths differ
 */
export async function inspectData(given: string, options: InspectOptions = {}): Promise<Inspection> {
  const path = options.format === undefined ? arrayAmongLists(given) ?? given : given;
  const sources = sourcesIn(path, options.format ?? "auto");
  return sources === null ? await inspectChunks(path, options) : await inspectSources(path, sources, options);
}

/** Files of a folder that may be an array and lists beside it. */
const LISTS_MAX = 16;

/** The only array of several axes in a folder of arrays, beside which there are lists, such as labels; else null. */
function arrayAmongLists(path: string): string | null {
  if (!isFolder(path)) return null;
  const names = [...Deno.readDirSync(path)].map(({ name }) => name).filter((name) => !name.startsWith("."));
  if (names.length < 2 || names.length > LISTS_MAX || !names.every((name) => name.endsWith(".npy"))) return null;
  const axes = axesOfArrays(names.map((name) => join(path, name)));
  if (axes?.filter((count) => count > 1).length !== 1) return null;
  return join(path, names[axes.findIndex((count) => count > 1)]!);
}

/** The sources that a path names; null where it names chunks. */
function sourcesIn(given: string, format: DataFormat): SourcePlace[] | null {
  let places: Place[];
  try {
    places = locate(given, toUser(given), format);
  } catch (error) {
    if (!(error instanceof UserError) || error instanceof SeveralData || format !== "auto" || !isFolder(given)) {
      throw error;
    }
    return null; // a look at a folder without data tells where there are some
  }
  const sources = places.filter((place) => place.kind === "source");
  return sources.length === places.length && sources.length > 0 ? sources : null;
}

/** The chunks of a prepared data set, in order. */
function preparedFiles(folder: string): string[] {
  return readPrepared(folder)!.sources.flatMap(({ chunks }) =>
    copiedChunks(chunks).map(({ file }) => join(folder, file))
  );
}

/** What data.json of a prepared data set tells. */
function preparedView(folder: string): SourceView {
  const set = openPrepared(folder, readPrepared(folder)!);
  const { data } = set;
  const { columnNames, rowNames, rowTables } = joinedNames(sourcesOf(set));
  return {
    sources: data.sources.length,
    shape: data.shape,
    rate_hz: data.rate_hz,
    members: [],
    notes: data.sources.flatMap(({ name, notes }) => notes.map((text) => `${name}: ${text}`)),
    rowNames,
    columnNames,
    tables: [...rowTables],
  };
}

async function inspectChunks(given: string, { portrait = false }: InspectOptions): Promise<Inspection> {
  const view = isFolder(given) && isPrepared(given) ? { source: preparedView(given) } : {};
  const { path, looked } = matrices(given, filesOf(given));
  const [first] = looked;
  const other = looked.find(({ header }) => header.dense !== first!.header.dense);
  if (other) {
    throw new UserError(
      given,
      `${first!.path} and ${other.path} are of different kinds`,
      "name either the .npz or the .npy files",
    );
  }
  const { columns, dense, dataType } = first!.header;
  const rows = looked.reduce((sum, { header }) => sum + header.rows, 0);
  if (rows === 0 || columns === 0) {
    throw new UserError(path, `has ${rows} rows and ${columns} columns`, "name data that have both rows and columns");
  }
  const tally = await tallyOf(looked, columns, portrait);
  return {
    format: dense ? "dense_npy" : "csr_npz",
    path,
    files: looked.map(({ path }) => path),
    rows,
    columns,
    dataType,
    sample: tally.sample(columns),
    ...view,
    ...portrait ? { portrait: tally.portrait!.portrait() } : {},
  };
}

/** The folders in which files that belong to the data may lie: the data's own and the one above. */
export function foldersNear({ files }: Inspection): string[] {
  const own = dirname(files[0]!);
  return [...new Set([own, dirname(own)])];
}

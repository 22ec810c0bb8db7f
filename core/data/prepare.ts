/**
 * Makes chunks and data.json of sources: a reader gives the rows of a source in blocks, and they are written into a folder that
 * appears whole or not at all.
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "@std/path";
import { MalformedError, UserError } from "../errors.ts";
import { countText, percentText } from "../figures.ts";
import { makeFolder, removeQuietly, syncFolder, uniqueSuffix, writeAtomically } from "../formats/file.ts";
import { attempt } from "../formats/io_error.ts";
import { writeJsonAtomic } from "../runs/atomic.ts";
import { ChunkWriter } from "./chunk_writer.ts";
import { type Fitted, fittedText, STEPS_FILE } from "./fitted.ts";
import {
  type FileRecord,
  type Made,
  newPrepared,
  PREPARED_FILE,
  type PreparedData,
  type SourceRecord,
} from "./data_json.ts";
import type { SourcePlace } from "./locate.ts";
import { placedChunks } from "./placed.ts";
import { openPlace } from "./open_place.ts";
import { stepped } from "./stepped.ts";
import { type Block, type OpenSource, OutOfOrder, type ReaderOptions } from "./readers/reader.ts";

export interface PreparingProgress {
  /** The source that is read. */
  readonly name: string;
  readonly done: number;
  readonly rows: number;
}

export interface PrepareOptions extends ReaderOptions {
  /** What is done with each record of a signal, as `data.steps` lists it. */
  readonly steps?: readonly unknown[];
  /** Steps with what they concluded, which are kept beside the rows. Those for counts the sources have been through already. */
  readonly fitted?: Fitted;
  /** Kept in data.json: how the rows are made of their sources. */
  readonly made?: Made;
  /** Whether dense rows stay dense, since the config gives them a shape. */
  readonly dense?: boolean;
  /** Whether dense rows are stored as sparse ones, since those of another source of the data set are. */
  readonly sparse?: boolean;
  /** Whether dense rows that lie in files as they are stay there, so that the data set holds no copy of them. */
  readonly inPlace?: boolean;
  readonly progress?: (progress: PreparingProgress) => void;
  readonly note?: (text: string) => void;
  readonly chunkBytes?: number;
}

/** Rows that a reader gives at a time. */
const BLOCK_ROWS = 4096;
/** A table with at least this share of zeros is stored as sparse rows. */
const SPARSE_SHARE = 0.7;

/** The start of the name of a folder in which a data set is being made. */
const unfinishedStart = (folder: string) => `.${basename(folder)}.`;
const UNFINISHED_END = ".part";

/** Removes what processes left that were killed while they prepared this folder. Only under its lock. */
export async function clearUnfinished(folder: string): Promise<void> {
  const start = unfinishedStart(folder);
  let names: string[];
  try {
    names = [...Deno.readDirSync(dirname(folder))].map(({ name }) => name);
  } catch {
    return; // there is no such folder yet
  }
  for (const name of names) {
    if (name.startsWith(start) && name.endsWith(UNFINISHED_END)) await removeQuietly(join(dirname(folder), name));
  }
}

/**
 * Reads sources into a new folder.
 * @param folder must not exist, or be an earlier data set, which is then replaced
 * @throws {UserError} where a source cannot be read, their columns differ, or nothing can be written; nothing is left behind
 */
export async function prepareInto(
  folder: string,
  places: readonly SourcePlace[],
  options: PrepareOptions,
): Promise<PreparedData> {
  await makeFolder(dirname(folder));
  const work = join(dirname(folder), `${unfinishedStart(folder)}${uniqueSuffix()}${UNFINISHED_END}`);
  try {
    await makeFolder(work);
    const data = await inAnyOrder(work, places, options);
    await writeJsonAtomic(join(work, PREPARED_FILE), data);
    await syncFolder(work);
    await attempt(folder, "put the prepared data there", async () => {
      await Deno.remove(folder, { recursive: true }).catch(() => {});
      await Deno.rename(work, folder);
    });
    await syncFolder(dirname(folder));
    return data;
  } catch (error) {
    await removeQuietly(work);
    throw error instanceof MalformedError ? error.ofData() : error;
  }
}

/** Reads sources as they come, and once more with sorting where their rows are out of order. */
async function inAnyOrder(
  work: string,
  places: readonly SourcePlace[],
  options: PrepareOptions,
): Promise<PreparedData> {
  try {
    return await prepareAll(work, places, { ...options, scratch: work });
  } catch (error) {
    if (!(error instanceof OutOfOrder)) throw error;
    await removeQuietly(work);
    await makeFolder(work);
    return await prepareAll(work, places, { ...options, scratch: work, anyOrder: true });
  }
}

/** What all sources of a data set share, as the first one has it. */
interface Common {
  readonly path: string;
  readonly columns: number;
  readonly sparse: boolean;
  readonly shape: readonly number[] | null;
  readonly rate: number | null;
  readonly names: readonly string[] | null;
}

async function prepareAll(
  work: string,
  places: readonly SourcePlace[],
  options: PrepareOptions,
): Promise<PreparedData> {
  const begun = performance.now();
  const sources: SourceRecord[] = [];
  let common: Common | null = null;
  for (const place of places) {
    const read = await openPlace(place, options);
    let open: OpenSource;
    try {
      open = stepped(place.path, read, options.steps ?? [], options.fitted);
    } catch (error) {
      read.close();
      throw error;
    }
    try {
      common = await oneSource(work, place, open, common, sources, options);
    } finally {
      open.close();
    }
  }
  const { columns, sparse, shape, rate, names } = common!;
  return newPrepared({
    format: sparse ? "csr_npz" : "dense_npy",
    columns,
    shape: sparse ? null : shape,
    rate_hz: rate,
    sources,
    column_names: names === null ? null : await writeNames(work, "columns.json", names),
    ...options.fitted === undefined ? {} : { steps: await writeText(work, STEPS_FILE, fittedText(options.fitted)) },
    ...options.made === undefined ? {} : { made: options.made },
    seconds: (performance.now() - begun) / 1000,
  });
}

/** Writes the chunks and names of one source, and adds its record to `sources`. */
async function oneSource(
  work: string,
  { path, name, reader }: SourcePlace,
  open: OpenSource,
  common: Common | null,
  sources: SourceRecord[],
  options: PrepareOptions,
): Promise<Common> {
  if (open.columns === 0) throw new UserError(path, "has 0 columns, so there is nothing to learn");
  const blocks = open.read(BLOCK_ROWS)[Symbol.asyncIterator]();
  const next = await blocks.next();
  const notes = [...open.notes];
  const mine = common ?? commonOf(path, open, next.done ? null : next.value, options, notes);
  requireAlike(path, open, mine);
  const places = options.inPlace && !mine.sparse && open.rows > 0 ? open.places : undefined;
  if (places) await blocks.return?.();
  const chunks = places
    ? placedChunks(places, open.columns, options.chunkBytes)
    : await writtenChunks(work, path, name, { open, mine, sources, blocks, first: next }, options);
  const number = String(sources.length).padStart(6, "0");
  const hasNames = open.rowNames !== null || open.rowTables.size > 0 || open.keptRows !== undefined;
  const tables = Object.fromEntries(open.rowTables);
  const names = { names: open.rowNames, tables, ...open.keptRows === undefined ? {} : { kept: open.keptRows } };
  sources.push({
    name,
    path,
    format: reader.format,
    member: options.member ?? null,
    rows: open.rows,
    chunks,
    row_names: hasNames ? await writeNames(work, `rows-${number}.json`, names) : null,
    notes,
  });
  for (const text of notes) options.note?.(`${name}: ${text}`);
  return mine;
}

interface Writing {
  readonly open: OpenSource;
  readonly mine: Common;
  readonly sources: readonly SourceRecord[];
  readonly blocks: AsyncIterator<Block>;
  readonly first: IteratorResult<Block>;
}

/** Writes the rows of a source as chunks. */
async function writtenChunks(
  work: string,
  path: string,
  name: string,
  { open, mine, sources, blocks, first }: Writing,
  options: PrepareOptions,
) {
  let next = first;
  const writer = new ChunkWriter(work, {
    columns: open.columns,
    sparse: mine.sparse,
    firstChunk: sources.reduce((sum, { chunks }) => sum + chunks.length, 0),
    path,
    rowNames: open.rowNames,
    columnNames: open.columnNames,
    chunkBytes: options.chunkBytes,
  });
  try {
    for (; !next.done; next = await blocks.next()) {
      await writer.add(next.value);
      options.progress?.({ name, done: writer.rows, rows: open.rows });
    }
  } finally {
    await blocks.return?.();
  }
  if (writer.rows !== open.rows) {
    throw new UserError(path, `has ${countText(writer.rows)} rows, but says ${countText(open.rows)}`, "make it again");
  }
  return await writer.finish();
}

function commonOf(
  path: string,
  { columns, sparse, shape, rate, columnNames }: OpenSource,
  first: Block | null,
  { dense = false, sparse: asSparse = false }: PrepareOptions,
  notes: string[],
): Common {
  const common = { path, columns, sparse, shape: shape ?? null, rate: rate ?? null, names: columnNames };
  if (sparse && dense) return { ...common, sparse: false };
  if (asSparse) return { ...common, sparse: true };
  if (sparse || dense || shape !== undefined || first === null || !("values" in first)) return common;
  const zeros = first.values.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0) / Math.max(1, first.values.length);
  if (zeros < SPARSE_SHARE) return common;
  notes.push(`${percentText(zeros)} of the values are zero, so it is stored as sparse rows`);
  return { ...common, sparse: true };
}

function requireAlike(path: string, open: OpenSource, common: Common): void {
  if (open.columns !== common.columns) {
    throw new UserError(
      path,
      `has ${countText(open.columns)} columns, but ${common.path} has ${countText(common.columns)}`,
      "all sources of a data set must have the same columns",
    );
  }
  const { columnNames } = open;
  if (columnNames === null || common.names === null) return;
  const at = columnNames.findIndex((name, column) => name !== common.names![column]);
  if (at < 0) return;
  throw new UserError(
    path,
    `column ${at} is ${JSON.stringify(columnNames[at])}, but that of ${common.path} is ${
      JSON.stringify(common.names[at])
    }`,
    "all sources of a data set must have the same columns in the same order",
  );
}

/** Compact JSON, since there may be millions of names. */
const writeNames = (folder: string, file: string, value: unknown) => writeText(folder, file, JSON.stringify(value));

async function writeText(folder: string, file: string, text: string): Promise<FileRecord> {
  const bytes = new TextEncoder().encode(text);
  await writeAtomically(join(folder, file), (out) => out.write(bytes));
  return { file, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

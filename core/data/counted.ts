/**
 * Data sets whose rows went through the steps for counts. Their sources are prepared without steps first, as everything else, and
 * the steps are made from these chunks: what they have to know of all rows is concluded once, and kept beside them in the cache.
 * It is concluded from all rows, whatever part they belong to, so that it depends neither on the seed nor on the split, and one
 * preparation serves all runs of a sweep; where the config lists files for each part, from the files of the training part.
 */
import { basename, join } from "@std/path";
import type { DataConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { ioError } from "../formats/io_error.ts";
import { readColumnNames } from "./annotations.ts";
import { type CacheOptions, keptIn } from "./cache_folder.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { concludedOnce, hashOf, knownOf, STEPS_VERSION } from "./concluded.ts";
import { columnsFor, fitSteps } from "./counts/fitted.ts";
import { type Fitted, fittedHash } from "./fitted.ts";
import { readCountSteps } from "./counts/mod.ts";
import { countedRows, type RawSource } from "./counts/rows.ts";
import type { Listed } from "./list.ts";
import type { SourcePlace } from "./locate.ts";
import { copiedChunks } from "./placed.ts";
import { prepareInto } from "./prepare.ts";
import type { Prepared, PreparedSet } from "./prepared.ts";
import { rawRows } from "./raw_rows.ts";
import { openError } from "./source.ts";

/** The data sets before the steps. */
export interface Raw {
  source(place: SourcePlace): Promise<PreparedSet>;
  given(folder: string): Promise<PreparedSet>;
}

/** What is at one path of the data. */
interface RawPlace {
  readonly listed: Listed;
  readonly sources: readonly RawSource[];
  /** What tells this state of it from another. */
  readonly key: string;
}

/** @throws {UserError} where a step cannot take the rows, or the cache cannot be written */
export async function counted(
  listed: readonly Listed[],
  data: DataConfig,
  options: CacheOptions,
  raw: Raw,
): Promise<Prepared> {
  if (data.shape !== null) {
    throw new UserError("data.steps", "are for counts, but data.shape gives the rows a shape", "remove one of the two");
  }
  readCountSteps(data.steps); // so that mistakes are told before anything is prepared
  const places: RawPlace[] = [];
  for (const each of listed) places.push(await rawPlace(each, data, raw));
  const fitted = knownOf(options, true) ?? await concluded();
  const sets = new Map<string, PreparedSet>();
  for (const place of places) sets.set(place.listed.path, await stepsOf(place, fitted, data, options));
  return sets;

  async function concluded(): Promise<Fitted> {
    const learned = places.filter(({ listed: { part } }) => part === null || part === "train");
    const sources = learned.flatMap(({ sources }) => sources);
    return await concludedOnce(
      learned.map(({ key }) => key),
      data,
      options,
      () => conclude(data.steps, sources, options.note),
    );
  }
}

async function rawPlace(listed: Listed, data: DataConfig, raw: Raw): Promise<RawPlace> {
  if (listed.kind === "memory") throw new Error("rows in memory have no steps");
  if (listed.kind === "chunk") {
    const { rows, columns, dense } = headerOf(listed.path, data.format);
    const { size, mtime } = statOf(listed.path);
    const columnNames = await readColumnNames(data.column_names, columns);
    const tables = { names: null, tables: {} };
    const chunks = [listed.path];
    const source = { name: listed.name, path: listed.path, rows, columns, dense, chunks, columnNames, tables };
    return { listed, sources: [source], key: hashOf([listed.name, size, mtime?.getTime(), columnNames]) };
  }
  const set = listed.kind === "source" ? await raw.source(listed) : await raw.given(listed.path);
  if (set.data.shape !== null && set.data.shape.length > 1) {
    const what = `are for counts, but the rows of ${listed.path} have the shape [${set.data.shape.join(", ")}]`;
    throw new UserError("data.steps", what, "remove data.steps");
  }
  if ((set.data.made?.steps.length ?? 0) > 0) {
    const what = `are set, but ${listed.path} was imported with steps of its own`;
    throw new UserError("data.steps", what, "import it with all steps, or without any");
  }
  const columnNames = data.column_names === null
    ? set.columnNames
    : await readColumnNames(data.column_names, set.data.columns);
  const sources = rawSources(set, listed.kind === "source" ? listed.name : null, columnNames);
  const content = set.data.sources.map(({ name, chunks }) => [name, copiedChunks(chunks).map(({ sha256 }) => sha256)]);
  return { listed, sources, key: hashOf([content, columnNames]) };
}

/** The rows of a data set before the steps. @param name of its only source; null for the names in the data set */
export function rawSources(
  set: PreparedSet,
  name: string | null,
  columnNames: readonly string[] | null,
): RawSource[] {
  return set.data.sources.map((source, at): RawSource => ({
    name: name ?? source.name,
    path: source.path,
    rows: source.rows,
    columns: set.data.columns,
    dense: set.data.format === "dense_npy",
    chunks: copiedChunks(source.chunks).map(({ file }) => join(set.folder, file)),
    columnNames,
    tables: set.rows[at]!,
  }));
}

/** Concludes what the steps have to know of all rows. @throws {UserError} where sources differ in their columns */
export function conclude(
  steps: readonly unknown[],
  sources: readonly RawSource[],
  note: (text: string) => void = () => {},
): Promise<Fitted> {
  return fitSteps(readCountSteps(steps), {
    columns: requireSameColumns(sources),
    columnNames: sources[0]!.columnNames,
    rows: async function* () {
      for (const { chunks } of sources) for (const chunk of chunks) yield* rawRows(chunk);
    },
  }, note);
}

/** Sources whose rows are those after the steps. @param format of the record in data.json */
export function steppedPlaces(sources: readonly RawSource[], fitted: Fitted, format: string): SourcePlace[] {
  return sources.map((source): SourcePlace => ({
    kind: "source",
    path: source.path,
    name: source.name,
    files: [],
    reader: {
      format,
      about: "rows after data.steps",
      claims: () => false,
      open: () => countedRows(source, fitted, columnsFor(fitted, source.columnNames, source.columns, source.path)),
    },
  }));
}

function headerOf(path: string, format: DataConfig["format"]) {
  try {
    return Chunk.peek(path);
  } catch (error) {
    throw openError(error, path, format);
  }
}

function statOf(path: string): Deno.FileInfo {
  try {
    return Deno.statSync(path);
  } catch (cause) {
    throw ioError(path, "read", cause);
  }
}

/** The number of columns. @throws {UserError} where sources differ in them */
function requireSameColumns(sources: readonly RawSource[]): number {
  const [first] = sources;
  if (first === undefined) throw new UserError("data.split.train", "lists no files", "list one");
  for (const { path, columns, columnNames } of sources) {
    if (columns !== first.columns) {
      const what = `has ${countText(columns)} columns, but ${first.path} has ${countText(first.columns)}`;
      throw new UserError(path, what, "all sources of a data set must have the same columns");
    }
    const at = columnNames?.findIndex((name, column) => name !== first.columnNames?.[column]) ?? -1;
    if (at < 0 || first.columnNames === null) continue;
    const what = `column ${at} is ${JSON.stringify(columnNames![at])}, but that of ${first.path} is ${
      JSON.stringify(first.columnNames[at])
    }`;
    throw new UserError(path, what, "all sources of a data set must have the same columns in the same order");
  }
  return first.columns;
}

/** The rows of one place after the steps, in the cache. */
async function stepsOf(
  { listed, sources, key }: RawPlace,
  fitted: Fitted,
  data: DataConfig,
  options: CacheOptions,
): Promise<PreparedSet> {
  const hash = hashOf([STEPS_VERSION, listed.path, key, fittedHash(fitted)]);
  const plain = basename(listed.path).replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "").slice(0, 60) || "data";
  const folder = join(options.folder(), `${plain}-steps-${hash}`);
  const made = { path: listed.path, name: listed.name, doing: "data.steps make its rows", stage: "after data.steps" };
  return await keptIn(folder, made, data.cache, options, () => {
    const places = steppedPlaces(sources, fitted, "steps");
    return prepareInto(folder, places, { fitted, progress: options.progress, note: options.notes?.said });
  });
}

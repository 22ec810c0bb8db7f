/**
 * The cache of prepared data: a folder for each source, found by a hash of all that its rows depend on. A source that was
 * written again has another hash, so it is prepared again.
 */
import { createHash } from "node:crypto";
import { basename, join } from "@std/path";
import { UserError } from "../errors.ts";
import { bytesText } from "../figures.ts";
import { makeFolder } from "../formats/file.ts";
import { ioError } from "../formats/io_error.ts";
import type { DataConfig } from "../config/types.ts";
import { faultOf, filesOf, type PreparedData, readPrepared } from "./data_json.ts";
import { listFiles } from "./list.ts";
import type { SourcePlace } from "./locate.ts";
import { clearUnfinished, prepareInto, type PreparingProgress } from "./prepare.ts";
import { openPrepared, type Prepared, type PreparedSet } from "./prepared.ts";
import { READERS_VERSION } from "./readers/mod.ts";

export interface CacheOptions {
  /** The folder of the cache; asked for where it is needed. */
  readonly folder: () => string;
  readonly note?: (text: string) => void;
  readonly warn?: (text: string) => void;
  readonly progress?: (progress: PreparingProgress) => void;
  /** Only finds what is prepared already. */
  readonly find?: boolean;
}

const HASH_DIGITS = 20;

/** Of a source of which preparing took longer than this, the next start says what it saved. */
const TOLD_SECONDS = 0.5;

/** The name of a source's folder in the cache: as the source, with a hash. @param sparse whether it has to be sparse rows */
export function cacheName(place: SourcePlace, data: DataConfig, sparse = false): string {
  const hash = createHash("sha256");
  const { reader, path, files } = place;
  hash.update(JSON.stringify([READERS_VERSION, reader.format, path, data.member, data.reader, data.shape !== null]));
  if (sparse) hash.update("sparse");
  if (data.steps.length > 0) hash.update(JSON.stringify(data.steps));
  for (const file of files) {
    try {
      const { size, mtime } = Deno.statSync(file);
      hash.update(JSON.stringify([file, size, mtime?.getTime()]));
    } catch (cause) {
      throw ioError(file, "read", cause);
    }
  }
  const plain = basename(path).replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "").slice(0, 60);
  return `${plain || "data"}-${hash.digest("hex").slice(0, HASH_DIGITS)}`;
}

/**
 * Prepares every source that a config names and that is not prepared yet, and opens the data sets.
 * @throws {UserError} where a source cannot be read or the cache cannot be written
 */
export async function prepareData(data: DataConfig, options: CacheOptions): Promise<Prepared> {
  const sets = new Map<string, PreparedSet>();
  if (data.format === "memory") return sets;
  for (const listed of listFiles(data)) {
    if (data.steps.length > 0) requireSource(listed);
    if (listed.kind === "prepared") sets.set(listed.path, await openGiven(listed.path));
    else if (listed.kind === "source") sets.set(listed.path, await cached(listed, data, options));
  }
  return await alike(sets, data, options);
}

/** Steps are for what is prepared. */
function requireSource({ kind, path }: { readonly kind: string; readonly path: string }): void {
  if (kind === "source") return;
  const [what, hint] = kind === "prepared"
    ? ["has been imported already", "name its source, or import it with these steps in mind"]
    : ["is trained on as it is", "set data.format: numpy, so that it is prepared, or remove data.steps"];
  throw new UserError("data.steps", `cannot be done with ${path}, which ${what}`, hint);
}

/** Tables of which some are stored as sparse rows, and others as dense ones, are all stored as sparse rows. */
async function alike(sets: Map<string, PreparedSet>, data: DataConfig, options: CacheOptions): Promise<Prepared> {
  const isSparse = (set: PreparedSet) => set.data.format === "csr_npz";
  if (data.shape !== null || ![...sets.values()].some(isSparse)) return sets;
  for (const listed of listFiles(data)) {
    const set = sets.get(listed.path);
    if (listed.kind !== "source" || set === undefined || isSparse(set) || set.data.shape !== null) continue;
    sets.set(listed.path, await cached(listed, data, options, true));
  }
  return sets;
}

/** A data set that the user names. */
async function openGiven(folder: string): Promise<PreparedSet> {
  const data = readPrepared(folder)!;
  const fault = await faultOf(folder, data);
  if (fault !== null) {
    throw new UserError(folder, `is damaged: ${fault}`, "import it again: narrows data import SOURCE --output FOLDER");
  }
  return openPrepared(folder, data);
}

/** A source's data set in the cache, which is made where it is not there. */
async function cached(
  place: SourcePlace,
  data: DataConfig,
  options: CacheOptions,
  sparse = false,
): Promise<PreparedSet> {
  const { note } = options;
  const cache = options.folder();
  const folder = join(cache, cacheName(place, data, sparse));
  const isWanted = data.cache !== "refresh" || options.find === true;
  if (isWanted) {
    const found = await sound(folder, options);
    if (found) {
      const { seconds } = found.data;
      if (seconds > TOLD_SECONDS) {
        note?.(`${place.name}: prepared before, which saves ${seconds.toFixed(1)} s (${folder})`);
      }
      return found;
    }
  }
  if (options.find) throw new UserError(place.path, "has not been prepared yet", "train prepares it");
  if (data.cache === "readonly") {
    throw new UserError(
      "data.cache: readonly",
      `${place.path} is not in the cache ${cache}`,
      "set data.cache: auto",
    );
  }
  const asked = Date.now();
  using _lock = await locked(folder, () => note?.(`${place.name}: another process prepares it; waiting for that`));
  if (isWanted || preparedSince(folder, asked)) {
    const found = await sound(folder, {});
    if (found) return found; // made while this process waited
  }
  await clearUnfinished(folder);
  for (const text of earlierCopies(cache, folder, place)) note?.(text);
  note?.(`${place.name}: preparing it for training in ${folder}`);
  const made = await prepareInto(folder, [place], {
    member: data.member ?? undefined,
    settings: data.reader,
    steps: data.steps,
    dense: data.shape !== null,
    sparse,
    progress: options.progress,
    note,
  });
  note?.(`${place.name}: ${sizeText(made)}`);
  return openPrepared(folder, made);
}

/** What is said of data sets that were prepared of an earlier state of the source, since the cache keeps them. */
function earlierCopies(cache: string, folder: string, { path, name }: SourcePlace): string[] {
  const start = basename(folder).slice(0, -HASH_DIGITS);
  const texts: string[] = [];
  for (const entry of Deno.readDirSync(cache)) {
    const other = join(cache, entry.name);
    if (!entry.isDirectory || other === folder || !entry.name.startsWith(start)) continue;
    try {
      const data = readPrepared(other);
      if (data === null || data.sources[0]?.path !== path) continue;
      const bytes = filesOf(data).reduce((sum, { bytes }) => sum + bytes, 0);
      texts.push(`${name}: also prepared with other settings or of an earlier state, ${bytesText(bytes)} in ${other}`);
    } catch { /* damaged: it is nobody's */ }
  }
  return texts.slice(0, 3);
}

export function sizeText(data: PreparedData): string {
  const bytes = filesOf(data).reduce((sum, { bytes }) => sum + bytes, 0);
  const chunks = data.sources.reduce((sum, { chunks }) => sum + chunks.length, 0);
  return `prepared in ${data.seconds.toFixed(1)} s, ${chunks} ${chunks === 1 ? "chunk" : "chunks"}, ${
    bytesText(bytes)
  }`;
}

function preparedSince(folder: string, time: number): boolean {
  try {
    return (Deno.statSync(join(folder, "data.json")).mtime?.getTime() ?? 0) >= time;
  } catch {
    return false;
  }
}

/** The data set of a folder if it is whole; null, with a warning, where it is damaged, and where there is none. */
async function sound(folder: string, { warn, note }: Pick<CacheOptions, "warn" | "note">): Promise<PreparedSet | null> {
  const tell = warn ?? note;
  try {
    const data = readPrepared(folder);
    if (data === null) return null;
    const fault = await faultOf(folder, data);
    if (fault === null) return openPrepared(folder, data);
    tell?.(`the cache is damaged, so the data are prepared again: ${fault}`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    tell?.(`the cache is damaged, so the data are prepared again: ${error.message}`);
  }
  return null;
}

/**
 * Waits until no other process prepares this folder. The system releases the lock of a process that ends; where the file system
 * has no locks, both prepare, and the later one replaces the other's folder, which is the same.
 */
async function locked(folder: string, waiting: () => void): Promise<Disposable> {
  const path = `${folder}.lock`;
  await makeFolder(join(folder, ".."));
  for (;;) {
    let file: Deno.FsFile;
    try {
      file = await Deno.open(path, { write: true, create: true });
    } catch (cause) {
      throw ioError(path, "open the lock", cause);
    }
    try {
      if (!file.tryLockSync(true)) {
        waiting();
        await file.lock(true);
      }
    } catch { /* a file system without locks */ }
    if (isSame(file, path)) {
      return {
        [Symbol.dispose]: () => {
          try {
            if (isSame(file, path)) Deno.removeSync(path); // while it is locked, so that nobody else's is removed
          } catch { /* the folder went away */ }
          file.close();
        },
      };
    }
    file.close(); // its holder removed it: another file may be there now
  }
}

function isSame(file: Deno.FsFile, path: string): boolean {
  try {
    const here = file.statSync(), there = Deno.statSync(path);
    return here.ino === there.ino && here.dev === there.dev;
  } catch {
    return false;
  }
}

/**
 * A folder of the cache: found whole, or made under a lock. Two processes that start at once make it once, and one that is
 * damaged is made again.
 */
import { basename, join } from "@std/path";
import { UserError } from "../errors.ts";
import { makeFolder } from "../formats/file.ts";
import { ioError } from "../formats/io_error.ts";
import type { DataConfig } from "../config/types.ts";
import type { Fitted } from "./fitted.ts";
import { faultOf, filesOf, type PreparedData, readPrepared } from "./data_json.ts";
import { clearUnfinished, type PreparingProgress } from "./prepare.ts";
import { openPrepared, type PreparedSet } from "./prepared.ts";
import { eachNoted, type Preparing, type PreparingNotes } from "./preparing_notes.ts";

export interface CacheOptions {
  /** The folder of the cache; asked for where it is needed. */
  readonly folder: () => string;
  readonly note?: (text: string) => void;
  /** What is said of each source; by default each by itself. */
  readonly notes?: PreparingNotes;
  readonly warn?: (text: string) => void;
  readonly progress?: (progress: PreparingProgress) => void;
  /** The steps with what a run has concluded; by default it is concluded from the data. */
  readonly fitted?: Fitted;
  /** Only finds what is prepared already. */
  readonly find?: boolean;
}

/** Of the hash at the end of a folder's name. */
export const HASH_DIGITS = 20;

/**
 * The data set of a folder in the cache.
 * @param make makes the folder; called under its lock
 * @throws {UserError} where it is not there and may not be made
 */
export async function keptIn(
  folder: string,
  place: Preparing,
  mode: DataConfig["cache"],
  options: CacheOptions,
  make: () => Promise<PreparedData>,
): Promise<PreparedSet> {
  const { note, notes = eachNoted(note) } = options;
  const isWanted = mode !== "refresh" || options.find === true;
  if (isWanted) {
    const found = await sound(folder, options);
    if (found) {
      notes.found(place, found.data, folder);
      return found;
    }
  }
  if (options.find) throw new UserError(place.path, "has not been prepared yet", "train prepares it");
  if (mode === "readonly") {
    throw new UserError(
      "data.cache: readonly",
      `${place.path} is not in the cache ${join(folder, "..")}`,
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
  for (const { bytes, folder: other } of earlierCopies(folder, place)) notes.earlier(place, bytes, other);
  notes.begun(place, folder);
  const made = await make();
  notes.made(place, made);
  return openPrepared(folder, made);
}

/** Data sets that were prepared of an earlier state of the source, which the cache keeps. */
function earlierCopies(folder: string, { path }: Preparing): { bytes: number; folder: string }[] {
  const cache = join(folder, "..");
  const start = basename(folder).slice(0, -HASH_DIGITS);
  const found: { bytes: number; folder: string }[] = [];
  for (const entry of Deno.readDirSync(cache)) {
    const other = join(cache, entry.name);
    if (!entry.isDirectory || other === folder || !entry.name.startsWith(start)) continue;
    try {
      const data = readPrepared(other);
      if (data === null || data.sources[0]?.path !== path) continue;
      found.push({ bytes: filesOf(data).reduce((sum, { bytes }) => sum + bytes, 0), folder: other });
    } catch { /* damaged: it is nobody's */ }
  }
  return found.slice(0, 3);
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

/** Makes the folder of the cache. @throws {UserError} */
export async function makeCache(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (error) {
    if (!(error instanceof UserError) || error.hint !== undefined) throw error;
    const hint = "set paths.cache to a folder that can be written, or data.cache: off";
    throw new UserError(error.where, error.what, hint, error.exitCode);
  }
}

/**
 * Waits until no other process prepares this folder. The system releases the lock of a process that ends; where the file system
 * has no locks, both prepare, and the later one replaces the other's folder, which is the same.
 */
async function locked(folder: string, waiting: () => void): Promise<Disposable> {
  const path = `${folder}.lock`;
  await makeCache(join(folder, ".."));
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

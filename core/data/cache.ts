/**
 * The cache of prepared data: a folder for each source, found by a hash of all that its rows depend on. A source that was
 * written again has another hash, so it is prepared again.
 */
import { createHash } from "node:crypto";
import { basename, join } from "@std/path";
import { UserError } from "../errors.ts";
import { ioError } from "../formats/io_error.ts";
import type { DataConfig } from "../config/types.ts";
import { type CacheOptions, HASH_DIGITS, keptIn } from "./cache_folder.ts";
import { concludedOnce, knownOf } from "./concluded.ts";
import { counted } from "./counted.ts";
import { areCountSteps } from "./counts/mod.ts";
import { faultOf, readPrepared } from "./data_json.ts";
import { type Fitted, fittedHash } from "./fitted.ts";
import { conclude, doConclude, written } from "./signal_steps.ts";
import { type Listed, listFiles } from "./list.ts";
import type { SourcePlace } from "./locate.ts";
import { hasPlaced } from "./placed.ts";
import { prepareInto } from "./prepare.ts";
import { noted } from "./preparing_notes.ts";
import { openPrepared, type Prepared, type PreparedSet } from "./prepared.ts";
import { READERS_VERSION } from "./readers/mod.ts";

export type { CacheOptions } from "./cache_folder.ts";
export { sizeText } from "./preparing_notes.ts";

/** What else decides which rows a source gives. */
interface As {
  /** Whether they have to be sparse. */
  readonly sparse?: boolean;
  /** Whether all rows have to be copied. */
  readonly copied?: boolean;
  /** The steps with what they concluded, where they conclude something. */
  readonly fitted?: Fitted;
}

/** Bytes of the first files of a source whose content counts, too: as many as are read at once without being noticed. */
const CONTENT_BYTES = 4e6;

/** The name of a source's folder in the cache: as the source, with a hash. */
export function cacheName(
  place: SourcePlace,
  data: DataConfig,
  { sparse = false, copied = false, fitted }: As = {},
): string {
  const hash = createHash("sha256");
  const { reader, path, files } = place;
  hash.update(JSON.stringify([READERS_VERSION, reader.format, path, data.member, data.reader, data.shape !== null]));
  if (sparse) hash.update("sparse");
  if (copied) hash.update("copied");
  if (data.steps.length > 0) hash.update(fitted ? fittedHash(fitted) : JSON.stringify(data.steps));
  let together = 0;
  for (const file of files) {
    try {
      const { size, mtime, isFile } = Deno.statSync(file);
      hash.update(JSON.stringify([file, size, mtime?.getTime()]));
      together += size;
      // A copy may keep size and time of another file.
      if (isFile && together <= CONTENT_BYTES) hash.update(Deno.readFileSync(file));
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
  if (data.format === "memory") return new Map();
  const listed = listFiles(data);
  const sources = listed.filter(({ kind }) => kind === "source").map(({ name }) => name);
  return await noted(sources, options.note, (notes) => prepareListed(listed, data, { ...options, notes }));
}

async function prepareListed(
  listed: readonly Listed[],
  data: DataConfig,
  options: CacheOptions,
): Promise<Prepared> {
  if (areCountSteps(data.steps)) {
    const raw = { ...data, steps: [] };
    return await counted(listed, data, options, {
      source: (place) => copied(place, raw, options),
      given: openGiven,
    });
  }
  const sets = new Map<string, PreparedSet>();
  if (data.steps.length > 0) { for (const each of listed) requireSource(each); }
  const fitted = doConclude(data.steps) ? knownOf(options, false) ?? await concluded(listed, data, options) : undefined;
  const as = fitted === undefined ? {} : { fitted };
  for (const each of listed) {
    if (each.kind === "prepared") sets.set(each.path, await openGiven(each.path));
    else if (each.kind === "source") sets.set(each.path, await cached(each, data, options, as));
  }
  return await alike(sets, listed, data, options);
}

/** Steps are for what is prepared. */
function requireSource({ kind, path }: { readonly kind: string; readonly path: string }): void {
  if (kind === "source") return;
  const [what, hint] = kind === "prepared"
    ? ["has been imported already", "name its source, or import it with these steps in mind"]
    : ["is trained on as it is", "set data.format: numpy, so that it is prepared, or remove data.steps"];
  throw new UserError("data.steps", `cannot be done with ${path}, which ${what}`, hint);
}

/** What the steps conclude from the sources of the training part, or of all where the config lists no parts. */
async function concluded(listed: readonly Listed[], data: DataConfig, options: CacheOptions): Promise<Fitted> {
  const learned = listed.filter((each) => each.kind === "source" && (each.part === null || each.part === "train"));
  const places = learned as (Listed & SourcePlace)[];
  const keys = places.map((place) => [place.name, cacheName(place, { ...data, steps: [] })]);
  const settings = { member: data.member ?? undefined, settings: data.reader };
  return await concludedOnce(keys, data, options, () => conclude(data.steps, places, settings, options));
}

/** Tables of which some are stored as sparse rows, and others as dense ones, are all stored as sparse rows. */
async function alike(
  sets: Map<string, PreparedSet>,
  all: readonly Listed[],
  data: DataConfig,
  options: CacheOptions,
): Promise<Prepared> {
  const isSparse = (set: PreparedSet) => set.data.format === "csr_npz";
  if (data.shape !== null || ![...sets.values()].some(isSparse)) return sets;
  for (const listed of all) {
    const set = sets.get(listed.path);
    if (listed.kind !== "source" || set === undefined || isSparse(set) || set.data.shape !== null) continue;
    sets.set(listed.path, await cached(listed, data, options, { sparse: true }));
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

/** A source's data set with a copy of all rows, for steps that read its chunks. */
async function copied(place: SourcePlace, data: DataConfig, options: CacheOptions): Promise<PreparedSet> {
  const set = await cached(place, data, options);
  return hasPlaced(set.data) ? await cached(place, data, options, { copied: true }) : set;
}

/** A source's data set in the cache, which is made where it is not there. */
function cached(
  place: SourcePlace,
  data: DataConfig,
  options: CacheOptions,
  as: As = {},
): Promise<PreparedSet> {
  const folder = join(options.folder(), cacheName(place, data, as));
  return keptIn(
    folder,
    { ...place, doing: "preparing it for training", ...as.sparse ? { stage: "as sparse rows" } : {} },
    data.cache,
    options,
    () =>
      prepareInto(folder, [place], {
        member: data.member ?? undefined,
        settings: data.reader,
        ...data.shape === null ? {} : { rowShape: data.shape },
        steps: as.fitted ? written(as.fitted) : data.steps,
        fitted: as.fitted,
        dense: data.shape !== null,
        sparse: as.sparse,
        inPlace: !as.copied,
        progress: options.progress,
        note: options.notes?.said,
      }),
  );
}

/** Opens the data of a config, and prepares them first where they are not chunks. */
import { join } from "@std/path";
import type { Config, DataConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { type CacheOptions, prepareData } from "./cache.ts";
import type { MemoryRows } from "./memory.ts";
import type { Prepared } from "./prepared.ts";
import { privateCache } from "./private_cache.ts";
import { type OpenOptions, openSource, type Source } from "./source.ts";
import { splitTogether } from "./split_together.ts";

type Told = Pick<CacheOptions, "note" | "warn" | "progress" | "find" | "fitted">;

/** `paths.cache`, else the user's cache. @throws {UserError} where there is no home folder */
export function cacheFolder({ cache }: Pick<Config["paths"], "cache">): string {
  if (cache !== null) return cache;
  const caches = Deno.env.get("XDG_CACHE_HOME");
  if (caches?.startsWith("/")) return join(caches, "narrows");
  const home = Deno.env.get("HOME");
  if (home) return join(home, ".cache", "narrows");
  throw new UserError("paths.cache", "there is no HOME in which a cache could be", "set paths.cache: FOLDER");
}

/**
 * Prepares the sources that a config names, as far as that has not been done. Rows in memory and chunks need nothing.
 * @param options `find` only looks for what is prepared already
 * @throws {UserError}
 */
export function prepareFor({ data, paths }: Pick<Config, "data" | "paths">, options: Told = {}): Promise<Prepared> {
  return prepareData(data, { ...options, folder: () => data.cache === "off" ? privateCache() : cacheFolder(paths) });
}

/** {@link openSource}, with what has to be prepared before. @throws {UserError} */
export async function openData(
  config: Pick<Config, "data" | "paths">,
  memory: MemoryRows | null = null,
  options: Told & { readonly evaluated?: boolean } = {},
): Promise<Source> {
  const prepared = memory ? undefined : await prepareFor(config, options);
  return await openWhole(config.data, memory, { evaluated: options.evaluated, prepared });
}

/** {@link openSource}, with what the split keeps together. @throws {UserError} */
export async function openWhole(data: DataConfig, memory: MemoryRows | null, options: OpenOptions): Promise<Source> {
  return await splitTogether(openSource(data, memory, options), data, options.evaluated ?? false);
}

/** What steps conclude from a data set, kept in the cache: concluded once for all runs with the same steps and rows. */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import type { DataConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { readTextSync, writeAtomically } from "../formats/file.ts";
import { type CacheOptions, HASH_DIGITS, makeCache } from "./cache_folder.ts";
import { type Fitted, fittedText, isOfCounts, parseFitted } from "./fitted.ts";

/** Part of what the cache is found by: raised when a step gives other rows or conclusions than before. */
export const STEPS_VERSION = 1;
/** Of a file with the names of all columns. */
const FITTED_BYTES_MAX = 512e6;

export const hashOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, HASH_DIGITS);

/** What a run has concluded before, where its steps were of the kind that the config has. */
export const knownOf = ({ fitted }: CacheOptions, ofCounts: boolean): Fitted | undefined =>
  fitted !== undefined && isOfCounts(fitted) === ofCounts ? fitted : undefined;

/**
 * @param keys what tells the rows from others
 * @throws {UserError} where nothing was concluded yet and nothing may be, or nothing can be written
 */
export async function concludedOnce(
  keys: readonly unknown[],
  { path: dataPath, steps, cache }: Pick<DataConfig, "path" | "steps" | "cache">,
  options: CacheOptions,
  conclude: () => Promise<Fitted>,
): Promise<Fitted> {
  const path = join(options.folder(), `steps-${hashOf([STEPS_VERSION, steps, keys])}.json`);
  const found = cache === "refresh" && !options.find ? null : readFitted(path);
  if (found) return found;
  if (options.find || cache === "readonly") {
    throw new UserError(dataPath, "has not been through data.steps yet", "train prepares it; set data.cache: auto");
  }
  const done = await conclude();
  await makeCache(options.folder());
  await writeAtomically(path, (out) => out.write(new TextEncoder().encode(fittedText(done))));
  return done;
}

/** What was concluded before; null where it is not there, or damaged. */
function readFitted(path: string): Fitted | null {
  try {
    return parseFitted(readTextSync(path, FITTED_BYTES_MAX), path);
  } catch {
    return null;
  }
}

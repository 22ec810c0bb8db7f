/** Imports sources through steps for counts: their rows before the steps are prepared beside the folder first, and removed at the end. */
import { basename, dirname, join } from "@std/path";
import { makeFolder, removeQuietly, uniqueSuffix } from "../formats/file.ts";
import { readCountSteps } from "./counts/mod.ts";
import { conclude, rawSources, steppedPlaces } from "./counted.ts";
import type { PreparedData } from "./data_json.ts";
import type { SourcePlace } from "./locate.ts";
import { prepareInto, type PrepareOptions } from "./prepare.ts";
import { openPrepared } from "./prepared.ts";

/** @throws {UserError} where a step cannot take the rows, or nothing can be written; nothing is left behind */
export async function importCounts(
  folder: string,
  places: readonly SourcePlace[],
  options: PrepareOptions,
): Promise<PreparedData> {
  const { steps = [], progress, note, made } = options;
  readCountSteps(steps); // so that mistakes are told before anything is prepared
  await makeFolder(dirname(folder));
  const raw = join(dirname(folder), `.${basename(folder)}.${uniqueSuffix()}.raw`);
  try {
    const set = openPrepared(raw, await prepareInto(raw, places, { ...options, steps: [], made: undefined }));
    const sources = rawSources(set, null, set.columnNames);
    const fitted = await conclude(steps, sources, note);
    const stepped = steppedPlaces(sources, fitted, places[0]!.reader.format);
    return await prepareInto(folder, stepped, { fitted, made, progress, note });
  } finally {
    await removeQuietly(raw);
  }
}

/** Prepares sources into a folder with a name and a place, which then is a data.path. */
import { basename } from "@std/path";
import type { DataFormat } from "../config/data_formats.ts";
import { UserError } from "../errors.ts";
import { exists } from "../formats/file.ts";
import { adviceOn, unknownKind } from "../formats/kind_advice.ts";
import { kindOf } from "../formats/kinds.ts";
import { areCountSteps } from "./counts/mod.ts";
import { isPrepared, type PreparedData } from "./data_json.ts";
import { importCounts } from "./import_steps.ts";
import { locate } from "./locate.ts";
import { prepareInto, type PrepareOptions } from "./prepare.ts";
import { noted } from "./preparing_notes.ts";
import { conclude, doConclude } from "./signal_steps.ts";

export interface ImportOptions extends PrepareOptions {
  readonly format?: DataFormat;
  /** Whether an earlier data set in the folder is replaced. */
  readonly overwrite?: boolean;
}

/** @throws {UserError} where there is nothing to import, or the folder cannot be made */
export async function importData(source: string, folder: string, options: ImportOptions): Promise<PreparedData> {
  const places = locate(source, "SOURCE", options.format ?? "auto");
  const sources = places.filter((place) => place.kind === "source");
  const other = places.find((place) => place.kind !== "source");
  if (other) {
    const kind = other.kind === "chunk" ? kindOf(other.path) ?? unknownKind(other.path) : undefined;
    if (kind && kind.format === undefined) {
      throw new UserError(other.path, `is ${kind.name}, which is not read`, adviceOn(kind));
    }
    const what = other.kind === "prepared"
      ? "is a prepared data set"
      : "is trained on as it is, without being prepared";
    throw new UserError(other.path, what, `name it in the config: data: {path: ${source}}`);
  }
  if (await exists(folder)) {
    if (!isPrepared(folder)) {
      throw new UserError(
        `--output ${folder}`,
        "exists, and is no prepared data set",
        "name a folder that does not exist",
      );
    }
    if (!options.overwrite) {
      throw new UserError(`--output ${folder}`, "already exists", "name another folder, or add --overwrite");
    }
  }
  const names = new Set<string>();
  for (const { name, path } of sources) {
    if (names.has(name)) throw new UserError(path, `is the second source that is called ${basename(name)}`);
    names.add(name);
  }
  const { member = null, settings = {}, steps = [] } = options;
  const made = { format: sources[0]!.reader.format, member, reader: settings, steps };
  if (areCountSteps(steps)) return await importCounts(folder, sources, { ...options, made });
  const fitted = doConclude(steps)
    ? await conclude(steps, sources, { member: options.member, settings }, options)
    : undefined;
  return await noted(
    sources.map(({ name }) => name),
    options.note,
    ({ said }) => prepareInto(folder, sources, { ...options, made, fitted, note: said }),
  );
}

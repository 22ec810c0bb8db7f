/** What makes two runs the same: everything that their results depend on, in the config and in the data. */
import { createHash } from "node:crypto";
import { basename } from "@std/path";
import { toPlain } from "../config/yaml.ts";
import type { Config } from "../config/types.ts";
import { contentKey, identify } from "../data/identity.ts";
import { openData } from "../data/open.ts";

/** Hashes the data that configs name, each data set once. */
export class Fingerprints {
  readonly #known = new Map<string, Promise<string>>();

  /** @param note is told what has to be prepared before */
  constructor(readonly note?: (text: string) => void) {}

  /** @throws {UserError} if the data cannot be opened */
  of({ data, paths }: Config): Promise<string> {
    const { format, path, member, reader, shape, split } = data;
    const name = JSON.stringify([format, path, member, reader, shape, split, paths.cache]);
    let known = this.#known.get(name);
    if (known === undefined) this.#known.set(name, known = hashed({ data, paths }, this.note));
    return known;
  }
}

async function hashed(config: Pick<Config, "data" | "paths">, note?: (text: string) => void): Promise<string> {
  return contentKey(await identify(config.data, await openData(config, null, { note }), { names: null, labels: null }));
}

/** A module by its name, wherever it lies. */
function namedAlike(kinds: Config["diagnostics"]["kinds"]) {
  if (typeof kinds === "string") return kinds;
  return kinds.map((kind) => typeof kind === "string" ? kind : { ...kind, module: basename(kind.module) });
}

/**
 * The identity of a run, 64 hex digits. Left out are names, where files lie, and how many threads work, on which no result
 * depends.
 * @param data the fingerprint of its data
 * @param withThreads whether the number of threads is something that the sweep tries
 */
export function identityOf(config: Config, data: string, withThreads: boolean): string {
  const plain = toPlain(config) as Record<string, Record<string, unknown>>;
  const { name: _name, title: _title, description: _description, paths: _paths, ...rest } = plain;
  const { path: _path, labels: _labels, column_names: _names, format: _format, cache: _cache, ...settings } = plain
    .data!;
  const { threads, ...runtime } = plain.runtime!;
  const { split: asked } = config.data;
  // A group is told by which rows it puts into which part, which the content has, and not by where its file lies.
  const isGrouped = asked.by === "rows" && asked.together !== undefined && asked.together !== "files";
  const split = asked.by === "files"
    ? "files"
    : isGrouped
    ? { ...settings.split as object, by: "group" }
    : settings.split;
  const kept = {
    ...rest,
    data: { ...settings, split },
    diagnostics: { ...plain.diagnostics, kinds: namedAlike(config.diagnostics.kinds) },
    logging: { every_steps: config.logging.every_steps }, // what loggers write changes nothing
    runtime: withThreads ? { ...runtime, threads } : runtime,
    content: data,
  };
  return createHash("sha256").update(JSON.stringify(kept)).digest("hex");
}

/** The files of a data set in order, each with its name and the part that its rows belong to. */
import type { Chunk } from "../../ffi/chunk.ts";
import type { DataConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { whereOfPath } from "../missing.ts";
import { locate, type Place } from "./locate.ts";
import type { MemoryRows } from "./memory.ts";
import { commonFolder, nameWithin } from "./row_keys.ts";

export type Part = "train" | "validation" | "test";
export const PARTS: readonly Part[] = ["train", "validation", "test"];

/** A place, or rows in memory, and the part that all its rows belong to; null where rows are split by hash. */
export type Listed =
  & (Place | { readonly kind: "memory"; readonly name: string; readonly path: string; readonly memory: Chunk })
  & {
    readonly part: Part | null;
  };

export function listMemory({ split }: DataConfig, memory: MemoryRows): Listed[] {
  if (split.by === "files") {
    throw new UserError(
      "data.split",
      "lists files, but the rows come from memory",
      "give shares: data: {split: {validation: 0.1, test: 0.1}}",
    );
  }
  return memory.open().map((chunk) => ({
    kind: "memory",
    path: chunk.path,
    name: chunk.path,
    part: null,
    memory: chunk,
  }));
}

/** What the config names. @throws {UserError} where nothing is there, or a file is listed under two parts */
export function listFiles(data: DataConfig): Listed[] {
  const { split, format } = data;
  if (format === "memory") {
    throw new UserError(
      "data.format: memory",
      "the rows were given by a script and are not in a file",
      "give them again in the script: train({ resume, data }), evaluate(run, { data }); or name files: --data F",
    );
  }
  if (split.by === "rows") return locate(data.path, "data.path", format).map((place) => ({ ...place, part: null }));
  const seen = new Map<string, Place & { part: Part }>();
  for (const part of PARTS) {
    for (const pattern of split[part]) {
      for (const place of locate(pattern, `data.split.${part}`, format)) {
        const { path } = place;
        const other = seen.get(path);
        if (other !== undefined && other.part !== part) {
          const what = `data.split.${part}: ${path} is also listed under ${other.part}`;
          throw new UserError(whereOfPath(path), what, "list it once");
        }
        seen.set(path, { ...place, part });
      }
    }
  }
  const base = commonFolder([...seen.keys()]);
  return [...seen.values()].map((place) => ({ ...place, name: nameWithin(base, place.path) }));
}

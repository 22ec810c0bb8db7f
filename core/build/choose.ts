/** Which engine a config runs on: the one specialised to its shapes where there is one and it is up to date. */
import { basename, join } from "@std/path";
import { EngineError } from "../../ffi/error.ts";
import { LIBRARY_NAME, libraryPath, useLibrary } from "../../ffi/library.ts";
import type { Config } from "../config/types.ts";
import { isUpToDate } from "./build.ts";
import { type Shapes, shapesHash, shapesIn, shapesOf, shapesText } from "./shapes.ts";
import { isFile } from "../formats/file.ts";
import { hasSources, ROOT, specialFolder, specialName, specialTree, tree } from "./tree.ts";

export interface EngineChoice {
  readonly kind: "general" | "specialised" | "named";
  /** File name of the library; of one that NARROWS_LIBRARY names, its path. */
  readonly file: string;
  readonly reason: string;
}

export type SpecialState = "ready" | "stale" | "missing";

/** Whether there is an engine for these shapes, made of the present sources by the present compiler. */
export function specialState(shapes: Shapes, root = ROOT): SpecialState {
  if (!hasSources(tree(null, root)) || !isFile(specialTree(shapesHash(shapes), root).library)) return "missing";
  return isUpToDate({ shapes, root }) ? "ready" : "stale";
}

export interface SpecialEngine {
  readonly file: string;
  readonly shapes: string;
  readonly state: SpecialState;
}

/** All specialised engines that have been built here. */
export function specialEngines(): SpecialEngine[] {
  if (!hasSources(tree())) return [];
  let folders: string[];
  try {
    folders = [...Deno.readDirSync(specialFolder())].filter((entry) => entry.isDirectory).map(({ name }) => name);
  } catch {
    return []; // none was ever built
  }
  return folders.sort().flatMap((hash) => {
    const header = join(specialTree(hash).build, "config.hpp");
    const shapes = isFile(header) ? shapesIn(Deno.readTextFileSync(header)) : null;
    if (shapes === null || shapesHash(shapes) !== hash) return [];
    return [{ file: specialName(hash), shapes: shapesText(shapes), state: specialState(shapes) }];
  });
}

/** What {@link chooseEngine} would choose, without opening anything. Builds nothing. */
export function engineFor(config: Pick<Config, "model" | "data">): EngineChoice & { readonly state: SpecialState } {
  const shapes = shapesOf(config);
  if (Deno.env.get("NARROWS_LIBRARY")) {
    return { kind: "named", file: libraryPath(), reason: "NARROWS_LIBRARY names it", state: "missing" };
  }
  const state = specialState(shapes);
  const special = specialName(shapesHash(shapes));
  if (state === "ready") return { kind: "specialised", file: special, reason: `made for ${shapesText(shapes)}`, state };
  const reason = state === "stale"
    ? `${special} was made of other sources or by another compiler; build --config builds it again`
    : `none is made for ${shapesText(shapes)}`;
  return { kind: "general", file: LIBRARY_NAME, reason, state };
}

/**
 * Makes the process use the engine that fits a config; while objects of another library are open, that one stays.
 * @param note told in one line when the specialised library cannot be opened
 */
export function chooseEngine(config: Pick<Config, "model" | "data">, note?: (text: string) => void): EngineChoice {
  const { state: _, ...choice } = engineFor(config);
  if (choice.kind === "named") return choice;
  const general: EngineChoice = { ...choice, kind: "general", file: LIBRARY_NAME };
  const use = (path: string | null, wanted: EngineChoice): EngineChoice => {
    if (useLibrary(path)) return wanted;
    const file = basename(libraryPath());
    return { kind: file === LIBRARY_NAME ? "general" : "specialised", file, reason: "in use in this process" };
  };
  if (choice.kind === "general") return use(null, general);
  try {
    return use(specialTree(shapesHash(shapesOf(config))).library, choice);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    note?.(`the specialised engine is not used: ${error.message}`);
    return use(null, { ...general, reason: `${choice.file} cannot be opened` });
  }
}

/** In one line. */
export const choiceText = ({ kind, file, reason }: EngineChoice) => `${kind}, ${file}: ${reason}`;

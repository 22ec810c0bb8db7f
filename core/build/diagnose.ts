/** What this machine has for building and training, and what it lacks: the facts behind `doctor`. */
import { EngineError } from "../../ffi/error.ts";
import { engineInfo } from "../../ffi/info.ts";
import { ABI_VERSION, libraryPath } from "../../ffi/library.ts";
import { VERSION } from "../version.ts";
import { isUpToDate } from "./build.ts";
import { choiceText, engineFor, type SpecialEngine, specialEngines } from "./choose.ts";
import { canFetchLibdeflate, findLibdeflate } from "./libdeflate.ts";
import { findCompiler, findProgram, installHint, type Need, NEEDS, outputOf } from "./programs.ts";
import { isFile } from "../formats/file.ts";
import { hasSources, tree } from "./tree.ts";

export interface ToolState {
  readonly what: string;
  /** What it is for. */
  readonly use: "build" | "checks";
  /** Path, or null if it is missing. */
  readonly found: string | null;
  readonly version: string | null;
  /** How to get it, where it is missing. */
  readonly hint: string | null;
}

export interface EngineState {
  readonly path: string;
  /** missing: not built; stale: its sources changed since; broken: it cannot be opened (see `error`). */
  readonly state: "ready" | "stale" | "missing" | "broken";
  /** When it was built, ISO 8601; null if it is missing. */
  readonly built: string | null;
  readonly error: string | null;
  /** As nrw_info in narrows.h documents it; empty if the engine cannot be opened. */
  readonly info: Readonly<Record<string, string>>;
}

/** What of a config decides which engine it runs on. */
export type ConfigShapes = Parameters<typeof engineFor>[0];

export interface Diagnosis {
  readonly narrows: string;
  readonly abi: number;
  readonly deno: string;
  readonly system: string;
  readonly engine: EngineState;
  /** Engines that `build --config` made. */
  readonly specialised: readonly SpecialEngine[];
  /** Which engine the config in question runs on and why; null where none was asked about. */
  readonly choice: string | null;
  readonly tools: readonly ToolState[];
  /** Whether `train` would run: the engine is ready, or all that it takes to build it is there. */
  readonly ready: boolean;
  /** What stands in the way, one line each. */
  readonly problems: readonly string[];
}

function engineState(): EngineState {
  const path = libraryPath();
  const here = isFile(path);
  const built = here ? Deno.statSync(path).mtime?.toISOString() ?? null : null;
  const stale = !Deno.env.get("NARROWS_LIBRARY") && hasSources(tree()) && !isUpToDate();
  if (!here) return { path, state: "missing", built, error: null, info: {} };
  try {
    return { path, state: stale ? "stale" : "ready", built, error: null, info: engineInfo() };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { path, state: stale ? "stale" : "broken", built, error: error.message, info: {} };
  }
}

const NEEDED_TO_BUILD: readonly Need[] = [NEEDS.compiler, NEEDS.cmake, NEEDS.ninja, NEEDS.libdeflate];

function toolState({ need, found }: { need: Need; found: string | null }): ToolState {
  return {
    what: need.what,
    use: NEEDED_TO_BUILD.includes(need) ? "build" : "checks",
    found,
    version: found && need.names.length > 0 ? outputOf(found, "--version")?.split("\n")[0] ?? null : null,
    hint: found ? null : installHint([need]),
  };
}

/** Looks at everything, builds nothing. */
export function diagnose(config: ConfigShapes | null = null): Diagnosis {
  const engine = engineState();
  const compiler = findCompiler();
  const tools: { need: Need; found: string | null }[] = [
    { need: NEEDS.compiler, found: compiler },
    { need: NEEDS.cmake, found: findProgram(NEEDS.cmake.names) },
    { need: NEEDS.ninja, found: findProgram(NEEDS.ninja.names) },
    { need: NEEDS.libdeflate, found: findLibdeflate(tree(), compiler) },
    { need: NEEDS.clangFormat, found: findProgram(NEEDS.clangFormat.names) },
    { need: NEEDS.chromium, found: findProgram(NEEDS.chromium.names) },
  ];
  const problems: string[] = [];
  const buildable = !Deno.env.get("NARROWS_LIBRARY") && hasSources(tree());
  if (engine.state === "broken") problems.push(engine.error!);
  if (engine.state === "missing" && !buildable) problems.push(`${engine.path}: there is no engine`);
  if (engine.state !== "ready" && buildable) {
    const missing = tools.filter(({ need, found }) =>
      NEEDED_TO_BUILD.includes(need) && !found && !(need === NEEDS.libdeflate && canFetchLibdeflate())
    ).map(({ need }) => need);
    const names = missing.map(({ what }) => what).join(", ");
    if (names) problems.push(`the engine must be built, and these are missing: ${names}. ${installHint(missing)}`);
  }
  return {
    narrows: VERSION,
    abi: ABI_VERSION,
    deno: Deno.version.deno,
    system: `${Deno.build.os} ${Deno.build.arch}, ${Deno.osRelease()}`,
    engine,
    specialised: specialEngines(),
    choice: config && choiceText(engineFor(config)),
    tools: tools.map(toolState),
    ready: problems.length === 0,
    problems,
  };
}

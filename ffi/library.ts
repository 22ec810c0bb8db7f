/** Finds, opens and checks the engine's shared library. One is in use at a time. */
import { fromFileUrl } from "@std/path";
import { EngineError } from "./error.ts";
import { symbols } from "./symbols.ts";

/** The ABI this code speaks: NRW_ABI_VERSION in narrows.h. */
export const ABI_VERSION = 11;

export type Engine = Deno.DynamicLibrary<typeof symbols>["symbols"];

const SUFFIX = { darwin: "dylib", windows: "dll" } as Record<string, string>;

/** File name of the library on this system. */
export const LIBRARY_NAME = `libnarrows.${SUFFIX[Deno.build.os] ?? "so"}`;

let alive = 0;

/** The number of open objects of the engine. While there are any, the library is not replaced. */
export const objects = {
  made(): void {
    alive++;
  },
  freed(): void {
    alive--;
  },
};

let chosen: string | null = null;

/**
 * Where the library is: NARROWS_LIBRARY, else what {@link useLibrary} chose, else the build folder of this source tree
 * (or of the binary).
 */
export function libraryPath(): string {
  return Deno.env.get("NARROWS_LIBRARY") ?? chosen ??
    fromFileUrl(new URL(`../build/engine/${LIBRARY_NAME}`, import.meta.url));
}

/** By path; never closed: a call may be in flight on another thread. */
const opened = new Map<string, Engine>();
let open: { readonly path: string; readonly engine: Engine } | undefined;

/**
 * Chooses the library for what comes now; null for the general one. NARROWS_LIBRARY is above it.
 * @returns false, and nothing changes, while objects of another library are open
 * @throws {EngineError} as {@link engine}; then nothing changes either
 */
export function useLibrary(path: string | null): boolean {
  const before = chosen;
  chosen = path;
  const wanted = libraryPath();
  if (open?.path === wanted) return true;
  if (open !== undefined && alive > 0) {
    chosen = before;
    return false;
  }
  try {
    open = { path: wanted, engine: openLibrary(wanted) };
    return true;
  } catch (error) {
    chosen = before;
    throw error;
  }
}

/**
 * The engine in use: opened at the first call.
 * @throws {EngineError} if it is missing or was built for another ABI.
 */
export function engine(): Engine {
  open ??= { path: libraryPath(), engine: openLibrary(libraryPath()) };
  return open.engine;
}

function openLibrary(path: string): Engine {
  const known = opened.get(path);
  if (known) return known;
  let library: Deno.DynamicLibrary<typeof symbols>;
  try {
    library = Deno.dlopen(path, symbols);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("io", `${path}: cannot open the engine (${why}); build it with: deno task build`);
  }
  const version = library.symbols.nrw_abi_version();
  if (version !== ABI_VERSION) {
    throw new EngineError(
      "unsupported",
      `${path}: built for ABI ${version}, this program speaks ${ABI_VERSION}; rebuild it with: deno task build`,
    );
  }
  opened.set(path, library.symbols);
  return library.symbols;
}

/** UTF-8 bytes of a string, as the engine takes them. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

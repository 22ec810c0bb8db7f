/** Finds, opens and checks the engine's shared library. One per process. */
import { fromFileUrl } from "@std/path";
import { EngineError } from "./error.ts";
import { symbols } from "./symbols.ts";

/** The ABI this code speaks: NRW_ABI_VERSION in narrows.h. */
export const ABI_VERSION = 1;

export type Engine = Deno.DynamicLibrary<typeof symbols>["symbols"];

const SUFFIX = { darwin: "dylib", windows: "dll" } as Record<string, string>;

/** File name of the library on this system. */
export const LIBRARY_NAME = `libnarrows.${SUFFIX[Deno.build.os] ?? "so"}`;

/** Where the library is looked for: NARROWS_LIBRARY, else the build folder of this source tree (or of the binary). */
export function libraryPath(): string {
  return Deno.env.get("NARROWS_LIBRARY") ?? fromFileUrl(new URL(`../build/engine/${LIBRARY_NAME}`, import.meta.url));
}

let open: Engine | undefined;

/**
 * The engine. The library is never closed: a call may be in flight on another thread.
 * @throws {EngineError} if it is missing or was built for another ABI.
 */
export function engine(): Engine {
  if (open) return open;
  const path = libraryPath();
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
  open = library.symbols;
  return open;
}

/** UTF-8 bytes of a string, as the engine takes them. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

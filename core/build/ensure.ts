import { libraryPath } from "../../ffi/library.ts";
import { buildEngine, isUpToDate } from "./build.ts";
import { isFile } from "../formats/file.ts";
import { hasSources, tree } from "./tree.ts";

/** Whether there is a library from elsewhere, which is not built here. */
const isGiven = () => Boolean(Deno.env.get("NARROWS_LIBRARY")) || !hasSources(tree());

/** Whether the library is there and {@link ensureEngine} would have nothing to do. */
export function engineIsReady(): boolean {
  return isGiven() ? isFile(libraryPath()) : isUpToDate();
}

/**
 * Makes sure that the engine's library is there and as new as its sources; what needs the engine calls this first.
 * Does nothing where there are no sources (a compiled program), or where NARROWS_LIBRARY names a library.
 * Progress goes to stderr.
 * @throws {UserError} if a tool is missing or the sources do not compile.
 */
export async function ensureEngine(options: { readonly quiet?: boolean } = {}): Promise<void> {
  if (isGiven()) return;
  await buildEngine({ quiet: options.quiet });
}

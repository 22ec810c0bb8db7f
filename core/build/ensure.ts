import { buildEngine } from "./build.ts";
import { hasSources, tree } from "./tree.ts";

/**
 * Makes sure that the engine's library is there and as new as its sources; what needs the engine calls this first.
 * Does nothing where there are no sources (a compiled program), or where NARROWS_LIBRARY names a library.
 * Progress goes to stderr.
 * @throws {UserError} if a tool is missing or the sources do not compile.
 */
export async function ensureEngine(options: { readonly quiet?: boolean } = {}): Promise<void> {
  if (Deno.env.get("NARROWS_LIBRARY") || !hasSources(tree())) return;
  await buildEngine({ quiet: options.quiet });
}

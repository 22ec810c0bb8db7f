/**
 * Writes core/config/vocabulary.json: the layers, losses and optimizers of the engine, which is built first. A test compares
 * the two. `deno run -A core/config/reference.ts` then writes the reference page.
 */
import { join } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { ROOT } from "../core/build/tree.ts";
import { vocabularyText } from "../ffi/info.ts";

await ensureEngine();
Deno.writeTextFileSync(join(ROOT, "core/config/vocabulary.json"), vocabularyText());

/** Checks a config's network as training does, as far as that is possible without building anything. */
import { engine } from "../../ffi/library.ts";
import { EngineError } from "../../ffi/error.ts";
import { engineIsReady } from "../build/ensure.ts";
import type { Config } from "../config/types.ts";
import { openData } from "../data/open.ts";
import { withRowFiles } from "../data/row_files.ts";
import type { Source } from "../data/source.ts";
import { UserError } from "../errors.ts";
import { settled } from "./epochs.ts";
import { describeModel } from "./network.ts";
import { runWarnings } from "./run_checks.ts";

/** The data's headers, with weights and categories, or why they cannot be read. */
async function sourceOf(config: Config): Promise<Source | string> {
  if (config.data.format === "memory") return "the rows come from a script";
  try {
    return await withRowFiles(await openData(config, null, { evaluated: true, find: true }), config);
  } catch (error) {
    if (error instanceof UserError) return `the data cannot be read (${error.message})`;
    throw error;
  }
}

/** Why the engine cannot be asked; null if it can. */
function engineMissing(): string | null {
  if (!engineIsReady()) return "the engine is not built: deno task build";
  try {
    engine();
    return null;
  } catch (error) {
    if (error instanceof EngineError) return `the engine cannot be opened (${error.message})`;
    throw error;
  }
}

/**
 * Describes the network to the engine, which checks that layers, loss and data fit each other.
 * @param warn told of settings that are almost certainly mistakes with these data, a line each
 * @returns why that was not possible, in one line; null if it was
 * @throws {UserError} if they do not fit; `where` is the key of the config
 */
export async function checkNetwork(
  config: Config,
  warn: (text: string) => void = () => {},
): Promise<string | null> {
  const missing = engineMissing();
  if (missing !== null) return missing;
  const source = await sourceOf(config);
  if (typeof source === "string") return source;
  describeModel(config, source).close();
  for (const warning of runWarnings(settled(config, source), source)) warn(warning);
  return null;
}

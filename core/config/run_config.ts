/** The config of a run folder. */
import { join } from "@std/path";
import { userFolder } from "../paths.ts";
import { loadTree } from "./files.ts";
import { loadConfig, type LoadedConfig } from "./load.ts";
import type { Setting } from "./settings.ts";
import { entryAt } from "./tree.ts";

/**
 * Keys that a resolved config once did not have, with what the program did then. The default of such a key is another today.
 */
const BEFORE: Readonly<Record<string, string>> = { "model.start": "random" };

/**
 * Reads the config that a run was saved with. A run of an earlier version keeps the meaning that it had.
 * @param overrides as on the command line
 * @throws {ConfigError} as {@link loadConfig}
 */
export function loadRunConfig(run: string, overrides: readonly string[] = []): LoadedConfig {
  const file = join(run, "config.yaml");
  const { tree } = loadTree(file, userFolder());
  const settings = Object.entries(BEFORE)
    .filter(([path]) => entryAt(tree, path.split(".")) === undefined)
    .map(([path, value]): Setting => {
      const origin = { source: file, line: 1, column: 1, folder: run };
      return { path, value: { kind: "scalar", value, origin }, key: origin };
    });
  return loadConfig({ file, settings, overrides });
}

/** Incomplete files that a killed session leaves in its run folder. */
import { join } from "@std/path";
import { removeQuietly } from "../formats/file.ts";

/** Files that only sessions write, under the run's lock. Other commands write report.html and tables at any time. */
const OF_SESSIONS =
  "config\\.yaml|environment\\.json|sessions\\.json|model\\.json|summary\\.json|recovery\\.json|data\\.json";
const SUFFIX = "\\.[0-9a-f]{12}\\.tmp$";
const IN_RUN = new RegExp(`^\\.(?:${OF_SESSIONS})${SUFFIX}`);
const IN_CHECKPOINTS = new RegExp(`^\\.tmp-step-\\d{9}-[0-9a-f]{12}$|^\\.(?:latest|best)${SUFFIX}`);
const OF_OTHERS = new RegExp(`^\\..+${SUFFIX}`);

async function clear(folder: string, pattern: RegExp): Promise<void> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch(() => []);
  for (const name of names) if (pattern.test(name)) await removeQuietly(join(folder, name));
}

/**
 * Removes incomplete files of earlier sessions. The caller holds the run's lock, so no other session is still writing them.
 * A file that cannot be removed stays.
 */
export async function clearLeftovers(runDir: string): Promise<void> {
  await clear(runDir, IN_RUN);
  await clear(join(runDir, "checkpoints"), IN_CHECKPOINTS);
  await clear(join(runDir, "tensorboard"), OF_OTHERS);
  for (const folder of await foldersIn(join(runDir, "diagnostics"))) await clear(folder, OF_OTHERS);
  for (const folder of await foldersIn(join(runDir, "wandb"))) await clear(join(folder, "files"), OF_OTHERS);
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(path)).catch(() => []);
  return entries.flatMap(({ isDirectory, name }) => isDirectory ? [join(path, name)] : []);
}

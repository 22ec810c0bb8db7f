/** Which checkpoints stay, and how the others go. */
import { join } from "@std/path";
import { exists, ioError, namesIn } from "../formats/file.ts";
import { UserError } from "../errors.ts";
import { type CheckpointInfo, checkpointsFolder, listCheckpoints, verifyCheckpoint } from "./layout.ts";
import { readPointer } from "./resolve.ts";

/**
 * Deletes checkpoints up to `step` but the newest `keep`, latest and best. Those of later steps stay: they are of
 * another course of this run, from the middle of which it was resumed. What has no manifest stays too.
 */
export async function applyRetention(runDir: string, step: number, keep: number): Promise<void> {
  const folder = checkpointsFolder(runDir);
  await finishDeletions(folder);
  const stay = new Set<string>();
  try {
    for (const pointer of ["latest", "best"] as const) {
      const name = await readPointer(folder, pointer);
      if (name !== null) stay.add(name);
    }
  } catch (error) {
    if (error instanceof UserError) return; // a pointer that cannot be read: nothing is surely superfluous
    throw error;
  }
  const saved = (await listCheckpoints(runDir)).filter((checkpoint) => checkpoint.step <= step).reverse();
  const steps = [...new Set(saved.map((checkpoint) => checkpoint.step))];
  for (const checkpoint of saved) {
    if (await isReplaced(checkpoint, saved)) await discard(folder, checkpoint.name);
    else if (steps.indexOf(checkpoint.step) >= Math.max(1, keep) && !stay.has(newName(checkpoint))) {
      await discard(folder, checkpoint.name);
    }
  }
}

/** The name without `.old`. */
function newName({ name }: CheckpointInfo): string {
  return name.replace(/\.old$/, "");
}

/** Whether this is a `.old` whose successor is good: a save was cut short before it could delete it. */
async function isReplaced(checkpoint: CheckpointInfo, all: readonly CheckpointInfo[]): Promise<boolean> {
  const successor = all.find(({ name }) => name === newName(checkpoint) && name !== checkpoint.name);
  return successor !== undefined && await verifyCheckpoint(successor.path).then(() => true, () => false);
}

const DELETED = ".deleted-";

/**
 * Deletes a checkpoint: first its name goes, in one step, so that a kill never leaves half a checkpoint under it.
 * Nothing happens where there is none.
 */
export async function discard(folder: string, name: string): Promise<void> {
  const path = join(folder, name);
  if (!await exists(path)) return;
  const doomed = join(folder, `${DELETED}${name}-${crypto.randomUUID()}`);
  try {
    await Deno.rename(path, doomed);
  } catch (cause) {
    throw ioError(path, "delete the old checkpoint", cause);
  }
  await remove(doomed);
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (cause) {
    throw ioError(path, "delete the old checkpoint", cause);
  }
}

/** Ends the deletions that a kill cut short. */
async function finishDeletions(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (name.startsWith(DELETED)) await remove(join(folder, name));
  }
}

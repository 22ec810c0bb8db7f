/** Deletes old checkpoints. */
import { join } from "@std/path";
import { exists, namesIn } from "../formats/file.ts";
import { attempt } from "../formats/io_error.ts";
import { UserError } from "../errors.ts";
import { type CheckpointInfo, checkpointsFolder, listCheckpoints, verifyCheckpoint } from "./layout.ts";
import { readPointer } from "./resolve.ts";

/**
 * Deletes checkpoints up to `step`, except the newest `keep`, latest and best. Checkpoints of later steps stay, since they
 * belong to steps before a resume from an earlier checkpoint. Folders without a manifest stay too.
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
    if (error instanceof UserError) return; // if a pointer cannot be read, no checkpoint is certainly superfluous
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

/** Whether this is a `.old` folder with an undamaged successor, which an interrupted save could not delete. */
async function isReplaced(checkpoint: CheckpointInfo, all: readonly CheckpointInfo[]): Promise<boolean> {
  const successor = all.find(({ name }) => name === newName(checkpoint) && name !== checkpoint.name);
  return successor !== undefined && await verifyCheckpoint(successor.path).then(() => true, () => false);
}

const DELETED = ".deleted-";
/** For messages. */
const DELETE = "delete the old checkpoint";

/**
 * Deletes a checkpoint. It is first renamed, in one step, so that a kill never leaves half a checkpoint under its name.
 * Nothing happens where there is none.
 */
export async function discard(folder: string, name: string): Promise<void> {
  const path = join(folder, name);
  if (!await exists(path)) return;
  const doomed = join(folder, `${DELETED}${name}-${crypto.randomUUID()}`);
  await attempt(path, DELETE, () => Deno.rename(path, doomed));
  await remove(doomed);
}

async function remove(path: string): Promise<void> {
  await attempt(path, DELETE, () => Deno.remove(path, { recursive: true }));
}

/** Completes deletions that a kill interrupted. */
async function finishDeletions(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (name.startsWith(DELETED)) await remove(join(folder, name));
  }
}

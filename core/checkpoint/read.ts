/** Reads a checkpoint of a run that may be in training, whose retention may delete a checkpoint that was just found. */
import { exists } from "../formats/file.ts";
import { isInUse } from "../runs/lock.ts";
import type { CheckpointInfo } from "./layout.ts";
import { loadCheckpoint, type LoadOptions, type LoadTargets } from "./load.ts";
import { resolveCheckpoint } from "./resolve.ts";

const TRIES = 8, WAIT_MS = 50;

/**
 * Finds a checkpoint, checks every byte of it and loads it. Where it is gone in between, or a newer one takes its place, it
 * is looked for again.
 * @param which as {@link resolveCheckpoint} has it
 * @param warn hears of bad checkpoints, once it is known that they are not just being deleted
 * @throws {UserError} if none is good; then nothing has been loaded
 */
export async function readCheckpoint(
  runDir: string,
  which: string,
  targets: LoadTargets,
  options: LoadOptions & { readonly warn: (line: string) => void },
): Promise<CheckpointInfo & { readonly state: unknown }> {
  for (let tried = 1;; tried++) {
    const lines: string[] = [];
    let found: CheckpointInfo | null = null;
    const again = async () =>
      tried < TRIES && (isInUse(runDir) || (found !== null && !await exists(found.path).catch(() => true)));
    try {
      found = await resolveCheckpoint(runDir, which, (line) => lines.push(line));
      if (lines.length === 0 || !await again()) {
        const { state } = await loadCheckpoint(found.path, targets, { verify: "lengths", ...options });
        lines.forEach(options.warn);
        return { ...found, state };
      }
    } catch (error) {
      if (!await again()) {
        lines.forEach(options.warn);
        throw error;
      }
    }
    await new Promise((done) => setTimeout(done, WAIT_MS * tried));
  }
}

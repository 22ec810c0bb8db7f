/** The file of a run that names its first checkpoint: a run that has it and no checkpoint has lost them. */
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { exists } from "../formats/file.ts";
import { writeFileAtomic } from "../runs/atomic.ts";

export const FIRST_CHECKPOINT = "first_checkpoint";

/** Writes it once. It is a trace, not a part of the save: where it cannot be written, the save is as good. */
export async function noteFirst(runDir: string, name: string): Promise<void> {
  const path = join(runDir, FIRST_CHECKPOINT);
  try {
    if (!await exists(path)) await writeFileAtomic(path, `${name}\n`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

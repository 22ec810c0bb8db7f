/** recovery.json: why a run ended early and how to resume it. */
import { removeIfThere } from "../formats/file.ts";
import { writeJsonAtomic } from "./atomic.ts";

export interface Recovery {
  /** One line. */
  readonly reason: string;
  /** The signal's name, e.g. SIGTERM. */
  readonly signal?: string;
  /** The error's line. */
  readonly error?: string;
  /** Name of the checkpoint to resume from; null where none was ever saved. */
  readonly checkpoint: string | null;
  readonly step: number;
  readonly epoch: number;
  /** The exact command that resumes. */
  readonly command: string;
}

export async function writeRecovery(runDir: string, recovery: Recovery): Promise<void> {
  await writeJsonAtomic(`${runDir}/recovery.json`, { ...recovery, written_at: new Date().toISOString() });
}

/** Removes it when a run is resumed or finished. */
export async function clearRecovery(runDir: string): Promise<void> {
  const path = `${runDir}/recovery.json`;
  await removeIfThere(path);
}

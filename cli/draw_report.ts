/** The report that a run leaves in its folder when it ends. */
import type { SessionResult } from "../core/train/session.ts";
import { printError } from "./print.ts";

/**
 * Draws the report of a run that has ended, unless it failed or was over before. A failure is printed, but does not make the run a
 * failed one.
 * @returns its path; null where there is none
 */
export async function drawReport(runDir: string, { untouched, status }: SessionResult): Promise<string | null> {
  if (untouched || status === "failed") return null;
  try {
    const { writeReport } = await import("../reports/mod.ts");
    return await writeReport(runDir);
  } catch (error) {
    printError(error);
    return null;
  }
}

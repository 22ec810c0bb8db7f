/** The report that is left where training ends. */
import type { SessionResult } from "../core/train/session.ts";
import { printError } from "./print.ts";

/** What `write` has written, by its path. A failure is printed and leads to null, since what was trained is there without a report. */
export async function drawn(write: () => Promise<string>): Promise<string | null> {
  try {
    return await write();
  } catch (error) {
    printError(error);
    return null;
  }
}

/** Draws the report of a run that has ended, unless it failed or was over before. @returns its path; null where there is none */
export async function drawReport(runDir: string, { untouched, status }: SessionResult): Promise<string | null> {
  if (untouched || status === "failed") return null;
  return await drawn(async () => await (await import("../reports/mod.ts")).writeReport(runDir));
}

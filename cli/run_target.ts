/** The run that a command reads: `--run D`, or else the newest one. */
import { resolve } from "@std/path";
import { UserError } from "../core/errors.ts";
import { toUser } from "../core/paths.ts";
import { newestRun } from "../core/runs/read.ts";

export async function runTarget(run: string | undefined, runs = "runs"): Promise<string> {
  if (run !== undefined) return run;
  const folder = resolve(runs);
  const newest = await newestRun(folder);
  if (newest === null) {
    throw new UserError(
      "--run",
      `there is no run folder in ${toUser(folder)}`,
      "name one with --run D, or train first",
    );
  }
  return newest;
}

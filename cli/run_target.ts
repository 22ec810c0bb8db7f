/** Which run a command looks at: `--run D`, else the newest one. */
import { resolve } from "@std/path";
import { UserError } from "../core/errors.ts";
import { newestRun } from "../core/runs/read.ts";
import { givenPath } from "./given_path.ts";

export async function runTarget(run: string | undefined, runs = givenPath("runs")): Promise<string> {
  if (run !== undefined) return resolve(run);
  const newest = await newestRun(resolve(runs));
  if (newest === null) {
    throw new UserError("--run", `no run folder below ${runs}/`, "name one with --run D, or train one first");
  }
  return newest;
}

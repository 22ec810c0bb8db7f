/** Which run the studio opens: a new one of a config, one that goes on, or one that is finished. */
import { loadRunConfig } from "../../core/config/mod.ts";
import { openRun } from "../../core/runs/folder.ts";
import { readSummary } from "../../core/runs/summary.ts";
import { findRun, type RunRequest } from "../../core/train/find_run.ts";
import type { Opening } from "../studio.ts";

/**
 * @param run the folder of a run, which goes on where it is not finished; otherwise a new run is begun as the request says
 * @throws {UserError} where there is no such run or config
 */
export async function openingOf(
  run: string | undefined,
  request: Omit<RunRequest, "resume" | "fork">,
): Promise<Pick<Opening, "loaded" | "target" | "finished">> {
  if (run === undefined) {
    const target = await findRun(request);
    return { loaded: target.loaded, target };
  }
  const summary = await readSummary(await openRun(run));
  if (summary?.status === "finished") return { loaded: loadRunConfig(run), target: null, finished: run };
  const target = await findRun({ ...request, config: undefined, resume: run });
  return { loaded: target.loaded, target };
}

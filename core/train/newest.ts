/** Finds the run that `--resume auto` resumes. */
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { readTextSync } from "../formats/file.ts";
import { isMissing, systemReason } from "../formats/io_error.ts";
import { safeName } from "../config/name.ts";
import { lockState, onDoubt } from "../runs/lock.ts";
import { lastStart } from "../runs/started.ts";

const SUMMARY_BYTES_MAX = 16 << 20;

function isFinished(run: string): boolean {
  try {
    return JSON.parse(readTextSync(join(run, "summary.json"), SUMMARY_BYTES_MAX)).status === "finished";
  } catch {
    return false;
  }
}

/** The folders of runs with this name, the one that was started last first. */
function runsOf(runs: string, name: string): string[] {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(runs)];
  } catch (cause) {
    if (isMissing(cause)) return [];
    const why = systemReason(cause);
    throw new UserError("--resume auto", `cannot list the runs in ${runs} (${why})`, "name the run folder");
  }
  const ours = new RegExp(String.raw`-\d{8}-\d{6}-[0-9a-zA-Z]+$`);
  return entries.filter((entry) => entry.isDirectory && entry.name.replace(ours, "") === safeName(name))
    .map(({ name }) => ({ path: join(runs, name), started: lastStart(join(runs, name)) }))
    .sort((a, b) => b.started - a.started || (a.path < b.path ? 1 : -1))
    .map(({ path }) => path);
}

/**
 * The newest run of this name that is neither finished nor being trained; null if there is none.
 * @param isOurs asked from the newest on, until it is
 * @param warn hears of a run that is passed over because it is being trained
 * @throws {UserError} where it cannot be told whether the newest is being trained: neither it nor a new run may be started
 */
export function newestUnfinished(
  runs: string,
  name: string,
  { isOurs, warn }: { isOurs: (path: string) => boolean; warn: (text: string) => void },
): string | null {
  for (const path of runsOf(runs, name)) {
    if (isFinished(path)) continue;
    const lock = lockState(path);
    if (lock.state === "held") warn(`passing over ${path}: it is in use by ${lock.who}`);
    else if (isOurs(path)) {
      if (lock.state === "free") return path;
      throw new UserError(
        "--resume auto",
        `${path} may be in use by ${lock.who}, and from here it is not certain whether that process still runs`,
        onDoubt(join(path, "run.lock")),
      );
    }
  }
  return null;
}

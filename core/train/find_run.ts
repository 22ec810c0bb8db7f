/** What `train` is to do: a new run of a config, or which run to go on with. */
import { basename, dirname, join, resolve } from "@std/path";
import { loadConfig, type LoadedConfig } from "../config/mod.ts";
import { NAME_PATTERN } from "../config/schema.ts";
import { reason } from "../data/files.ts";
import { UserError } from "../errors.ts";

export interface RunRequest {
  readonly config?: string;
  /** undefined: a new run; "" or "auto": the newest unfinished one; else a run folder or a checkpoint folder. */
  readonly resume?: string;
  readonly runDir?: string;
  /** Stands for the config's name. */
  readonly setName?: string;
  readonly overrides: readonly string[];
  readonly note?: (text: string) => void;
}

export interface RunTarget {
  readonly loaded: LoadedConfig;
  /** The run folder to go on with; null for a new run. */
  readonly existing: string | null;
  /** "latest" or a checkpoint folder; null for a new run. */
  readonly resumeFrom: string | null;
  /** Where a new run goes when it was named. */
  readonly runDir?: string;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

const hasCheckpoint = (run: string) => exists(join(run, "checkpoints", "latest"));

function isFinished(run: string): boolean {
  try {
    return JSON.parse(Deno.readTextFileSync(join(run, "summary.json"))).status === "finished";
  } catch {
    return false;
  }
}

/** The newest run of this name that has a checkpoint and is not finished. */
function newestUnfinished(runs: string, name: string): string | null {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(runs)];
  } catch {
    return null;
  }
  const ours = new RegExp(String.raw`-\d{8}-\d{6}-[0-9a-zA-Z]+$`);
  const found = entries.filter((entry) => entry.isDirectory && entry.name.replace(ours, "") === name)
    .map((entry) => ({ path: join(runs, entry.name), stamp: /-(\d{8}-\d{6})-/.exec(entry.name)?.[1] ?? "" }))
    .filter(({ path }) => hasCheckpoint(path) && !isFinished(path))
    .sort((a, b) => a.stamp < b.stamp ? 1 : -1);
  return found[0]?.path ?? null;
}

/** An existing run's own config, with overrides on top. Without a checkpoint it begins anew: its logged steps come out the same. */
function resumed(run: string, resumeFrom: string | null, overrides: readonly string[]): RunTarget {
  const file = join(run, "config.yaml");
  if (!exists(file)) {
    throw new UserError(`--resume ${run}`, "is not a run folder: it has no config.yaml", "name a run folder");
  }
  return { loaded: loadConfig({ file, overrides }), existing: run, resumeFrom };
}

/** @throws {UserError} when there is nothing to resume where something was named. */
export function findRun(request: RunRequest): RunTarget {
  const { resume, setName } = request;
  if (setName !== undefined && !NAME_PATTERN.test(setName)) {
    throw new UserError(
      `--set-name ${setName}`,
      "a name is of letters, digits, . _ -, at most 64",
      "--set-name first-try",
    );
  }
  const overrides = setName === undefined
    ? request.overrides
    : [...request.overrides, `name=${JSON.stringify(setName)}`];
  const runDir = request.runDir === undefined ? undefined : resolve(request.runDir);
  if (resume === undefined) {
    return { loaded: loadConfig({ file: request.config, overrides }), existing: null, resumeFrom: null, runDir };
  }
  if (resume === "" || resume === "auto") {
    if (runDir !== undefined && exists(join(runDir, "config.yaml"))) {
      return resumed(runDir, hasCheckpoint(runDir) ? "latest" : null, overrides);
    }
    if (request.config === undefined && runDir === undefined) {
      throw new UserError(
        "--resume auto",
        "needs to know of which run",
        "add --config F or --run-dir D, or name the run folder",
      );
    }
    const loaded = loadConfig({ file: request.config, overrides });
    const found = runDir === undefined ? newestUnfinished(loaded.config.paths.runs, loaded.config.name) : null;
    if (found) return resumed(found, "latest", overrides);
    request.note?.("nothing to resume: starting a new run");
    return { loaded, existing: null, resumeFrom: null, runDir };
  }
  const path = resolve(resume);
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    throw new UserError(
      `--resume ${resume}`,
      `cannot read it: ${reason(error)}`,
      "name a run folder or a checkpoint folder",
    );
  }
  if (info.isDirectory && basename(dirname(path)) === "checkpoints") {
    return resumed(dirname(dirname(path)), path, overrides);
  }
  if (!hasCheckpoint(path)) {
    throw new UserError(`--resume ${resume}`, "has no checkpoint to go on from", "start it anew with --config");
  }
  return resumed(path, "latest", overrides);
}

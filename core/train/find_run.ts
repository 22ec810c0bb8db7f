/** What `train` is to do: a new run of a config, or which run to go on with. */
import { basename, dirname, join } from "@std/path";
import { loadConfig, type LoadedConfig } from "../config/mod.ts";
import { stepOfName } from "../checkpoint/layout.ts";
import { NAME_PATTERN } from "../config/schema.ts";
import { reason } from "../data/files.ts";
import { UserError } from "../errors.ts";
import { isMissing, missingArgument, runsHint } from "../missing.ts";
import { fromUser, toUser } from "../paths.ts";
import { safeName } from "../runs/folder.ts";
import { isInUse } from "../runs/lock.ts";

export interface RunRequest {
  /** The path of a config file, or what stands in one; paths in it then start from the working directory. */
  readonly config?: string | Readonly<Record<string, unknown>>;
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
  /** "latest" or a checkpoint folder; null to start at the first step. */
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

const isRun = (path: string) => exists(join(path, "config.yaml"));

/** Whether a save was ever finished. Its pointer `latest` may be missing where the run was killed just then. */
function hasCheckpoint(run: string): boolean {
  try {
    return [...Deno.readDirSync(join(run, "checkpoints"))].some((entry) => stepOfName(entry.name) !== null);
  } catch {
    return false;
  }
}

function isFinished(run: string): boolean {
  try {
    return JSON.parse(Deno.readTextFileSync(join(run, "summary.json"))).status === "finished";
  } catch {
    return false;
  }
}

/** The newest run of this name that has a checkpoint, is not finished and is not being trained right now. */
function newestUnfinished(runs: string, name: string): string | null {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(runs)];
  } catch {
    return null;
  }
  const ours = new RegExp(String.raw`-\d{8}-\d{6}-[0-9a-zA-Z]+$`);
  const found = entries.filter((entry) => entry.isDirectory && entry.name.replace(ours, "") === safeName(name))
    .map((entry) => ({ path: join(runs, entry.name), stamp: /-(\d{8}-\d{6})-/.exec(entry.name)?.[1] ?? "" }))
    .filter(({ path }) => hasCheckpoint(path) && !isFinished(path) && !isInUse(path))
    .sort((a, b) => a.stamp < b.stamp ? 1 : -1);
  return found[0]?.path ?? null;
}

function load(config: RunRequest["config"], overrides: readonly string[]): LoadedConfig {
  return loadConfig(
    typeof config === "object" ? { text: JSON.stringify(config), overrides } : { file: config, overrides },
  );
}

/** An existing run's own config, with overrides on top; from its first step where it was killed before its first save. */
function resumed(
  run: string,
  checkpoint: string | null,
  { overrides, note }: Pick<RunRequest, "overrides" | "note">,
): RunTarget {
  if (!isRun(run)) {
    throw new UserError(`--resume ${toUser(run)}`, "is not a run folder: it has no config.yaml", runsHint(run));
  }
  const resumeFrom = checkpoint ?? (hasCheckpoint(run) ? "latest" : null);
  if (resumeFrom === null) note?.("no checkpoint yet: starting at the first step");
  return { loaded: loadConfig({ file: join(run, "config.yaml"), overrides }), existing: run, resumeFrom };
}

/** @throws {UserError} when there is nothing to resume where something was named. */
export function findRun(request: RunRequest): RunTarget {
  const { resume, setName, note } = request;
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
  const runDir = request.runDir === undefined ? undefined : fromUser(request.runDir);
  if (resume === undefined) {
    return { loaded: load(request.config, overrides), existing: null, resumeFrom: null, runDir };
  }
  if (resume === "" || resume === "auto") {
    if (runDir !== undefined && isRun(runDir)) return resumed(runDir, null, { overrides, note });
    if (request.config === undefined && runDir === undefined) {
      throw new UserError(
        "--resume auto",
        "needs to know of which run",
        "add --config F or --run-dir D, or name the run folder",
      );
    }
    const loaded = load(request.config, overrides);
    const found = runDir === undefined ? newestUnfinished(loaded.config.paths.runs, loaded.config.name) : null;
    if (found) return resumed(found, null, { overrides, note });
    note?.("nothing to resume: starting a new run");
    return { loaded, existing: null, resumeFrom: null, runDir };
  }
  const path = fromUser(resume);
  if (request.config !== undefined) note?.("a resumed run has its own config: --config is not read");
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    if (isMissing(error)) throw missingArgument("--resume", path, "there is no such run or checkpoint folder");
    throw new UserError(
      `--resume ${toUser(path)}`,
      `cannot read it: ${reason(error)}`,
      "name a run folder or a checkpoint folder",
    );
  }
  if (info.isDirectory && basename(dirname(path)) === "checkpoints") {
    return resumed(dirname(dirname(path)), path, { overrides, note });
  }
  return resumed(path, null, { overrides, note });
}

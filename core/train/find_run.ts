/** What `train` does: it starts a new run, or finds the run that it resumes. */
import { basename, dirname, join } from "@std/path";
import { type Config, loadConfig, type LoadedConfig, loadRunConfig } from "../config/mod.ts";
import { checkpointsFolder, stepOfName } from "../checkpoint/layout.ts";
import { NAME_PATTERN } from "../config/name.ts";
import { UserError } from "../errors.ts";
import { ifThere, readTextSync } from "../formats/file.ts";
import { isMissing, systemReason } from "../formats/io_error.ts";
import { hintFor, missingArgument, runsHint } from "../missing.ts";
import { fromUser, toUser } from "../paths.ts";
import { commandText } from "../runs/command.ts";
import { type Parent, parentOf } from "../runs/sessions.ts";
import { newestUnfinished } from "./newest.ts";
import { FIRST_CHECKPOINT } from "./first_checkpoint.ts";
import { differsFrom, resumedConfig, type ResumeRequest } from "./resume_config.ts";

export interface RunRequest {
  /** The path of a config file, or its content, whose paths are then relative to the working directory. */
  readonly config?: string | Readonly<Record<string, unknown>>;
  /** undefined: a new run; "" or "auto": the newest unfinished run; otherwise a run folder or a checkpoint folder. */
  readonly resume?: string;
  /** A run folder or a checkpoint folder from which a new run starts. */
  readonly fork?: string;
  readonly runDir?: string;
  /** Replaces the config's name. */
  readonly setName?: string;
  readonly overrides: readonly string[];
  /** Of a config that stands for several runs, the one with this number, from 0 on. */
  readonly replica?: number;
  /** Whether commands that the config names may run. */
  readonly allowRun?: boolean;
  readonly note?: (text: string) => void;
  /** Like `note`, but for what the user may not expect; by default the same function. */
  readonly warn?: (text: string) => void;
}

export interface RunTarget {
  readonly loaded: LoadedConfig;
  /** The run folder that is resumed; null for a new run. */
  readonly existing: string | null;
  /** "latest" or a checkpoint folder; null to start at the first step. */
  readonly resumeFrom: string | null;
  /** The folder of a new run, if one was given. */
  readonly runDir?: string;
  /** The config of an existing run before the overrides. */
  readonly saved?: Config;
  /** The checkpoint from which a new run starts: "latest", "best" or a checkpoint folder of a run. */
  readonly fork?: { readonly run: string; readonly which: string; readonly config: Config; readonly known?: Parent };
}

const isThere = (path: string) => ifThere(path, "look at it", () => Deno.statSync(path) !== null, false);
const isRun = (path: string) => isThere(join(path, "config.yaml"));

/** Whether a save was ever completed. Its pointer `latest` may be missing if the run was killed at that moment. */
function hasCheckpoint(run: string): boolean {
  const folder = checkpointsFolder(run);
  const names = ifThere(
    folder,
    "list the checkpoints",
    () => Array.from(Deno.readDirSync(folder), ({ name }) => name),
    [],
  );
  if (names.some((name) => stepOfName(name) !== null)) return true;
  // A listing that fails on its way is not told by Deno, and is short.
  const latest = join(folder, "latest");
  const named = ifThere(latest, "read", () => readTextSync(latest, TRACE_BYTES_MAX).trim(), "");
  return stepOfName(named) !== null && isThere(join(folder, named, "manifest.json"));
}

/** Whether `--resume auto` resumes an unfinished run of the config's name; if not, says why. */
function isOurs(path: string, given: LoadedConfig, warn: (text: string) => void): boolean {
  if (!isRun(path)) return false;
  const why = () => {
    if (!hasCheckpoint(path)) return lostCheckpoints(path);
    try {
      const changes = differsFrom(path, given);
      return changes && `it is another experiment (${changes})`;
    } catch (error) {
      if (error instanceof UserError) return `its config cannot be used (${error.message})`;
      throw error;
    }
  };
  const reason = why();
  if (reason !== null) warn(`passing over ${path}: ${reason}`);
  return reason === null && hasCheckpoint(path);
}

/** Of a file that is looked through for a trace of checkpoints. */
const TRACE_BYTES_MAX = 64 << 20;

/** Evidence that a run without checkpoints once had some; null if it was killed before its first save. */
function lostCheckpoints(run: string): string | null {
  const text = (name: string) => {
    const path = join(run, name);
    return ifThere(path, "read", () => readTextSync(path, TRACE_BYTES_MAX), "");
  };
  const lost = "its checkpoints are gone";
  if (/"status": "(finished|stopped)"/.test(text("summary.json"))) return lost; // both come after a save
  if (/"checkpoint": "/.test(text("recovery.json"))) return lost;
  return text(FIRST_CHECKPOINT) !== "" ? lost : null;
}

/** The config that a request names. */
export function load(
  { config, replica }: Pick<RunRequest, "config" | "replica">,
  overrides: readonly string[],
): LoadedConfig {
  const given = typeof config === "object" ? { text: JSON.stringify(config) } : { file: config };
  return loadConfig({ ...given, overrides, ...replica === undefined ? {} : { replica } });
}

type Existing = ResumeRequest & Pick<RunRequest, "note">;

/** An existing run; it starts at its first step if it was killed before its first save. */
async function resumed(run: string, checkpoint: string | null, request: Existing): Promise<RunTarget> {
  const { named, warn } = request;
  if (!isRun(run)) {
    const kept = checkpoint !== null && runAbove(run) !== null;
    throw new UserError(
      `--resume ${toUser(named)}`,
      kept ? "is a checkpoint that its run has replaced" : "is not a run folder: it has no config.yaml",
      kept ? `start a new run from it: ${commandText("train", "--fork", toUser(named))}` : runsHint(run),
    );
  }
  const { loaded, saved } = resumedConfig(run, request);
  const target = { loaded, saved: saved.config, existing: run };
  if (checkpoint !== null || hasCheckpoint(run)) return { ...target, resumeFrom: checkpoint ?? "latest" };
  const parent = await parentOf(run);
  if (parent !== null) { // a fork that was killed before its first save
    const config = loadRunConfig(parent.run).config;
    const which = join(parent.run, parent.checkpoint);
    return { ...target, resumeFrom: null, fork: { run: parent.run, which, config, known: parent } };
  }
  const lost = lostCheckpoints(run);
  if (lost !== null) {
    throw new UserError(
      `--resume ${toUser(named)}`,
      `${lost}, so it could only start at the first step`,
      `train it again: ${commandText("train", "--config", join(run, "config.yaml"))}`,
    );
  }
  warn(`${toUser(run)} has no checkpoint yet: starting at the first step`);
  return { ...target, resumeFrom: null };
}

/** The run that a folder below it belongs to. */
function runAbove(path: string): string | null {
  for (let folder = path; dirname(folder) !== folder; folder = dirname(folder)) if (isRun(folder)) return folder;
  return null;
}

/**
 * The run and the checkpoint that a path names: a run folder (null for the latest), a checkpoint folder or a pointer to
 * one.
 */
function namedCheckpoint(option: string, named: string): { run: string; checkpoint: string | null } {
  const path = fromUser(named);
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    if (isMissing(error)) throw missingArgument(option, path, "there is no such run or checkpoint folder");
    throw new UserError(
      `${option} ${toUser(path)}`,
      `cannot read it (${systemReason(error)})`,
      "name a run folder or a checkpoint folder",
    );
  }
  if (basename(dirname(path)) !== "checkpoints") return { run: path, checkpoint: null };
  const pointer = basename(path);
  if (info.isFile && (pointer === "latest" || pointer === "best")) {
    return { run: dirname(dirname(path)), checkpoint: pointer };
  }
  return { run: info.isDirectory ? dirname(dirname(path)) : path, checkpoint: info.isDirectory ? path : null };
}

/** A new run that starts from a checkpoint, with the parent's config or with the given one. */
function forked(named: string, request: RunRequest, overrides: readonly string[]): RunTarget {
  const { run: folder, checkpoint } = namedCheckpoint("--fork", named);
  const run = isRun(folder) ? folder : runAbove(folder);
  if (run === null) {
    throw new UserError(
      `--fork ${toUser(named)}`,
      "is not a run folder: it has no config.yaml",
      "name a run or a checkpoint",
    );
  }
  const loaded = request.config === undefined ? loadRunConfig(run, overrides) : load(request, overrides);
  const runDir = request.runDir === undefined ? undefined : fromUser(request.runDir);
  const fork = { run, which: checkpoint ?? "latest", config: loadRunConfig(run).config };
  return { loaded, existing: null, resumeFrom: null, runDir, fork };
}

/** @throws {UserError} if the run that was named cannot be resumed, or its config names a command that may not run. */
export async function findRun(request: RunRequest): Promise<RunTarget> {
  const target = await findTarget(request);
  checkPrograms(target.loaded, request.allowRun ?? false);
  return target;
}

/** A program that a config names, and how to do without it. */
interface Named {
  readonly where: string;
  readonly kind: "module" | "command";
  /** Of a module. */
  readonly path: string | null;
  readonly without: string;
  /** What the compiled program, which has no Deno, can have instead. */
  readonly instead: string;
}

function programsOf({ logging, diagnostics }: LoadedConfig["config"]): Named[] {
  const sinks = logging.sinks.flatMap((sink, i): Named[] => {
    if (typeof sink !== "object") return [];
    const path = "module" in sink ? sink.module : null;
    return [{
      ...{ where: `logging.sinks.${i}`, kind: path === null ? "command" : "module", path },
      without: "logging.sinks=[csv]",
      instead: `write {command: deno run -A ${basename(path ?? "")}}, a program that reads events as lines of JSON`,
    }];
  });
  const kinds = typeof diagnostics.kinds === "string" ? [] : diagnostics.kinds;
  const without = "diagnostics.kinds=auto";
  const own = kinds.flatMap((kind, i): Named[] =>
    typeof kind === "string" ? [] : [{
      ...{ where: `diagnostics.kinds.${i}`, kind: "module", path: kind.module, without },
      instead: `leave it out: --override ${without}`,
    }]
  );
  return [...sinks, ...own];
}

/**
 * A config is data: what it names runs only if whoever starts the run says so.
 * @throws {UserError} if a config names a command or a module that is not allowed, or a module that cannot be
 */
export function checkPrograms({ config, locate }: Pick<LoadedConfig, "config" | "locate">, isAllowed: boolean): void {
  for (const { where, kind, path, without, instead } of programsOf(config)) {
    if (!isAllowed) {
      const what = `names a ${kind}, and ${kind}s of a config run only if the command line allows it`;
      throw locate(new UserError(where, what, `add --allow-run, or leave the ${kind} out: --override ${without}`));
    }
    if (path === null) continue;
    if (!isThere(path)) {
      throw locate(new UserError(`${where}.module`, `there is no such file: ${path}`, hintFor(path)));
    }
    if (Deno.build.standalone) {
      throw locate(new UserError(`${where}.module`, "needs Deno, and this is the compiled program", instead));
    }
  }
}

async function findTarget(request: RunRequest): Promise<RunTarget> {
  const { resume, fork, setName, note } = request;
  const warn = request.warn ?? note ?? (() => {});
  if (setName !== undefined && !NAME_PATTERN.test(setName)) {
    throw new UserError(
      `--set-name ${setName}`,
      "must be at most 64 letters, digits, . _ - and begin with a letter or digit",
      "--set-name first-try",
    );
  }
  const overrides = setName === undefined
    ? request.overrides
    : [...request.overrides, `name=${JSON.stringify(setName)}`];
  const runDir = request.runDir === undefined ? undefined : fromUser(request.runDir);
  if (fork !== undefined) {
    if (resume !== undefined) {
      throw new UserError("--fork", "cannot be combined with --resume", "leave out one of them");
    }
    return forked(fork, request, overrides);
  }
  if (resume === undefined) {
    return { loaded: load(request, overrides), existing: null, resumeFrom: null, runDir };
  }
  const given = request.config === undefined ? undefined : load(request, overrides);
  const configFile = typeof request.config === "string" ? request.config : undefined;
  const existing = (named: string): Existing => ({ named, overrides, given, configFile, note, warn });
  if (resume !== "" && resume !== "auto") {
    const { run, checkpoint } = namedCheckpoint("--resume", resume);
    return await resumed(run, checkpoint, existing(resume));
  }
  if (runDir !== undefined && isRun(runDir)) return await resumed(runDir, null, existing(request.runDir!));
  if (request.config === undefined && runDir === undefined) {
    throw new UserError(
      "--resume auto",
      "needs a config or a run folder",
      "add --config F or --run-dir D, or name the run folder",
    );
  }
  const loaded = given ?? load(request, overrides);
  const found = runDir === undefined
    ? newestUnfinished(loaded.config.paths.runs, loaded.config.name, {
      isOurs: (path) => isOurs(path, loaded, warn),
      warn,
    })
    : null;
  if (found) {
    note?.(`going on with ${toUser(found)}`);
    return await resumed(found, null, existing(found));
  }
  note?.("nothing to resume: starting a new run");
  return { loaded, existing: null, resumeFrom: null, runDir };
}

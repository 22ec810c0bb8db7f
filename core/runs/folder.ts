/** Run folders. A folder is created exclusively, and names that lead out of it are refused. */
import { basename, dirname, join, resolve } from "@std/path";
import { safeName } from "../config/name.ts";
import type { Config } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { exists, removeQuietly, syncFolder } from "../formats/file.ts";
import { ioError, isMachineFailure, isMissing, systemReason } from "../formats/io_error.ts";
import { hintFor, runsHint } from "../missing.ts";
import { toUser } from "../paths.ts";
import { writeFileAtomic } from "./atomic.ts";

/**
 * Files that a process leaves if it is killed before it has written config.yaml; nothing else can be in its folder yet.
 */
const LEFTOVER = /^(\.(config\.yaml|sessions\.json)\.[0-9a-f]+\.tmp|sessions\.json)$/;

export class RunFolder {
  readonly name: string;

  /**
   * @param path absolute
   * @param isNew whether the folder itself was made for this run
   */
  constructor(readonly path: string, readonly isNew = false) {
    this.name = basename(path);
  }

  /**
   * The path of a file of this run, e.g. `diagnostics/epoch-0005/latent.json`. A name that leaves the folder is
   * refused.
   */
  file(name: string): string {
    const parts = name.split("/");
    if (
      parts.some((part) => part === "" || part === "." || part === ".." || part.includes("\\") || part.includes("\0"))
    ) {
      throw new UserError(this.path, `${JSON.stringify(name)} is not the name of a file in it`);
    }
    return join(this.path, ...parts);
  }
}

export interface CreateRunOptions {
  /** The folder to use instead of one under `paths.runs`. It must not exist, or must be empty. */
  readonly runDir?: string;
  /** The first part of the folder's name instead of the config's name. */
  readonly setName?: string;
  readonly now?: Date;
  /** Called before config.yaml is written, which makes the folder a run; writes what every run must have. */
  readonly before?: (run: RunFolder) => Promise<void>;
}

/**
 * Makes `NAME-YYYYMMDD-HHMMSS-ID` (local time) under `config.paths.runs` and puts config.yaml into it.
 * @param yamlOf the resolved config as text, after what the run keeps has been written into its folder
 * @throws {UserError} where the folder cannot be made; nothing is left behind then.
 */
export async function createRun(
  config: Config,
  yamlOf: string | ((run: RunFolder) => Promise<string>),
  options: CreateRunOptions = {},
): Promise<RunFolder> {
  const { runDir, setName = config.name, now = new Date() } = options;
  const isNew = runDir === undefined || !await exists(resolve(runDir));
  const path = runDir === undefined
    ? await makeUnder(config.paths.runs, setName, now)
    : await makeExactly(resolve(runDir));
  const run = new RunFolder(path, isNew);
  try {
    await syncFolder(dirname(path));
    await options.before?.(run);
    const yaml = typeof yamlOf === "string" ? yamlOf : await yamlOf(run);
    await writeFileAtomic(run.file("config.yaml"), yaml);
  } catch (error) {
    await undoRun(run);
    throw error;
  }
  return run;
}

/** Removes a run that has not begun: the content of its folder, and the folder itself if it was made for the run. */
export async function undoRun(run: RunFolder): Promise<void> {
  if (run.isNew) return await removeQuietly(run.path);
  try {
    for await (const { name } of Deno.readDir(run.path)) await removeQuietly(join(run.path, name));
  } catch { /* the error that led here is the one to tell */ }
}

/** The same at once, where the process is about to end. */
export function undoRunNow(run: RunFolder): void {
  try {
    const names = run.isNew ? [] : [...Deno.readDirSync(run.path)].map(({ name }) => join(run.path, name));
    for (const path of run.isNew ? [run.path] : names) Deno.removeSync(path, { recursive: true });
  } catch { /* what is left is an empty run, which says nothing untrue */ }
}

/** An existing run. @throws {UserError} if there is none at `path`. */
export async function openRun(path: string): Promise<RunFolder> {
  const run = new RunFolder(resolve(path));
  if (!await isRunFolder(run.path)) {
    const there = await exists(run.path);
    throw new UserError(
      toUser(run.path),
      there ? "is not a run folder: it has no config.yaml" : "there is no such folder",
      there ? runsHint(run.path) : hintFor(run.path),
    );
  }
  return run;
}

/** @throws {UserError} where that cannot be told */
export async function isRunFolder(path: string): Promise<boolean> {
  const config = join(path, "config.yaml");
  try {
    return (await Deno.stat(config)).isFile;
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw ioError(config, "look at it", cause);
  }
}

/** `YYYYMMDD-HHMMSS`, local time. */
export function timestamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

/** When a run began, according to its folder's name, or null. */
export function timeOfName(name: string): Date | null {
  const found = /-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-[0-9a-z]+$/.exec(name);
  if (!found) return null;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return new Date(year, month - 1, day, hour, minute, second);
}

async function makeUnder(runs: string, name: string, now: Date): Promise<string> {
  try {
    await Deno.mkdir(runs, { recursive: true });
    for (;;) {
      const id = crypto.randomUUID().slice(0, 6);
      const path = join(resolve(runs), `${safeName(name)}-${timestamp(now)}-${id}`);
      try {
        await Deno.mkdir(path);
        return path;
      } catch (cause) {
        if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause;
      }
    }
  } catch (cause) {
    throw cannotMake(runs, cause, "set paths.runs to a folder that can be written");
  }
}

async function makeExactly(path: string): Promise<string> {
  let empty = true;
  try {
    await Deno.mkdir(path, { recursive: true });
    const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
    empty = names.every((name) => LEFTOVER.test(name));
    if (empty) { for (const name of names) await Deno.remove(join(path, name)); }
  } catch (cause) {
    throw cannotMake(path, cause, "give --run-dir a folder that can be written");
  }
  if (!empty) {
    throw new UserError(
      path,
      "the folder is not empty",
      "resume the run in it with --resume, or name another folder",
    );
  }
  return path;
}

function cannotMake(path: string, cause: unknown, hint: string): UserError {
  if (isMachineFailure(cause)) return ioError(path, "create the run folder", cause);
  return new UserError(path, `cannot create the run folder (${systemReason(cause)})`, hint);
}

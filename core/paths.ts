/**
 * Paths as the user sees them: the folder that a typed path is relative to, how a path is shown, and the rule by which a path
 * of a config was resolved.
 */
import { dirname, isAbsolute, relative, resolve } from "@std/path";

/** The folder of deno.json; undefined if the program was not started from files. */
const PROJECT = import.meta.dirname === undefined ? undefined : dirname(import.meta.dirname);

/**
 * The folder in which the user typed the command. `deno task` starts a command in the folder of deno.json and leaves the
 * user's in INIT_CWD, so that this counts where the process stands in that folder; npx sets it alike.
 */
export function userFolder(): string {
  const here = Deno.cwd();
  const typedIn = Deno.env.get("INIT_CWD");
  if (typedIn === undefined || here !== PROJECT || !isAbsolute(typedIn)) return here;
  try {
    return Deno.statSync(typedIn).isDirectory ? resolve(typedIn) : here;
  } catch {
    return here;
  }
}

/** The absolute path of a path that the user typed. */
export function fromUser(path: string): string {
  return resolve(userFolder(), path);
}

/**
 * A path as it is shown: relative to a folder, by default the user's, if it is inside it, or if both are inside the project and
 * that is the shorter text; otherwise absolute.
 */
export function toUser(path: string, from = userFolder()): string {
  const near = relative(from, path) || ".";
  if (!near.startsWith("..")) return near;
  const isInProject = (other: string) => PROJECT !== undefined && !relative(PROJECT, other).startsWith("..");
  return isInProject(path) && isInProject(from) && near.length < path.length ? near : path;
}

/** How a path in a config or an override was resolved. */
export interface PathOrigin {
  /** `file:line:column` or the override. */
  readonly where: string;
  readonly written: string;
  /** The absolute folder that the written path is relative to. */
  readonly folder: string;
  /** That folder in words; "" for an absolute path. */
  readonly rule: string;
}

const origins = new Map<string, PathOrigin>();

/** Keeps how a config's path was resolved, for later messages about it. */
export function rememberPath(path: string, origin: PathOrigin): void {
  origins.set(path, origin);
}

export function originOfPath(path: string): PathOrigin | undefined {
  return origins.get(path);
}

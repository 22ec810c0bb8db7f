/**
 * Paths between the program and its user: where a typed path starts from, how a path is shown, and by which rule a path of a
 * config became what it is.
 */
import { dirname, isAbsolute, relative, resolve } from "@std/path";

/** The folder of deno.json; undefined where the program was not started from files. */
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

/** The absolute path of one that the user typed. */
export function fromUser(path: string): string {
  return resolve(userFolder(), path);
}

/** A path as it is shown: relative to a folder, by default the user's, where that is the shorter text. */
export function toUser(path: string, from = userFolder()): string {
  const near = relative(from, path) || ".";
  return near.length < path.length ? near : path;
}

/** How a path came about that a config or an override names. */
export interface PathOrigin {
  /** `file:line:column` or the override. */
  readonly where: string;
  readonly written: string;
  /** What the written path starts from, absolute. */
  readonly folder: string;
  /** The same in words; "" of an absolute path. */
  readonly rule: string;
}

const origins = new Map<string, PathOrigin>();

/** Keeps how a config's path came about, for what may have to be said about it later. */
export function rememberPath(path: string, origin: PathOrigin): void {
  origins.set(path, origin);
}

export function originOfPath(path: string): PathOrigin | undefined {
  return origins.get(path);
}

/** Messages about a path at which there is nothing: the rule by which it was resolved, and what exists instead. */
import { basename, dirname, join, relative } from "@std/path";
import { nearest } from "./config/nearest.ts";
import { UserError } from "./errors.ts";
import { originOfPath, type PathOrigin, toUser } from "./paths.ts";

/** The largest number of names in a folder that are compared with the missing one. */
const MAX_NAMES = 10_000;
/** The largest number of names that are listed. */
const LISTED = 4;

/** Whether there is anything at a path. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  const names: string[] = [];
  try {
    for (const { name } of Deno.readDirSync(folder)) {
      if (!name.startsWith(".")) names.push(name);
      if (names.length === MAX_NAMES) break;
    }
  } catch { /* not ours to read: nothing to propose */ }
  return names.sort();
}

/** The name in a folder that was probably meant: a similar name, the same with another ending, or a longer one. */
function nameMeant(name: string, names: readonly string[]): string | undefined {
  const stem = (text: string) => text.replace(/\.[^.]*$/, "").toLowerCase();
  return nearest(name, names) ?? names.find((each) => stem(each) === stem(name)) ??
    (name.length > 2 ? names.find((each) => each.toLowerCase().startsWith(name.toLowerCase())) : undefined);
}

/** Some names as a list: `a, b, c and 7 more`. */
export function someNames(names: readonly string[]): string {
  const more = names.length - LISTED;
  return names.slice(0, LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/**
 * The hint for a missing path: the nearest path that exists, or the content of its nearest folder.
 * @param shown how a proposed path is to be written
 */
export function hintFor(path: string, shown: (path: string) => string = (each) => toUser(each)): string {
  let folder = dirname(path), name = basename(path);
  const below: string[] = [];
  while (!exists(folder) && folder !== dirname(folder)) {
    below.unshift(name);
    [folder, name] = [dirname(folder), basename(folder)];
  }
  const names = namesIn(folder);
  const meant = nameMeant(name, names);
  if (meant !== undefined) {
    const whole = join(folder, meant, ...below);
    return `did you mean ${shown(exists(whole) ? whole : join(folder, meant))}?`;
  }
  if (below.length === 0 && names.length > 0) return `the folder holds ${someNames(names)}`;
  return `the nearest folder there is: ${folder}`;
}

/** Proposals in the form in which the path was written. */
function asWritten(origin: PathOrigin | undefined): ((path: string) => string) | undefined {
  if (origin === undefined) return undefined;
  if (origin.rule === "") return (path) => path;
  return (path) => relative(origin.folder, path) || ".";
}

/** Where a path of a config was set, for the start of an error line; "" if that is not known. */
export function whereOfPath(path: string): string {
  return originOfPath(path)?.where ?? "";
}

/**
 * The error of a config's path that cannot be read.
 * @param field the key that names it
 * @param why the operating system's reason, where it is another than that nothing is there
 * @param named the path that the config names, where `path` is a part of it
 * @param advice what to do where something is there
 */
export function unreadablePath(
  path: string,
  field: string,
  why?: string,
  named = path,
  advice = "check the path and its permissions",
): UserError {
  const origin = originOfPath(named);
  const rule = origin?.rule ? ` (${origin.rule})` : "";
  const what = `${why ?? "there is no such file or folder"}: ${path}${rule}`;
  const hint = why === undefined ? hintFor(path, asWritten(origin)) : advice;
  return new UserError(origin?.where ?? field, origin ? `${field}: ${what}` : what, hint);
}

/** The error of a path on the command line, relative to the user's folder, at which there is nothing. */
export function missingArgument(option: string, path: string, what: string): UserError {
  const shown = toUser(path);
  return new UserError(`${option} ${shown}`, shown === path ? what : `${what}: looked for ${path}`, hintFor(path));
}

/** The hint for a folder that is not a run folder: the run folders in it or above it. */
export function runsHint(path: string): string {
  const isRun = (folder: string) => exists(join(folder, "config.yaml")) && exists(join(folder, "environment.json"));
  for (let above = dirname(path); above !== dirname(above); above = dirname(above)) {
    if (isRun(above)) return `did you mean ${toUser(above)}?`;
  }
  const runs = namesIn(path).filter((name) => isRun(join(path, name)));
  if (runs.length === 1) return `did you mean ${toUser(join(path, runs[0]!))}?`;
  return runs.length > 0 ? `it holds run folders: name one of ${someNames(runs)}` : "name a run folder";
}

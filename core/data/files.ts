/** Finds the files that a data path names. */
import { globToRegExp, isGlob, join } from "@std/path";
import { UserError } from "../errors.ts";
import { isMissing, systemReason } from "../formats/io_error.ts";
import { someNames, unreadablePath, whereOfPath } from "../missing.ts";
import { adviceOn } from "../formats/kind_advice.ts";
import { kindOf } from "../formats/kinds.ts";
import { baseOf } from "./row_keys.ts";

function folder(path: string, field: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)];
  } catch (error) {
    throw unreadablePath(path, field, `cannot list the folder (${systemReason(error)})`);
  }
}

/** What is at a path that is not read as a glob; null if nothing is there. */
function statOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}

/** A folder and all folders below it, except those behind symbolic links. */
function withFoldersBelow(path: string, field: string): string[] {
  const inside = folder(path, field).filter((entry) => entry.isDirectory && !hidden(entry.name));
  return [path, ...inside.flatMap((entry) => withFoldersBelow(join(path, entry.name), field))];
}

/** What an absolute glob names. It is matched name by name, so that only folders that can match are read. */
function everything(glob: string, field: string): string[] {
  const names = glob.split("/").filter((name) => name !== "");
  if (names.at(-1) === "**") names.push("*");
  let paths = ["/"];
  for (const name of names) {
    const folders = paths.filter((path) => statOf(path)?.isDirectory);
    paths = folders.flatMap((path) => name === "**" ? withFoldersBelow(path, field) : named(path, name, field));
  }
  return [...new Set(paths)];
}

const expanded = (glob: string, field: string) =>
  everything(glob, field).filter((path) => statOf(path)?.isDirectory === false);

/** The folders that a glob matches, in natural order. */
export function matchedFolders(glob: string, field: string): string[] {
  return everything(glob, field).filter((path) => statOf(path)?.isDirectory).sort(naturally);
}

/** The names in a folder, without hidden ones, in natural order. */
export function entriesOf(path: string, field: string): { files: string[]; folders: string[] } {
  const entries = folder(path, field).filter(({ name }) => !hidden(name)).map(({ name }) => name).sort(naturally);
  const isFolder = (name: string) => statOf(join(path, name))?.isDirectory ?? false;
  return { files: entries.filter((name) => !isFolder(name)), folders: entries.filter(isFolder) };
}

/** The entries of a folder that one name of a glob matches; only the entry of exactly this name, if there is one. */
function named(path: string, name: string, field: string): string[] {
  const literal = join(path, name);
  if (statOf(literal) !== null) return [literal];
  if (!isGlob(name)) return [join(path, name.replaceAll(/\\(.)/g, "$1"))];
  const pattern = globToRegExp(name);
  return folder(path, field).filter((entry) => pattern.test(entry.name) && (hidden(name) || !hidden(entry.name)))
    .map((entry) => join(path, entry.name));
}

/**
 * A name that begins with a dot is not data: other programs keep their own there, such as copies of a file being
 * edited.
 */
const hidden = (name: string) => name.startsWith(".");

/** Compares names in natural order: chunk_2 comes before chunk_10. */
export function naturally(a: string, b: string): number {
  const order = new Intl.Collator("en", { numeric: true }).compare(a, b);
  return order !== 0 ? order : a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a path is a glob, and not the name of something that exists. */
export function isPattern(path: string): boolean {
  return (isGlob(path) || path.includes("\\")) && statOf(path) === null;
}

/** The folder that the names of a data path's files are relative to. */
export function dataBase(path: string): string {
  return baseOf(path, statOf(path)?.isDirectory ?? false, isPattern(path));
}

/** The error of a glob that matches nothing, with the missing folder or the names in the folder. */
function noMatch(glob: string, field: string): UserError {
  const names = glob.split("/");
  const folder = names.slice(0, names.findIndex((name) => isGlob(name))).join("/") || "/";
  const info = statOf(folder);
  if (info === null) return unreadablePath(folder, field, undefined, glob);
  const there = info.isDirectory ? Deno.readDirSync(folder) : [];
  const held = [...there].map(({ name }) => name).sort(naturally);
  const hint = held.length > 0 ? `${folder} holds ${someNames(held)}` : `${folder} is empty`;
  return new UserError(whereOfPath(glob), `${field}: no file matches ${glob}`, hint);
}

/** The error of a folder without data files, with what is in it instead. */
function emptyFolder(path: string, field: string, extension: string): UserError {
  const held = [...Deno.readDirSync(path)].map(({ name }) => name).sort(naturally);
  const whole = kindOf(path);
  const first = held.find((name) => statOf(join(path, name))?.isFile);
  const kind = whole ?? (first === undefined ? undefined : kindOf(join(path, first)));
  const what = whole ? `is ${whole.name}, which is not read` : `the folder holds no ${extension} file`;
  const listed = held.length === 0 ? "the folder is empty" : `it holds ${someNames(held)}`;
  const isOther = held.some((name) => name.endsWith(extension === ".npz" ? ".npy" : ".npz"));
  const advice = isOther
    ? `set data.format: ${extension === ".npz" ? "dense_npy" : "csr_npz"}`
    : kind?.advice ?? "name a folder of data, or the files with a glob";
  const hint = whole ? adviceOn(whole) : held.length === 0 ? listed : `${listed}; ${advice}`;
  return new UserError(whereOfPath(path), `${field}: ${path}: ${what}`, hint);
}

/**
 * The files a path names, in natural order: the file itself, a folder's files of that extension, or what a glob matches.
 * @param field the config key, for messages
 * @param extension with its dot
 */
export function dataFiles(path: string, field: string, extension: string): string[] {
  if (isPattern(path)) {
    const found = expanded(path, field);
    if (found.length === 0) throw noMatch(path, field);
    return found.sort(naturally);
  }
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    throw unreadablePath(path, field, isMissing(error) ? undefined : `cannot read it (${systemReason(error)})`);
  }
  if (!info.isDirectory && !info.isFile) {
    const what = "must be a file or a folder of files, got a device or a pipe";
    throw unreadablePath(path, field, what, path, "copy what it gives into a file");
  }
  if (!info.isDirectory) return [path];
  const found = folder(path, field).filter((entry) =>
    !entry.isDirectory && entry.name.endsWith(extension) && !hidden(entry.name)
  )
    .map((entry) => join(path, entry.name));
  if (found.length === 0) {
    throw emptyFolder(path, field, extension);
  }
  return found.sort(naturally);
}

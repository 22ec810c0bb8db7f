/** Which files a data path names. */
import { basename, globToRegExp, isGlob, join } from "@std/path";
import { UserError } from "../errors.ts";
import { baseOf } from "./row_keys.ts";

function folder(path: string, field: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)];
  } catch (error) {
    throw new UserError(`${field}: ${path}`, `cannot list the folder: ${reason(error)}`, "check the path");
  }
}

/** The operating system's reason in one line. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0]!.replace(/ \(os error \d+\).*$/, "");
}

/** What is at a path as it stands, whatever characters a glob's it has; null where nothing can be found. */
function statOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}

/** A folder and all below it, but for those behind symbolic links. */
function withFoldersBelow(path: string, field: string): string[] {
  const inside = folder(path, field).filter((entry) => entry.isDirectory && !hidden(entry.name));
  return [path, ...inside.flatMap((entry) => withFoldersBelow(join(path, entry.name), field))];
}

/** The files that an absolute glob names: name by name, so that only folders are read that may hold some. */
function expanded(glob: string, field: string): string[] {
  const names = glob.split("/").filter((name) => name !== "");
  if (names.at(-1) === "**") names.push("*");
  let paths = ["/"];
  for (const name of names) {
    const folders = paths.filter((path) => statOf(path)?.isDirectory);
    paths = folders.flatMap((path) => name === "**" ? withFoldersBelow(path, field) : named(path, name, field));
  }
  return [...new Set(paths)].filter((path) => statOf(path)?.isDirectory === false);
}

/** What one name of a glob stands for in a folder; itself, where there is something of this very name. */
function named(path: string, name: string, field: string): string[] {
  const literal = join(path, name);
  if (statOf(literal) !== null) return [literal];
  if (!isGlob(name)) return [join(path, name.replaceAll(/\\(.)/g, "$1"))];
  const pattern = globToRegExp(name);
  return folder(path, field).filter((entry) => pattern.test(entry.name) && (hidden(name) || !hidden(entry.name)))
    .map((entry) => join(path, entry.name));
}

/** A name that begins with a dot is not data: other programs keep their own there, such as copies of a file being edited. */
const hidden = (name: string) => name.startsWith(".");

/** Names in an order a person expects: chunk_2 before chunk_10. */
export function naturally(a: string, b: string): number {
  const order = new Intl.Collator("en", { numeric: true }).compare(a, b);
  return order !== 0 ? order : a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a path is a glob, and not something that is there under this very name. */
export function isPattern(path: string): boolean {
  return (isGlob(path) || path.includes("\\")) && statOf(path) === null;
}

/** The folder that the names of what a data path stands for are relative to. */
export function dataBase(path: string): string {
  return baseOf(path, statOf(path)?.isDirectory ?? false, isPattern(path));
}

/**
 * The files a path names, in natural order: the file itself, a folder's files of that extension, or what a glob matches.
 * @param field the config key, for messages
 * @param extension with its dot
 */
export function dataFiles(path: string, field: string, extension: string): string[] {
  if (isPattern(path)) {
    const found = expanded(path, field);
    if (found.length === 0) throw new UserError(`${field}: ${path}`, "no file matches", "check the pattern");
    return found.sort(naturally);
  }
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    throw new UserError(`${field}: ${path}`, `cannot read it: ${reason(error)}`, "check the path");
  }
  if (!info.isDirectory) return [path];
  const found = folder(path, field).filter((entry) =>
    !entry.isDirectory && entry.name.endsWith(extension) && !hidden(entry.name)
  )
    .map((entry) => join(path, entry.name));
  if (found.length === 0) {
    throw new UserError(
      `${field}: ${path}`,
      `the folder holds no ${extension} file`,
      `name the files with a glob: ${basename(path)}/*`,
    );
  }
  return found.sort(naturally);
}

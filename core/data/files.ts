/** Which files a data path names. */
import { basename, dirname, globToRegExp, isGlob, join } from "@std/path";
import { UserError } from "../errors.ts";

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

/** Files below `root` whose absolute path matches, by name. */
function matching(root: string, pattern: RegExp, deep: boolean, field: string): string[] {
  const found: string[] = [];
  for (const entry of folder(root, field)) {
    const path = join(root, entry.name);
    if (entry.isDirectory && deep) found.push(...matching(path, pattern, deep, field));
    else if (!entry.isDirectory && pattern.test(path)) found.push(path);
  }
  return found;
}

/** Names in an order a person expects: chunk_2 before chunk_10. */
export function naturally(a: string, b: string): number {
  const order = new Intl.Collator("en", { numeric: true }).compare(a, b);
  return order !== 0 ? order : a < b ? -1 : a > b ? 1 : 0;
}

/** Whether the path is one as it stands, whatever characters a glob's it has. */
function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * The files a path names, in natural order: the file itself, a folder's files of that extension, or what a glob matches.
 * @param field the config key, for messages
 * @param extension with its dot
 */
export function dataFiles(path: string, field: string, extension: string): string[] {
  if (isGlob(path) && !isThere(path)) {
    let root = path;
    while (isGlob(root)) root = dirname(root);
    const found = matching(root, globToRegExp(path), path.slice(root.length).split("/").length > 2, field);
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
  const found = folder(path, field).filter((entry) => !entry.isDirectory && entry.name.endsWith(extension))
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

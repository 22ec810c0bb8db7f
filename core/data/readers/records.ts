/** The files of a source of which every file is a record: one file, a folder with folders of classes, or a glob. */
import { join } from "@std/path";
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { isRegular, systemReason } from "../../formats/io_error.ts";
import { someNames, unreadablePath } from "../../missing.ts";
import { dataBase, dataFiles, isPattern, naturally } from "../files.ts";
import { nameWithin } from "../row_keys.ts";
import type { OpenSource, Reader } from "./reader.ts";

/** A reader of which a folder or a glob is one source. */
export type Together = Reader & { readonly together: true };

export interface RecordFile {
  readonly path: string;
  /** Its path below the source: `cat/001.png`. */
  readonly name: string;
}

export interface RecordFiles {
  /** In natural order of their names. */
  readonly files: readonly RecordFile[];
  readonly notes: readonly string[];
}

/** How the files of a kind are found among others in a folder. */
export interface Kind {
  /** What they are: "pictures". */
  readonly about: string;
  readonly pattern: RegExp;
  /** The pattern for messages: ".png, .jpg". */
  readonly shown: string;
  /** Files that belong to them, which are no records of their own. */
  readonly beside?: RegExp;
}

/** Folders below folders are looked into to this depth. */
const DEPTH_MAX = 32;

/**
 * The files of a source. A file that is named itself, or by a glob, need not fit the pattern.
 * @throws {UserError} where there are none, or a folder cannot be listed
 */
export function recordFiles(path: string, { about, pattern, shown, beside }: Kind): RecordFiles {
  if (isPattern(path) || isRegular(path)) {
    const base = dataBase(path);
    const files = dataFiles(path, "data.path", "").map((each) => ({ path: each, name: nameWithin(base, each) }));
    return { files, notes: [] };
  }
  const found: RecordFile[] = [], others: string[] = [], links: string[] = [];
  look(path, "", 0);
  if (found.length === 0) {
    const held = others.length > 0 ? `it holds ${someNames(others.sort(naturally))}` : "the folder is empty";
    throw new UserError("data.path", `${path}: the folder holds no ${about} (${shown})`, held);
  }
  const notes: string[] = [];
  if (others.length > 0) {
    const which = others.length === 1 ? "1 file is" : `${others.length} files are`;
    notes.push(`${which} not read, because ${about} have other names: ${someNames(others)}.`);
  }
  if (links.length > 0) notes.push(`Symbolic links to folders are not followed: ${someNames(links)}.`);
  return { files: found.sort((a, b) => naturally(a.name, b.name)), notes };

  function look(folder: string, below: string, depth: number): void {
    if (depth > DEPTH_MAX) {
      throw new UserError("data.path", `${folder}: folders are nested more than ${DEPTH_MAX} deep`);
    }
    for (const entry of listed(folder)) {
      if (entry.name.startsWith(".")) continue;
      const [at, name] = [join(folder, entry.name), join(below, entry.name)];
      if (entry.isDirectory) look(at, name, depth + 1);
      else if (entry.isSymlink && leadsToFolder(at)) links.push(name);
      else if (pattern.test(entry.name)) found.push({ path: at, name: name.normalize("NFC") });
      else if (!beside?.test(entry.name)) others.push(name);
    }
  }
}

function listed(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    throw unreadablePath(folder, "data.path", `cannot list the folder (${systemReason(error)})`);
  }
}

/** A link that leads nowhere is a file that cannot be read, which is told when it is. */
function leadsToFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** Entries of a folder, and folders in it, that are looked at to tell what it holds. */
const ENTRIES_LOOKED_AT = 2000, FOLDERS_LOOKED_AT = 8;

/** Whether most of a folder's files are such, in itself and in the first of its folders. */
export function holdsRecords(folder: string, kind: Pick<Kind, "pattern" | "beside">, depth = 2): boolean {
  const { like, unlike } = counted(folder, kind, depth);
  return like > unlike;
}

function counted(
  folder: string,
  kind: Pick<Kind, "pattern" | "beside">,
  depth: number,
): { readonly like: number; readonly unlike: number } {
  let like = 0, unlike = 0, seen = 0;
  const folders: string[] = [];
  try {
    for (const entry of Deno.readDirSync(folder)) {
      if (entry.name.startsWith(".")) continue;
      if (++seen > ENTRIES_LOOKED_AT) break;
      if (entry.isDirectory) folders.push(join(folder, entry.name));
      else if (kind.pattern.test(entry.name)) like++;
      else if (!entry.isSymlink && !kind.beside?.test(entry.name)) unlike++;
    }
  } catch { /* A folder that cannot be listed says nothing; opening it says why. */ }
  if (depth === 0) return { like, unlike };
  for (const each of folders.slice(0, FOLDERS_LOOKED_AT)) {
    const below = counted(each, kind, depth - 1);
    like += below.like;
    unlike += below.unlike;
  }
  return { like, unlike };
}

/** The name of the folder that a file is in, where any of the files is in a folder below the source: its class. */
export function classTable(names: readonly string[]): Map<string, readonly string[]> {
  const folders = names.map((name) => name.split("/").slice(0, -1));
  if (folders.every((each) => each.length === 0)) return new Map();
  const tables = new Map<string, readonly string[]>([["class", folders.map((each) => each.at(-1) ?? "")]]);
  if (folders.some((each) => each.length > 1)) tables.set("folder", folders.map((each) => each.join("/")));
  return tables;
}

/** Names of the rows of files of which some hold several: `stack.tif#2`, from 1. */
export function rowNamesOf(files: readonly RecordFile[], rowsOf: (file: number) => number): string[] {
  return files.flatMap(({ name }, i) => {
    const rows = rowsOf(i);
    return rows === 1 ? [name] : Array.from({ length: rows }, (_, row) => `${name}#${row + 1}`);
  });
}

/** Which file a row is of, where there are several. */
export function fileTable(
  files: readonly RecordFile[],
  rowsOf: (file: number) => number,
): Map<string, readonly string[]> {
  if (files.length === 1) return new Map();
  return new Map([["file", files.flatMap(({ name }, i) => Array<string>(rowsOf(i)).fill(name))]]);
}

/** Values of a row. */
const ROW_VALUES_MAX = 2 ** 28;

/** Refuses rows that no memory holds. */
export function checkRow(where: string, columns: number): void {
  if (columns <= ROW_VALUES_MAX) return;
  const what = `a row has ${countText(columns)} values, more than the ${countText(ROW_VALUES_MAX)} that are read`;
  throw new UserError(where, what, "cut it into smaller parts");
}

/** Bytes of a block's values, about. */
const BLOCK_BYTES = 32e6;

/** Rows of a block, of at most `blockRows` and about 32 MB. */
export function rowsOfBlock(blockRows: number, columns: number): number {
  return Math.max(1, Math.min(blockRows, Math.floor(BLOCK_BYTES / 4 / columns)));
}

/** Of a source without names, tables and arrays, whose rows are dense. */
export const PLAIN = {
  sparse: false,
  rowNames: null,
  columnNames: null,
  rowTables: new Map(),
  members: [],
  notes: [],
} as const satisfies Partial<OpenSource>;

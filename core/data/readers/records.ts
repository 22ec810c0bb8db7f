/** The files of a source of which every file is a record: one file, a folder with folders of classes, or a glob. */
import { extname, join } from "@std/path";
import { UserError } from "../../errors.ts";
import { systemReason } from "../../formats/io_error.ts";
import { someNames, unreadablePath } from "../../missing.ts";
import { dataBase, dataFiles, isPattern, naturally } from "../files.ts";
import { nameWithin } from "../row_keys.ts";
import type { OpenSource } from "./reader.ts";

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

/** Folders below folders are looked into to this depth. */
const DEPTH_MAX = 32;

/** Whether a name ends like one of these: ".png". */
const endsLike = (name: string, endings: readonly string[]) => endings.includes(extname(name).toLowerCase());

/**
 * The files of a source.
 * @param endings with their dots, in lower case, of the files in a folder that are records
 * @param about what they are: "pictures"
 * @throws {UserError} where there are none, or a folder cannot be listed
 */
export function recordFiles(path: string, endings: readonly string[], about: string): RecordFiles {
  if (isPattern(path) || Deno.statSync(path).isFile) {
    const base = dataBase(path);
    const files = dataFiles(path, "data.path", "").map((each) => ({ path: each, name: nameWithin(base, each) }));
    return { files, notes: [] };
  }
  const found: RecordFile[] = [], others: string[] = [], links: string[] = [];
  look(path, "", 0);
  if (found.length === 0) {
    const held = others.length > 0 ? `it holds ${someNames(others.sort(naturally))}` : "the folder is empty";
    throw new UserError("data.path", `${path}: the folder holds no ${about} (${endings.join(", ")})`, held);
  }
  const notes: string[] = [];
  if (others.length > 0) {
    const which = others.length === 1 ? "1 file is" : `${others.length} files are`;
    notes.push(`${which} not read, because other endings are expected of ${about}: ${someNames(others)}.`);
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
      else if (endsLike(entry.name, endings)) found.push({ path: at, name: name.normalize("NFC") });
      else others.push(name);
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

/** Whether a folder holds such files, itself or in one of its first folders. It stops at the first that it finds. */
export function holdsRecords(folder: string, endings: readonly string[], depth = 2): boolean {
  try {
    const folders: string[] = [];
    for (const entry of Deno.readDirSync(folder)) {
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory) folders.push(join(folder, entry.name));
      else if (endsLike(entry.name, endings)) return true;
    }
    return depth > 0 && folders.slice(0, 8).some((each) => holdsRecords(each, endings, depth - 1));
  } catch {
    return false;
  }
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

/** What a data path names: chunks that are trained on as they are, prepared data sets, or sources that are prepared first. */
import { basename, join } from "@std/path";
import { type DataFormat, isChunkFormat } from "../config/data_formats.ts";
import { UserError } from "../errors.ts";
import { kindOf } from "../formats/kinds.ts";
import { someNames, whereOfPath } from "../missing.ts";
import { isPrepared } from "./data_json.ts";
import { dataBase, dataFiles, entriesOf, isPattern, matchedFolders } from "./files.ts";
import { claimant, isOf, readerByEnding, readerOf } from "./readers/mod.ts";
import type { Reader } from "./readers/reader.ts";
import { nameWithin } from "./row_keys.ts";

export type Place =
  /** A file of chunks. */
  | { readonly kind: "chunk"; readonly path: string; readonly name: string }
  /** The folder of a prepared data set. */
  | { readonly kind: "prepared"; readonly path: string; readonly name: string }
  | SourcePlace;

/** A source, which a reader opens. */
export interface SourcePlace {
  readonly kind: "source";
  readonly path: string;
  readonly name: string;
  readonly reader: Reader;
  /** What is read of it, by which a change is noticed. */
  readonly files: readonly string[];
}

/** The error of a folder in which there are several kinds of data, of which one has to be named. */
export class SeveralData extends UserError {}

/** The ending of chunks in a folder, by format. */
const EXTENSION = { csr_npz: ".npz", dense_npy: ".npy" } as const;

/** Formats of text, which files of labels and notes beside the data are of as well. */
const TEXTS: ReadonlySet<string> = new Set(["csv", "svmlight"]);

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** All files below a folder, without hidden ones and those behind links to folders, which may lead back to it. */
function below(path: string, field: string): string[] {
  const { files, folders } = entriesOf(path, field);
  const own = folders.map((name) => join(path, name)).filter((folder) => !Deno.lstatSync(folder).isSymlink);
  return [...files.map((name) => join(path, name)), ...own.flatMap((folder) => below(folder, field))];
}

/** What a path names. @param field the config's key, or the option, for messages */
export function locate(path: string, field: string, format: DataFormat): Place[] {
  const base = dataBase(path);
  const named = (each: string) => nameWithin(base, each) || basename(each).normalize("NFC");
  const chunks = (extension: string): Place[] =>
    dataFiles(path, field, extension).map((each) => ({ kind: "chunk", path: each, name: named(each) }));
  const source = (each: string, reader: Reader): SourcePlace => ({
    kind: "source",
    path: each,
    name: named(each),
    reader,
    files: reader.files?.(each) ?? (isFolder(each) ? below(each, field) : [each]),
  });
  if (isChunkFormat(format)) return chunks(EXTENSION[format]);
  const forced = format === "auto" || format === "memory" ? null : readerOf(format);
  if (isPattern(path)) return globbed(path, field, format, forced, { named, source });
  if (!isFolder(path)) {
    const [file] = dataFiles(path, field, "");
    return [fileAt(file!, forced, { named, source })];
  }
  if (forced === null && isPrepared(path)) return [{ kind: "prepared", path, name: named(path) }];
  const { files, folders } = entriesOf(path, field);
  if (forced === null) {
    for (const [kind, extension] of Object.entries(EXTENSION)) {
      const first = files.find((name) => name.endsWith(extension));
      if (first === undefined) continue;
      const found = kindOf(join(path, first));
      if (found?.format === kind || found === undefined) return chunks(extension);
    }
  }
  const own = forced ? isOf(forced, path) ? forced : null : claimant(path);
  if (own) return [source(path, own)];
  const inFiles = claimed(path, files.map((name) => join(path, name)), forced);
  if (inFiles) {
    return inFiles.reader.together
      ? [source(path, inFiles.reader)]
      : inFiles.paths.map((each) => source(each, inFiles.reader));
  }
  const inFolders = claimedBelow(path, field, forced);
  if (inFolders) return inFolders.paths.map((each) => source(each, inFolders.reader));
  if (forced === null) return chunks(EXTENSION.csr_npz);
  const held = [...files, ...folders];
  const hint = held.length > 0 ? `it holds ${someNames(held)}` : "it is empty";
  throw new UserError(whereOfPath(path), `${field}: ${path}: the folder holds nothing that is ${forced.about}`, hint);
}

interface Make {
  named(path: string): string;
  source(path: string, reader: Reader): SourcePlace;
}

/** A file: chunks by their first bytes, else the reader's whose it is. What is nobody's is a chunk, and opening it says why not. */
function fileAt(path: string, forced: Reader | null, { named, source }: Make): Place {
  if (forced) return source(path, forced);
  const reader = kindOf(path)?.format === undefined ? claimant(path) ?? readerByEnding(path) : null;
  return reader ? source(path, reader) : { kind: "chunk", path, name: named(path) };
}

/** Files of a glob, or the folders that it matches where it matches no files. */
function globbed(path: string, field: string, format: DataFormat, forced: Reader | null, make: Make): Place[] {
  let files: string[];
  try {
    files = dataFiles(path, field, "");
  } catch (error) {
    const folders = error instanceof UserError ? matchedFolders(path, field) : [];
    if (folders.length === 0) throw error;
    return folders.flatMap((each) =>
      locate(each, field, format).map((place) => ({ ...place, name: make.named(place.path) }))
    );
  }
  const places = files.map((each) => fileAt(each, forced, make));
  const [first] = places;
  const together = first?.kind === "source" && first.reader.together &&
    places.every((place) => place.kind === "source" && place.reader === first.reader);
  if (!together) return places;
  return [{ ...first, path, name: basename(path), files }];
}

/** How far below a folder sources that are folders are looked for: samples/SAMPLE/outs/filtered_feature_bc_matrix. */
const DEPTH = 3;

/** The folders below that are sources, on the first level that has any. @throws {UserError} */
function claimedBelow(path: string, field: string, forced: Reader | null) {
  let level = [path];
  for (let depth = 0; depth < DEPTH && level.length > 0; depth++) {
    level = level.flatMap((each) => entriesOf(each, field).folders.map((name) => join(each, name)))
      .filter((folder) => !Deno.lstatSync(folder).isSymlink || depth === 0);
    const found = claimed(path, level, forced);
    if (found) return found;
  }
  return null;
}

/**
 * Cell Ranger writes all barcodes (raw) and those of cells (filtered) beside each other: the same cells twice, and many empty
 * droplets. @throws {UserError} where both are among the paths
 */
function refuseRawAndFiltered(folder: string, paths: readonly string[]): void {
  const isKind = (kind: string) =>
    paths.filter((path) => new RegExp(`(^|[_.-])${kind}[_.-]`, "i").test(basename(path)));
  const [raw, filtered] = [isKind("raw"), isKind("filtered")];
  if (raw.length === 0 || filtered.length === 0) return;
  const names = (of: readonly string[]) => of[0]!.slice(folder.length).replace(/^\//, "");
  throw new SeveralData(
    whereOfPath(folder),
    `${folder} holds ${names(filtered)} and ${names(raw)}: the same cells twice, and empty droplets beside them`,
    `name those of the cells: ${
      filtered.length === 1 ? filtered[0] : `'${join(folder, "**", basename(filtered[0]!))}'`
    }`,
  );
}

/**
 * Which of the paths in a folder are of one format; null where none is of any. Texts count only where nothing else is there,
 * since labels and notes are texts too.
 * @throws {UserError} where several formats are there
 */
function claimed(folder: string, paths: readonly string[], forced: Reader | null) {
  const found = new Map<Reader, string[]>();
  for (const path of paths) {
    const reader = forced ? isOf(forced, path) ? forced : null : claimant(path);
    if (reader === null) continue;
    found.set(reader, [...found.get(reader) ?? [], path]);
  }
  let readers = [...found.keys()];
  if (readers.length > 1) readers = readers.filter(({ format }) => !TEXTS.has(format));
  if (readers.length === 0) readers = [...found.keys()];
  if (readers.length > 1) {
    const names = readers.map((reader) => `${basename(found.get(reader)![0]!)} (${reader.format})`);
    throw new SeveralData(
      whereOfPath(folder),
      `${folder} holds files of several formats: ${someNames(names)}`,
      `name one of them: data: {format: ${readers[0]!.format}}, or name the files with a glob`,
    );
  }
  const [reader] = readers;
  if (reader?.format === "10x") refuseRawAndFiltered(folder, found.get(reader)!);
  return reader === undefined ? null : { reader, paths: found.get(reader)! };
}

/** Describes the differences between the data that a run was trained on and the present data. */
import { countText } from "../figures.ts";
import type { Split } from "../config/types.ts";
import { type DataIdentity, type FileIdentity, keyOf, type TrainedData } from "./identity.ts";
import { flagsOf } from "./part_runs.ts";
import { fileKey } from "./row_keys.ts";
import { type ChunkFile, type Part, partsOf, type Source } from "./source.ts";

export interface Difference {
  readonly kind:
    | "added"
    | "gone"
    | "renamed"
    | "changed"
    | "order"
    | "columns"
    | "names"
    | "transforms"
    | "labels"
    | "weights";
  readonly text: string;
}

const SHOWN = 3;

/** What a file is called: its name, and of a later chunk of a source from which row on. */
const placeOf = ({ name, offset }: FileIdentity): string => offset === undefined ? name : `${name} from row ${offset}`;

/** "3 files are new: a, b, c"; of more than three names the first three. */
function some(names: readonly string[], one: string, many: string): string {
  const shown = names.slice(0, SHOWN).join(", ") + (names.length > SHOWN ? ", ..." : "");
  return `${names.length} ${names.length === 1 ? `file ${one}` : `files ${many}`}: ${shown}`;
}

function changeOf(was: FileIdentity, now: FileIdentity): string | null {
  if (was.rows !== now.rows) return `${placeOf(now)} (${countText(was.rows)} rows then, ${countText(now.rows)} now)`;
  if (was.content === now.content) {
    const isSplitAlike = JSON.stringify(was.part_runs) === JSON.stringify(now.part_runs);
    return isSplitAlike ? null : `${placeOf(now)} (its rows are split in another way)`;
  }
  return was.nnz === now.nnz ? `${placeOf(now)} (other values)` : `${placeOf(now)} (other entries)`;
}

/** Files with the same content and another name, each listed once. */
function renamedFiles(gone: readonly FileIdentity[], added: readonly FileIdentity[]): [FileIdentity, FileIdentity][] {
  const left = [...added];
  return gone.flatMap((was): [FileIdentity, FileIdentity][] => {
    const at = left.findIndex((now) => now.content === was.content && now.rows === was.rows);
    return at < 0 ? [] : [[was, left.splice(at, 1)[0]!]];
  });
}

/** All differences that affect the identity of rows or the meaning of columns. Another folder is not a difference. */
export function compareData(was: DataIdentity, now: DataIdentity): Difference[] {
  const found: Difference[] = [];
  const tell = (kind: Difference["kind"], text: string) => found.push({ kind, text });
  const before = new Map(was.files.map((file) => [placeOf(file), file]));
  const after = new Map(now.files.map((file) => [placeOf(file), file]));
  let gone = was.files.filter((file) => !after.has(placeOf(file)));
  let added = now.files.filter((file) => !before.has(placeOf(file)));
  const renamed = renamedFiles(gone, added);
  gone = gone.filter((file) => !renamed.some(([old]) => old === file));
  added = added.filter((file) => !renamed.some(([, other]) => other === file));
  if (was.columns !== now.columns) {
    tell("columns", `${countText(now.columns)} columns, there were ${countText(was.columns)}`);
  }
  if (gone.length > 0) tell("gone", some(gone.map(placeOf), "is gone", "are gone"));
  if (added.length > 0) tell("added", some(added.map(placeOf), "is new", "are new"));
  if (renamed.length > 0) {
    const pairs = renamed.map(([old, other]) => `${placeOf(old)} is now ${placeOf(other)}`);
    tell("renamed", some(pairs, "has another name", "have other names"));
  }
  const changed = now.files.flatMap((file) => {
    const old = before.get(placeOf(file));
    return old ? changeOf(old, file) ?? [] : [];
  });
  if (changed.length > 0) tell("changed", some(changed, "has changed", "have changed"));
  const common = was.files.map(placeOf).filter((place) => after.has(place));
  const order = now.files.map(placeOf).filter((place) => before.has(place));
  const moved = order.findIndex((place, index) => place !== common[index]);
  if (moved >= 0) tell("order", `the files come in another order, first ${order[moved]} in place of ${common[moved]}`);
  if (was.column_names !== null && now.column_names !== null && was.column_names !== now.column_names) {
    tell("names", "the names of the columns are others");
  }
  if (JSON.stringify(was.transforms) !== JSON.stringify(now.transforms)) {
    tell("transforms", "data.transforms are others");
  }
  for (const key of ["row_weights", "column_weights"] as const) {
    if (was[key] === now[key]) continue;
    const name = key === "row_weights" ? "data.row_weights" : "loss.column_weights";
    const gone = now[key] === undefined, fresh = was[key] === undefined;
    tell("weights", `${name} ${gone ? "are gone" : fresh ? "are new" : "are others"}`);
  }
  if (JSON.stringify(was.batch) !== JSON.stringify(now.batch)) tell("weights", "data.batch has other categories");
  if (was.labels !== null && now.labels !== null && was.labels !== now.labels) {
    tell("labels", "the labels are others");
  }
  return found;
}

/**
 * Files that were written since and whose content is compared by a sample only, so that other values may have changed.
 */
export function unsureFiles(was: DataIdentity, now: DataIdentity): string[] {
  const before = new Map(was.files.map((file) => [placeOf(file), file]));
  return now.files.filter((file) => {
    const old = before.get(placeOf(file));
    return file.content.startsWith("sample:") && old?.content === file.content && old.modified !== file.modified;
  }).map(placeOf);
}

/** For each row of a file of the run, whether it was trained on. */
function trainedFlags(was: TrainedData, file: FileIdentity): Uint8Array {
  if (file.part_runs !== undefined) return flagsOf(file.part_runs, "train", file.rows);
  const split: Split = was.split ?? { by: "files", train: [], validation: [], test: [] };
  const flags = new Uint8Array(file.rows);
  const key = fileKey(file.name) + (file.offset ?? 0);
  for (const row of partsOf(split, file.part, key, file.rows).train) flags[row] = 1;
  return flags;
}

/** What the weights of a run have been trained on: its own data, and those of the runs that it descends from. */
export function trainedData(run: DataIdentity): readonly TrainedData[] {
  return [run, ...run.earlier ?? []];
}

/** How many rows of some part of the data now are rows that were trained on: of a file of the same content. */
export function trainedRows(was: readonly TrainedData[], now: DataIdentity, source: Source, part: Part): number {
  const byContent = was.map(({ files }) => Map.groupBy(files, ({ content }) => content));
  let count = 0;
  source.files.forEach((file: ChunkFile, index) => {
    if (file.parts[part].length === 0) return;
    const { content } = now.files[index]!;
    const place = placeOf(now.files[index]!);
    const flags = byContent.flatMap((files, at) => {
      const same = files.get(content);
      const old = same?.find((one) => placeOf(one) === place) ?? same?.[0];
      return old === undefined ? [] : [trainedFlags(was[at]!, old)];
    });
    for (const row of file.parts[part]) count += flags.some((trained) => trained[row] === 1) ? 1 : 0;
  });
  return count;
}

const trainedKey = ({ files, split }: TrainedData) => JSON.stringify([files.map(keyOf), split]);

/** The data of a fork, with what its parents were trained on before, as far as that is other data or another split. */
export function withEarlier(now: DataIdentity, parent: DataIdentity): DataIdentity {
  const known = new Set([trainedKey(now)]);
  const earlier: TrainedData[] = [];
  for (const one of trainedData(parent)) {
    const key = trainedKey(one);
    if (known.has(key)) continue;
    known.add(key);
    earlier.push({ files: one.files, split: one.split });
  }
  return earlier.length > 0 ? { ...now, earlier } : now;
}

/** A description of the first column whose name differs. */
export function firstOtherName(trained: readonly string[], given: readonly string[]): string {
  const at = given.findIndex((name, column) => name !== trained[column]);
  return `column ${at} is ${JSON.stringify(given[at] ?? "")}, it was ${JSON.stringify(trained[at] ?? "")}`;
}

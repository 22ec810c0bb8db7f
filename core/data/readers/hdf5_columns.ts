/** Groups of HDF5 files whose arrays are columns of a table, as loom and BIOM files have them. */
import type { Hdf5File } from "../../formats/hdf5.ts";
import type { Hdf5Array } from "../../formats/hdf5_arrays.ts";
import { requireHeld } from "./hdf5_rows.ts";

/** Texts that are read at once. */
const TEXTS = 100_000;
/** Whole numbers divide rows into groups where there are no more different ones than this. */
const GROUPS_MAX = 100;
const COLUMNS_MAX = 1000;

/** The values of an array with one axis as texts: texts, and whole numbers; null of any other. */
export function textColumn(file: Hdf5File, array: Hdf5Array): string[] | null {
  if (array.shape.length !== 1) return null;
  const length = array.shape[0]!;
  if (!array.isText) {
    if (array.values === undefined || array.values.startsWith("float")) return null;
    requireHeld(file, array);
    return Array.from(file.numbers(array, 0, length), String);
  }
  requireHeld(file, array);
  const texts: string[] = [];
  for (let at = 0; at < length; at += TEXTS) {
    for (const text of file.texts(array, at, Math.min(TEXTS, length - at))) texts.push(text);
  }
  return texts;
}

/**
 * The columns of a group that say something about `length` rows: texts, and whole numbers of few values.
 * @param only the names of those that are wanted; by default all
 */
export function textColumns(
  file: Hdf5File,
  group: string,
  length: number,
  only?: readonly string[],
): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const array of file.arrays) {
    const name = array.path.slice(group.length + 1);
    if (!array.path.startsWith(`${group}/`) || name.includes("/") || found.size === COLUMNS_MAX) continue;
    if (array.shape.length !== 1 || array.shape[0] !== length || (only && !only.includes(name))) continue;
    const texts = textColumn(file, array);
    if (texts === null || (!array.isText && new Set(texts).size > GROUPS_MAX)) continue;
    found.set(name, texts);
  }
  return found;
}

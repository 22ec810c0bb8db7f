/** The tables obs and var of AnnData files: the names in their index, and their columns of text, categories and few numbers. */
import { UserError } from "../../errors.ts";
import type { Hdf5File } from "../../formats/hdf5.ts";
import type { Hdf5Array } from "../../formats/hdf5_arrays.ts";
import type { FieldValues } from "../../formats/hdf5_records.ts";
import { requireHeld } from "./hdf5_rows.ts";

/** Texts that are read at once. */
const TEXTS = 100_000;
/** Whole numbers divide rows into groups where there are no more different ones than this. */
const GROUPS_MAX = 100;
const COLUMNS_MAX = 1000;

export interface Frame {
  readonly index: readonly string[] | null;
  readonly columns: ReadonlyMap<string, readonly string[]>;
}

function allTexts(file: Hdf5File, array: Hdf5Array): string[] {
  requireHeld(file, array);
  const { path, shape } = array;
  if (shape.length !== 1) throw new UserError(file.path, `${path} has ${shape.length} axes, expected 1`);
  const texts: string[] = [], [length = 0] = shape;
  for (let at = 0; at < length; at += TEXTS) {
    for (const text of file.texts(array, at, Math.min(TEXTS, length - at))) texts.push(text);
  }
  return texts;
}

const allNumbers = (file: Hdf5File, array: Hdf5Array): Float64Array => {
  requireHeld(file, array);
  if (array.shape.length !== 1) {
    throw new UserError(file.path, `${array.path} has ${array.shape.length} axes, expected 1`);
  }
  return file.numbers(array, 0, array.shape[0]!);
};

/** Values as text: texts, numbers or truth values, also those that may be missing. */
function anyTexts(file: Hdf5File, path: string): string[] | null {
  const array = file.array(path) ?? file.array(`${path}/values`);
  if (array === undefined) return null;
  if (array.isText) return allTexts(file, array);
  if (array.values === undefined) return null;
  const isTruth = array.type === "enumeration";
  return Array.from(allNumbers(file, array), (value) => isTruth ? value === 0 ? "False" : "True" : String(value));
}

/** Groups by number, with the names of the groups; the number -1 is a missing value. */
function named(codes: Float64Array, names: readonly string[]): string[] {
  return Array.from(codes, (code) => names[code] ?? "");
}

/** A column as texts; null where it is not one that divides rows into groups. */
function column(file: Hdf5File, frame: string, name: string): readonly string[] | null {
  const path = `${frame}/${name}`;
  const codes = file.array(`${path}/codes`);
  if (codes?.values) {
    const names = anyTexts(file, `${path}/categories`);
    return names && named(allNumbers(file, codes), names);
  }
  const array = file.array(path) ?? file.array(`${path}/values`);
  if (array === undefined || array.shape.length !== 1) return null;
  if (array.isText) return allTexts(file, array);
  if (array.values === undefined || array.values.startsWith("float")) return null;
  const names = anyTexts(file, `${frame}/__categories/${name}`); // AnnData 0.7
  return names ? named(allNumbers(file, array), names) : ofFew(anyTexts(file, path)!);
}

const ofFew = (texts: readonly string[]) => new Set(texts).size <= GROUPS_MAX ? texts : null;

/** A table of records, as AnnData wrote before version 0.7; the names of categories are in uns. */
function recordFrame(file: Hdf5File, array: Hdf5Array): Frame {
  requireHeld(file, array);
  const { metadata: { compound_type, size }, shape: [rows = 0] } = array;
  const fields = compound_type?.members ?? [];
  const some = Math.max(1, Math.floor(16e6 / size));
  const parts: FieldValues[][] = [];
  for (let first = 0; first < rows; first += some) {
    parts.push(file.records(array, first, Math.min(some, rows - first)));
  }
  /** All values of a field; null where it has neither texts nor whole numbers. */
  const valuesOf = (i: number): (string | number)[] | null => {
    const found = parts.map((part) => part[i]!);
    return found.every((values) => values !== null) ? found.flat() : null;
  };
  const columns = new Map<string, readonly string[]>();
  let index: readonly string[] | null = null;
  fields.forEach((field, i) => {
    const values = valuesOf(i);
    if (values === null) return;
    if (field.name === "index" || (i === 0 && field.type === 3)) {
      index = values.map(String);
      return;
    }
    const names = anyTexts(file, `uns/${field.name}_categories`);
    const texts = field.type === 3
      ? values.map(String)
      : names
      ? named(Float64Array.from(values as number[]), names)
      : ofFew(values.map((value) => field.type === 8 ? value === 0 ? "False" : "True" : String(value)));
    if (texts) columns.set(field.name, texts);
  });
  return { index, columns };
}

/** @param path `obs`, `var`, `raw/var`; an absent table has neither names nor columns */
export function readFrame(file: Hdf5File, path: string, withColumns = true): Frame {
  const records = file.array(path);
  if (records) return records.metadata.compound_type ? recordFrame(file, records) : { index: null, columns: new Map() };
  const below = file.arrays.filter(({ path: each }) => each.startsWith(`${path}/`)).map(({ path: each }) =>
    each.slice(path.length + 1).split("/")[0]!
  );
  if (below.length === 0) return { index: null, columns: new Map() };
  const [indexName] = file.attributeTexts(path, "_index") ?? [];
  const name = [indexName, "_index", "index"].find((each) => each !== undefined && below.includes(each));
  const index = name === undefined ? null : anyTexts(file, `${path}/${name}`);
  const columns = new Map<string, readonly string[]>();
  if (!withColumns) return { index, columns };
  const listed = file.attributeTexts(path, "column-order") ?? [];
  for (const each of [...new Set([...listed, ...below])].slice(0, COLUMNS_MAX)) {
    if (each === name || each === "__categories" || !below.includes(each)) continue;
    const texts = column(file, path, each);
    if (texts && (index === null || texts.length === index.length)) columns.set(each, texts);
  }
  return { index, columns };
}

/** What the HDF5 library tells of arrays, in the project's words: shapes, types of values, complex numbers. */
import type { Metadata } from "h5wasm/node";
import type { NumberForm } from "./hdf5_types.ts";
import type { ByteOrder, ValueType } from "./values.ts";

export type CompoundMember = NonNullable<Metadata["compound_type"]>["members"][number];

/** As the library gives them in memory. */
interface Parts {
  readonly type: ValueType;
  readonly order: ByteOrder;
}

/** An array of a file. */
export interface Hdf5Array {
  /** From the root, without a slash before it: `data/rf`. */
  readonly path: string;
  /** `[]` of a single value. */
  readonly shape: readonly number[];
  /** In words: `float32`; "text" and the like where it is not read. */
  readonly type: string;
  /** How its values are stored; undefined where they are no real numbers. */
  readonly values: ValueType | undefined;
  /** As the library gives these. */
  readonly order: ByteOrder;
  /** How both parts of complex numbers are stored, the real one first; null where they are none. */
  readonly complex: Parts | null;
  /** The shape of the parts that are stored, and compressed, each for itself; null where it is one. */
  readonly chunks: readonly number[] | null;
  /** Whether its values are texts. */
  readonly isText: boolean;
  /** What the library tells of its type. */
  readonly metadata: Metadata;
}

/** HDF5's classes of types. */
export const CLASS = {
  integer: 0,
  float: 1,
  text: 3,
  compound: 6,
  reference: 7,
  enumeration: 8,
  varying: 9,
  array: 10,
} as const;

/** What is not read. */
const WORDS: Readonly<Record<number, string>> = {
  2: "time",
  4: "bit field",
  5: "opaque",
  [CLASS.reference]: "reference",
  [CLASS.varying]: "varying lengths",
  [CLASS.array]: "arrays in an array",
  11: "complex of HDF5 2.0",
};

export const isMetadata = (data: Metadata) => data !== null && typeof data === "object" && "type" in data;

/**
 * @param path of the array, for its description
 * @param formsOf how its numbers are written, where the library does not tell; null where that is unknown
 */
export function arrayOf(
  path: string,
  data: Metadata,
  formsOf: () => readonly NumberForm[] | null = () => null,
): Hdf5Array {
  const { shape, chunks, type, size, signed, littleEndian } = data;
  const isText = type === CLASS.text;
  // The library gives numbers in little-endian order, whatever the file's; of enumerations it cannot turn them.
  const order = type === CLASS.enumeration && !littleEndian ? "big" : "little";
  const base = { path, shape: shape ?? [0], chunks, isText, complex: null, order, metadata: data } as const;
  const none = (words: string): Hdf5Array => ({ ...base, type: words, values: undefined });
  const some = (values: ValueType, words: string = values): Hdf5Array => ({ ...base, type: words, values });
  if (data.virtual_sources !== undefined) return { ...none("parts of other arrays"), isText: false };
  if (type === CLASS.float) {
    if (size === 4 || size === 8) return some(`float${8 * size as 32 | 64}`);
    const [form] = size === 2 ? formsOf() ?? [] : [];
    return form && "values" in form ? some(form.values) : none(form?.words ?? `float of ${8 * size} bits`);
  }
  if (type === CLASS.integer || type === CLASS.enumeration) {
    if (![1, 2, 4, 8].includes(size)) return none(`integer of ${size} bytes`);
    const name = `${signed ? "" : "u"}int${8 * size}` as ValueType;
    return some(name, type === CLASS.enumeration ? "enumeration" : name);
  }
  if (type === CLASS.text) return none("text");
  if (type === CLASS.compound) {
    const members = data.compound_type?.members ?? [];
    const complex = complexParts(size, members, formsOf);
    if (complex !== null) return { ...none(`complex ${complex.type}`), complex };
    return none(`record of ${members.length} fields`);
  }
  return none(WORDS[type] ?? "another type");
}

/** The numbers of which a record is a complex one: two of one type, one behind the other; null of other records. */
function complexParts(
  size: number,
  members: readonly CompoundMember[],
  formsOf: () => readonly NumberForm[] | null,
): Parts | null {
  const [real, imaginary] = members;
  if (members.length !== 2 || !/^(r|re|real)$/i.test(real!.name) || !/^(i|im|imag|imaginary)$/i.test(imaginary!.name)) {
    return null;
  }
  const both = [real!, imaginary!].map((member, i) => {
    const form = () => formsOf()?.slice(i, i + 1) ?? null;
    return arrayOf("", { ...member, shape: [], chunks: null } as Metadata, form).values;
  });
  const isPair = real!.offset === 0 && imaginary!.offset === size / 2 && real!.size === size / 2;
  const [order, other] = fieldOrders(members);
  if (both[0] === undefined || both[0] !== both[1] || order !== other || !isPair) return null;
  return { type: both[0], order: order! };
}

/** Types that have a byte order. */
const ORDERED: readonly number[] = [CLASS.integer, CLASS.float, CLASS.enumeration];

/**
 * The byte order in which the library gives each field of records. It turns records of which all fields are big-endian, one field
 * after another up to the first enumeration, and leaves others as they are in the file.
 */
export function fieldOrders(members: readonly CompoundMember[]): ByteOrder[] {
  const ordered = members.filter(({ type }) => ORDERED.includes(type));
  let isTurned = ordered.length > 0 && ordered.every(({ littleEndian }) => !littleEndian);
  return members.map(({ type, littleEndian }) => {
    if (type === CLASS.enumeration) isTurned = false;
    return littleEndian || isTurned ? "little" : "big";
  });
}

/** What the HDF5 library tells of arrays, in the project's words: shapes, types of values, complex numbers. */
import type { Metadata } from "h5wasm/node";
import type { ByteOrder, ValueType } from "./values.ts";

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

export const isMetadata = (data: Metadata) => data !== null && typeof data === "object" && "type" in data;

/** @param path of the array, for its description */
export function arrayOf(path: string, data: Metadata): Hdf5Array {
  const { shape, chunks, type, size, signed } = data;
  const isText = type === CLASS.text;
  const base = { path, shape: shape ?? [0], chunks, isText, complex: null, metadata: data } as const;
  const none = (words: string): Hdf5Array => ({ ...base, type: words, values: undefined });
  const some = (values: ValueType, words: string = values): Hdf5Array => ({ ...base, type: words, values });
  if (type === CLASS.float) {
    return size === 4 || size === 8 ? some(`float${8 * size as 32 | 64}`) : none(`float${8 * size}`);
  }
  if (type === CLASS.integer || type === CLASS.enumeration) {
    if (![1, 2, 4, 8].includes(size)) return none(`integer of ${size} bytes`);
    const isSigned = type === CLASS.integer ? signed : false;
    const name = `${isSigned ? "" : "u"}int${8 * size}` as ValueType;
    return some(name, type === CLASS.enumeration ? "enumeration" : name);
  }
  if (type === CLASS.text) return none("text");
  if (type === CLASS.compound) {
    const members = data.compound_type?.members ?? [];
    const complex = complexParts(size, members);
    if (complex !== null) return { ...none(`complex ${complex.type}`), complex };
    return none(`record of ${members.length} fields`);
  }
  return none(type === CLASS.reference ? "reference" : type === CLASS.varying ? "varying lengths" : "another type");
}

/** The numbers of which a record is a complex one: two of one type, one behind the other; null of other records. */
function complexParts(
  size: number,
  members: NonNullable<Metadata["compound_type"]>["members"],
): Parts | null {
  const [real, imaginary] = members;
  if (members.length !== 2 || !/^(r|re|real)$/i.test(real!.name) || !/^(i|im|imag|imaginary)$/i.test(imaginary!.name)) {
    return null;
  }
  const both = [real!, imaginary!].map((member) =>
    arrayOf("", { ...member, shape: [], chunks: null } as Metadata).values
  );
  const isPair = real!.offset === 0 && imaginary!.offset === size / 2 && real!.size === size / 2;
  if (both[0] === undefined || both[0] !== both[1] || !isPair) return null;
  return { type: both[0], order: real!.littleEndian ? "little" : "big" };
}

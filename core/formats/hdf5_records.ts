/** Records of HDF5 (a compound type) as the library gives them in memory: which fields there are, and their values. */
import type { Metadata } from "h5wasm/node";
import { CLASS, type CompoundMember as Field, fieldOrders } from "./hdf5_arrays.ts";
import type { ByteOrder } from "./values.ts";

/** The values of a field, one a record: texts, or numbers. Null of a field that is neither whole numbers nor texts. */
export type FieldValues = readonly string[] | readonly number[] | null;

/** Reads a whole number at a place. */
function integerOf({ size, signed }: Field, order: ByteOrder, view: DataView): ((at: number) => number) | null {
  const isSigned = signed, little = order === "little";
  if (size === 1) return (at) => isSigned ? view.getInt8(at) : view.getUint8(at);
  if (size === 2) return (at) => isSigned ? view.getInt16(at, little) : view.getUint16(at, little);
  if (size === 4) return (at) => isSigned ? view.getInt32(at, little) : view.getUint32(at, little);
  if (size === 8) return (at) => Number(isSigned ? view.getBigInt64(at, little) : view.getBigUint64(at, little));
  return null;
}

/** Reads a text of a fixed number of bytes, which ends at its first zero. */
function textOf({ size }: Field, bytes: Uint8Array): (at: number) => string {
  const decoder = new TextDecoder();
  return (at) => {
    const text = bytes.subarray(at, at + size), end = text.indexOf(0);
    return decoder.decode(end < 0 ? text : text.slice(0, end));
  };
}

/**
 * The values of each field of some records.
 * @param bytes the records, one after another
 * @param textAt the text to which a pointer of the library leads
 */
export function valuesOfFields(
  { compound_type, size }: Metadata,
  bytes: Uint8Array,
  count: number,
  textAt: (pointer: number, field: Field) => string,
): FieldValues[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all = <T>({ offset }: Field, read: (at: number) => T) =>
    Array.from({ length: count }, (_, row) => read(row * size + offset));
  const fields = compound_type?.members ?? [], orders = fieldOrders(fields);
  return fields.map((field, i): FieldValues => {
    if (field.type === CLASS.text && field.vlen) return all(field, (at) => textAt(view.getUint32(at, true), field));
    if (field.type === CLASS.text) return all(field, textOf(field, bytes));
    if (field.type !== CLASS.integer && field.type !== CLASS.enumeration) return null;
    const read = integerOf(field, orders[i]!, view);
    return read && all(field, read);
  });
}

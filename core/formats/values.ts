/** Numbers of files, of any size and byte order, as float32. */

/** The upper half of a float32 (bfloat16), for which JavaScript has no array. */
function getBfloat16(this: DataView, at: number, little?: boolean): number {
  BITS[0] = this.getUint16(at, little) << 16;
  return UPPER[0]!;
}
const BITS = new Uint32Array(1), UPPER = new Float32Array(BITS.buffer);

const TYPES = {
  int8: { bytes: 1, array: Int8Array, get: DataView.prototype.getInt8 },
  uint8: { bytes: 1, array: Uint8Array, get: DataView.prototype.getUint8 },
  int16: { bytes: 2, array: Int16Array, get: DataView.prototype.getInt16 },
  uint16: { bytes: 2, array: Uint16Array, get: DataView.prototype.getUint16 },
  int32: { bytes: 4, array: Int32Array, get: DataView.prototype.getInt32 },
  uint32: { bytes: 4, array: Uint32Array, get: DataView.prototype.getUint32 },
  int64: { bytes: 8, array: BigInt64Array, get: DataView.prototype.getBigInt64 },
  uint64: { bytes: 8, array: BigUint64Array, get: DataView.prototype.getBigUint64 },
  float16: { bytes: 2, array: Float16Array, get: DataView.prototype.getFloat16 },
  bfloat16: { bytes: 2, array: null, get: getBfloat16 },
  float32: { bytes: 4, array: Float32Array, get: DataView.prototype.getFloat32 },
  float64: { bytes: 8, array: Float64Array, get: DataView.prototype.getFloat64 },
} as const;

export type ValueType = keyof typeof TYPES;
export const VALUE_TYPES = Object.keys(TYPES) as readonly ValueType[];
export type ByteOrder = "little" | "big";

/** Bytes of a value. */
export const valueBytes = (type: ValueType): number => TYPES[type].bytes;

const HOST: ByteOrder = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? "little" : "big";

/**
 * Values of a block of bytes, rounded to float32; as doubles, only 64-bit integers above 2^53 are rounded.
 * @param bytes as many as `out` has values of this type
 */
export function toNumbers(
  type: ValueType,
  order: ByteOrder,
  bytes: Uint8Array,
  out: Float32Array | Float64Array,
): void {
  const { bytes: size, array, get } = TYPES[type];
  if (bytes.length !== out.length * size) throw new RangeError(`${bytes.length} bytes for ${out.length} values`);
  if ((order === HOST || size === 1) && bytes.byteOffset % size === 0) {
    if (array === null) return void fromBfloat16(bytes, out);
    const values = new array(bytes.buffer as ArrayBuffer, bytes.byteOffset, out.length);
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
      for (let i = 0; i < out.length; i++) out[i] = Number(values[i]);
    } else out.set(values);
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = get as (this: DataView, at: number, little: boolean) => number | bigint;
  for (let i = 0; i < out.length; i++) out[i] = Number(read.call(view, i * size, order === "little"));
}

/** Bytes in the order of the host, at an even offset. */
function fromBfloat16(bytes: Uint8Array, out: Float32Array | Float64Array): void {
  const halves = new Uint16Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, out.length);
  const values = out instanceof Float32Array ? out : new Float32Array(out.length);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < words.length; i++) words[i] = halves[i]! << 16;
  if (values !== out) out.set(values);
}

/** The first value of a block of bytes, as exactly as a double holds it. */
export function firstNumber(type: ValueType, order: ByteOrder, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = TYPES[type].get as (this: DataView, at: number, little: boolean) => number | bigint;
  return Number(read.call(view, 0, order === "little"));
}

/** The note on values that float32 does not hold exactly; none of types that it does. */
export function roundingNote(type: ValueType): string[] {
  const isExact = valueBytes(type) < 4 || type === "float32";
  if (isExact) return [];
  if (type.startsWith("float")) return [`Values of ${type} were rounded to float32.`];
  return [`Values of ${type} became float32, which holds whole numbers up to 16,777,216 exactly.`];
}

/** Types by the letters of NumPy, without byte order: `f4`. */
export const NUMPY_TYPES: Readonly<Record<string, ValueType>> = {
  b1: "uint8",
  i1: "int8",
  u1: "uint8",
  i2: "int16",
  u2: "uint16",
  i4: "int32",
  u4: "uint32",
  i8: "int64",
  u8: "uint64",
  f2: "float16",
  f4: "float32",
  f8: "float64",
};

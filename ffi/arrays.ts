/** Matrices as typed arrays, with the layout of NumPy and SciPy. */
import { EngineError } from "./error.ts";

/** NumPy's names of the element types (of bfloat16 PyTorch's), in the order of the engine's numbers. */
export const TYPES = [
  "float32",
  "float64",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "bool",
  "float16",
  "bfloat16",
] as const;
export type ElementType = typeof TYPES[number];

/** Bytes of one element; 0 for an absent array, such as the indices of a dense matrix. */
export const elementBytes = (type: ElementType | null): number =>
  type === null ? 0 : type === "bool" ? 1 : Number(/\d+$/.exec(type)![0]) / 8;

/** Values of a matrix; all are converted to 32-bit floats when a batch is made. */
export type ValueArray =
  | Float32Array
  | Float64Array
  | Float16Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** Column numbers and row pointers. */
export type IndexArray = Int32Array | Uint32Array | BigInt64Array | BigUint64Array;

/**
 * A sparse matrix in compressed rows, as `scipy.sparse.csr_matrix` has it: row r holds entries indptr[r] to indptr[r +
 * 1].
 */
export interface CsrArrays {
  /** rows + 1 numbers, rising from 0 to the number of entries. */
  readonly indptr: IndexArray;
  /** The column of each entry. */
  readonly indices: IndexArray;
  /** The value of each entry. */
  readonly data: ValueArray;
  readonly columns: number;
  /** The number of rows; by default that of indptr. */
  readonly rows?: number;
}

/** A dense matrix, row by row. */
export interface DenseArrays {
  /** rows x columns values. */
  readonly values: ValueArray;
  readonly columns: number;
  /** The number of rows; by default that of `values`. */
  readonly rows?: number;
}

export type MatrixArrays = CsrArrays | DenseArrays;

const NUMBER_OF: Readonly<Record<string, ElementType>> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Float16Array: "float16",
  Int8Array: "int8",
  Int16Array: "int16",
  Int32Array: "int32",
  BigInt64Array: "int64",
  Uint8Array: "uint8",
  Uint8ClampedArray: "uint8",
  Uint16Array: "uint16",
  Uint32Array: "uint32",
  BigUint64Array: "uint64",
};

/** An array as bytes and the engine's number of its element type. */
export interface ArrayBytes {
  readonly type: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** @throws {EngineError} `invalid_argument` if it is not a typed array. */
export function arrayBytes(array: unknown, name: string): ArrayBytes {
  const kind = ArrayBuffer.isView(array) ? Object.prototype.toString.call(array).slice(8, -1) : "";
  const type = NUMBER_OF[kind];
  if (type === undefined) {
    const got = kind ||
      (array === null || array === undefined ? String(array) : Array.isArray(array) ? "an Array" : typeof array);
    throw new EngineError("invalid_argument", `${name}: must be a typed array such as Float32Array, got ${got}`);
  }
  const { buffer, byteOffset, byteLength } = array as ArrayBufferView<ArrayBuffer>;
  if (buffer.detached) {
    throw new EngineError("invalid_argument", `${name}: its memory was handed to somebody else (detached)`);
  }
  return { type: TYPES.indexOf(type), bytes: new Uint8Array(buffer, byteOffset, byteLength) };
}

/**
 * Writes sparse rows as scipy.sparse.save_npz does without compression: a zip archive of stored `.npy` members, which the
 * engine maps as they are.
 */
import { npyHeader } from "./npy.ts";
import { type StoredMember, writeStoredZip } from "./zip_write.ts";

/** Rows as scipy's csr_matrix has them. */
export interface CsrArrays {
  readonly columns: number;
  /** rows + 1 positions in `indices` and `data`, from 0. */
  readonly indptr: Int32Array;
  readonly indices: Int32Array;
  readonly data: Float32Array;
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function members({ columns, indptr, indices, data }: CsrArrays): StoredMember[] {
  const array = (name: string, descr: string, shape: readonly number[], values: ArrayBufferView): StoredMember => {
    const parts = [npyHeader(descr, shape), bytesOf(values)];
    return { name: `${name}.npy`, size: parts[0]!.length + values.byteLength, bytes: () => parts };
  };
  const shape = BigInt64Array.of(BigInt(indptr.length - 1), BigInt(columns));
  return [
    array("indices", "<i4", [indices.length], indices),
    array("indptr", "<i4", [indptr.length], indptr),
    array("format", "|S3", [], new TextEncoder().encode("csr")),
    array("shape", "<i8", [2], shape),
    array("data", "<f4", [data.length], data),
  ];
}

/**
 * Writes a file whole or not at all.
 * @param onBytes gets all bytes of the file in order
 * @throws {UserError} as the system refuses it
 * @throws {RangeError} of arrays of 4 GB together, which this form of archive cannot hold
 */
export const writeCsrNpz = (path: string, csr: CsrArrays, onBytes?: (bytes: Uint8Array) => void): Promise<number> =>
  writeStoredZip(path, members(csr), onBytes);

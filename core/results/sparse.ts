/** Reconstructions as a sparse matrix, as scipy.sparse.save_npz writes one, with what is near 0 left out. */
import { UserError } from "../errors.ts";
import { toUser } from "../paths.ts";
import { percentText } from "../figures.ts";
import { InputFile, OutputFile, removeQuietly, temporaryBeside } from "../formats/file.ts";
import { npyHeader } from "../formats/npy.ts";
import { ARCHIVE_BYTES_MAX, type StoredMember, writeStoredZip } from "../formats/zip_write.ts";

const READ_BYTES = 4 << 20;
const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** The bytes of a file that was written before, some at a time. */
async function* bytesIn(path: string): AsyncGenerator<Uint8Array> {
  using file = await InputFile.open(path);
  const buffer = new Uint8Array(READ_BYTES);
  for (let at = 0; at < file.size; at += READ_BYTES) {
    const part = buffer.subarray(0, Math.min(READ_BYTES, file.size - at));
    await file.readAt(at, part);
    yield part;
  }
}

function member(
  name: string,
  descr: string,
  shape: readonly number[],
  body: Uint8Array | string,
  size: number,
): StoredMember {
  const header = npyHeader(descr, shape);
  return {
    name: `${name}.npy`,
    size: header.length + size,
    async *bytes() {
      yield header;
      if (typeof body === "string") yield* bytesIn(body);
      else yield body;
    },
  };
}

/**
 * Writes a CSR matrix. Values and their columns are kept in files beside it until their number is known, so memory holds some
 * rows only.
 * @param threshold values whose absolute value is below it are left out; 0 leaves out zeros alone
 * @param parts the values, row by row, some rows at a time
 * @throws {UserError} without a threshold, or where the matrix is larger than such a file can be
 */
export async function writeSparse(
  path: string,
  [rows, columns]: readonly [number, number],
  threshold: number | undefined,
  parts: AsyncIterable<Float32Array<ArrayBuffer>>,
  note: (text: string) => void,
): Promise<void> {
  if (threshold === undefined) {
    const what =
      "must be given for .npz: hardly any reconstructed value is 0, and those nearer to 0 than it are left out";
    throw new UserError("--threshold", what, "--threshold 0.01, or write all values to a .npy file");
  }
  const scratch = { data: temporaryBeside(path), indices: temporaryBeside(path) };
  const indptr = new Int32Array(rows + 1);
  let row = 0, stored = 0, largest = 0;
  try {
    using data = await OutputFile.create(scratch.data, path);
    using indices = await OutputFile.create(scratch.indices, path);
    for await (const values of parts) {
      const kept = new Float32Array(values.length), at = new Int32Array(values.length);
      let count = 0;
      for (let first = 0; first < values.length; first += columns) {
        for (let column = 0; column < columns; column++) {
          const value = values[first + column]!;
          if (value === 0) continue;
          if (Math.abs(value) < threshold) {
            largest = Math.max(largest, Math.abs(value));
            continue;
          }
          kept[count] = value;
          at[count++] = column;
        }
        indptr[++row] = stored + count;
      }
      stored += count;
      if (8 * stored + 4 * rows > ARCHIVE_BYTES_MAX) {
        const what = `${toUser(path)} would have more than ${stored} values, which do not fit into one .npz file`;
        throw new UserError("--threshold", what, "set a larger one, or write a .npy file");
      }
      await data.write(bytesOf(kept.subarray(0, count)));
      await indices.write(bytesOf(at.subarray(0, count)));
    }
    if (row !== rows) throw new Error(`${path}: ${row} rows written of ${rows}`);
    await data.finish();
    await indices.finish();
    await writeStoredZip(path, [
      member("indices", "<i4", [stored], scratch.indices, 4 * stored),
      member("indptr", "<i4", [rows + 1], bytesOf(indptr), indptr.byteLength),
      member("format", "|S3", [], new TextEncoder().encode("csr"), 3),
      member("shape", "<i8", [2], bytesOf(BigInt64Array.of(BigInt(rows), BigInt(columns))), 16),
      member("data", "<f4", [stored], scratch.data, 4 * stored),
    ]);
  } finally {
    await removeQuietly(scratch.data);
    await removeQuietly(scratch.indices);
  }
  const share = percentText(stored / (rows * columns));
  note(
    `${share} of the values are stored; the others are nearer to 0 than ${threshold} (at most ${
      largest.toPrecision(3)
    })`,
  );
}

/**
 * Writes sparse rows as scipy.sparse.save_npz does without compression: a zip archive of stored `.npy` members, which the
 * engine maps as they are.
 */
import { crc32 } from "node:zlib";
import { writeAtomically } from "./file.ts";
import { npyHeader } from "./npy.ts";

/** Rows as scipy's csr_matrix has them. */
export interface CsrArrays {
  readonly columns: number;
  /** rows + 1 positions in `indices` and `data`, from 0. */
  readonly indptr: Int32Array;
  readonly indices: Int32Array;
  readonly data: Float32Array;
}

interface Member {
  readonly name: string;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function members({ columns, indptr, indices, data }: CsrArrays): Member[] {
  const array = (name: string, descr: string, shape: readonly number[], values: ArrayBufferView): Member => ({
    name: `${name}.npy`,
    header: npyHeader(descr, shape),
    body: bytesOf(values),
  });
  const shape = BigInt64Array.of(BigInt(indptr.length - 1), BigInt(columns));
  return [
    array("indices", "<i4", [indices.length], indices),
    array("indptr", "<i4", [indptr.length], indptr),
    array("format", "|S3", [], new TextEncoder().encode("csr")),
    array("shape", "<i8", [2], shape),
    array("data", "<f4", [data.length], data),
  ];
}

/** Little-endian numbers of 2 or 4 bytes each. */
function fields(...values: readonly (readonly [bytes: 2 | 4, value: number])[]): Uint8Array {
  const out = new Uint8Array(values.reduce((sum, [bytes]) => sum + bytes, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [bytes, value] of values) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return out;
}

/** The date of all members, 1 January 1980, so that equal rows make equal files. */
const DATE = 33;

/**
 * Writes a file whole or not at all.
 * @param onBytes gets all bytes of the file in order
 * @throws {UserError} as the system refuses it
 * @throws {RangeError} of arrays of 4 GB together, which this form of archive cannot hold
 */
export async function writeCsrNpz(
  path: string,
  csr: CsrArrays,
  onBytes?: (bytes: Uint8Array) => void,
): Promise<number> {
  const list = members(csr);
  const total = list.reduce((sum, { header, body }) => sum + header.length + body.length, 0);
  if (total > 0xf0000000) throw new RangeError(`${path}: ${total} bytes in one archive`);
  let offset = 0;
  await writeAtomically(path, async (file) => {
    const write = async (bytes: Uint8Array) => {
      await file.write(bytes);
      onBytes?.(bytes);
      offset += bytes.length;
    };
    const central: Uint8Array[] = [];
    for (const { name, header, body } of list) {
      const crc = crc32(body, crc32(header));
      const size = header.length + body.length;
      const text = new TextEncoder().encode(name);
      const common = fields([2, 20], [2, 0], [2, 0], [2, 0], [2, DATE], [4, crc], [4, size], [4, size], [
        2,
        text.length,
      ], [2, 0]);
      central.push(
        fields([4, 0x02014b50], [2, 20]),
        common,
        fields([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]),
        text,
      );
      await write(fields([4, 0x04034b50]));
      await write(common);
      await write(text);
      await write(header);
      await write(body);
    }
    const begin = offset;
    for (const bytes of central) await write(bytes);
    const count = list.length;
    await write(
      fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, offset - begin], [4, begin], [2, 0]),
    );
  });
  return offset;
}

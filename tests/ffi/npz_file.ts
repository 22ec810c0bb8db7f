/** Writes small `.npz` files as scipy's `save_npz` does, for tests. */
import { crc32, deflateRawSync } from "node:zlib";

export interface CsrMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly indptr: readonly number[];
  readonly indices: readonly number[];
  readonly data: readonly number[];
}

type Bytes = Uint8Array<ArrayBuffer>;

function npy(descr: string, shape: string, values: ArrayBufferView<ArrayBuffer>): Bytes {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const padded = text + " ".repeat((64 - (10 + text.length + 1) % 64) % 64) + "\n";
  const header = [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, padded.length & 255, padded.length >> 8];
  return join([
    Uint8Array.from(header),
    new TextEncoder().encode(padded),
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  ]);
}

function join(parts: readonly Bytes[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Little-endian fields: [bytes, value] pairs. */
function fields(...values: readonly [number, number][]): Bytes {
  return join(values.map(([bytes, value]) => {
    const field = new DataView(new ArrayBuffer(bytes));
    bytes === 2 ? field.setUint16(0, value, true) : field.setUint32(0, value, true);
    return new Uint8Array(field.buffer);
  }));
}

function zip(members: readonly (readonly [string, Bytes])[], compressed: boolean): Bytes {
  const parts: Bytes[] = [];
  const directory: Bytes[] = [];
  let offset = 0;
  for (const [name, content] of members) {
    const title = new TextEncoder().encode(name);
    const stored = compressed ? Uint8Array.from(deflateRawSync(content)) : content;
    const common = fields(
      [2, 20],
      [2, 0],
      [2, compressed ? 8 : 0],
      [4, 0],
      [4, crc32(content)],
      [4, stored.length],
      [4, content.length],
      [2, title.length],
      [2, 0],
    );
    const local = join([fields([4, 0x04034b50]), common, title, stored]);
    directory.push(
      join([fields([4, 0x02014b50], [2, 20]), common, fields([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), title]),
    );
    parts.push(local);
    offset += local.length;
  }
  const listing = join(directory);
  const end = fields(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, members.length],
    [2, members.length],
    [4, listing.length],
    [4, offset],
    [2, 0],
  );
  return join([...parts, listing, end]);
}

/** The bytes of a file with float32 data and int32 indices. */
export function npzBytes(matrix: CsrMatrix, { compressed = true, format = "csr" } = {}): Bytes {
  const list = (values: ArrayLike<number>) => `(${values.length},)`;
  return zip([
    ["indices.npy", npy("<i4", list(matrix.indices), Int32Array.from(matrix.indices))],
    ["indptr.npy", npy("<i4", list(matrix.indptr), Int32Array.from(matrix.indptr))],
    ["format.npy", npy("|S3", "()", new TextEncoder().encode(format))],
    ["shape.npy", npy("<i8", "(2,)", BigInt64Array.of(BigInt(matrix.rows), BigInt(matrix.columns)))],
    ["data.npy", npy("<f4", list(matrix.data), Float32Array.from(matrix.data))],
  ], compressed);
}

/** A matrix of `rows` rows in which row r has the values r + 1 in columns r % columns and the two after it, if any. */
export function band(rows: number, columns: number): CsrMatrix {
  const indptr = [0], indices: number[] = [], data: number[] = [];
  for (let row = 0; row < rows; ++row) {
    for (let column = row % columns; column < Math.min(columns, row % columns + 3); ++column) {
      indices.push(column);
      data.push(row + 1);
    }
    indptr.push(indices.length);
  }
  return { rows, columns, indptr, indices, data };
}

/** Writes files into a folder that is removed afterwards and hands their paths to `use`. */
export async function withFiles(
  files: readonly Bytes[],
  use: (paths: string[]) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const paths = files.map((_, index) => `${folder}/chunk-${index}.npz`);
    await Promise.all(files.map((bytes, index) => Deno.writeFile(paths[index]!, bytes)));
    await use(paths);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

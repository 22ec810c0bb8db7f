/** Writes scipy.sparse.save_npz files (stored members) for tests. */

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xEDB88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xFFFFFFFF;
  for (const byte of bytes) c = CRC[(c ^ byte) & 255]! ^ (c >>> 8);
  return (c ^ 0xFFFFFFFF) >>> 0;
}

/** A version 1.0 .npy file; `shape` "" for a scalar. */
export function npy(descr: string, shape: string, body: Uint8Array): Uint8Array {
  let header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  header += " ".repeat((64 - (10 + header.length + 1) % 64) % 64) + "\n";
  const out = new Uint8Array(10 + header.length + body.length);
  out.set([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  out.set(new TextEncoder().encode(header), 10);
  out.set(body, 10 + header.length);
  return out;
}

/** A zip of stored members. */
export function zip(members: readonly { name: string; bytes: Uint8Array }[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  const field = (sizes: readonly number[], values: readonly number[]) => {
    const out = new Uint8Array(sizes.reduce((a, b) => a + b, 0));
    let at = 0;
    sizes.forEach((size, i) => {
      for (let k = 0; k < size; k++) out[at++] = Math.floor(values[i]! / 2 ** (8 * k)) & 255;
    });
    return out;
  };
  for (const { name, bytes } of members) {
    const text = new TextEncoder().encode(name);
    const crc = crc32(bytes), size = bytes.length;
    const local = field([4, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2], [
      0x04034b50,
      20,
      0,
      0,
      0,
      33,
      crc,
      size,
      size,
      text.length,
      0,
    ]);
    parts.push(local, text, bytes);
    central.push(
      field(
        [4, 2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4],
        [0x02014b50, 20, 20, 0, 0, 0, 33, crc, size, size, text.length, 0, 0, 0, 0, 0, offset],
      ),
      text,
    );
    offset += local.length + text.length + size;
  }
  const centralSize = central.reduce((sum, part) => sum + part.length, 0);
  const end = field([4, 2, 2, 2, 2, 4, 4, 2], [
    0x06054b50,
    0,
    0,
    members.length,
    members.length,
    centralSize,
    offset,
    0,
  ]);
  const all = [...parts, ...central, end];
  const out = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export interface Csr {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
  readonly indices: Int32Array;
  readonly indptr: Int32Array;
}

const bytesOf = (array: Float32Array | Int32Array | BigInt64Array) =>
  new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);

export function csrNpz(csr: Csr): Uint8Array<ArrayBuffer> {
  const shape = BigInt64Array.of(BigInt(csr.rows), BigInt(csr.columns));
  return zip([
    { name: "indices.npy", bytes: npy("<i4", `${csr.indices.length},`, bytesOf(csr.indices)) },
    { name: "indptr.npy", bytes: npy("<i4", `${csr.indptr.length},`, bytesOf(csr.indptr)) },
    { name: "format.npy", bytes: npy("|S3", "", new TextEncoder().encode("csr")) },
    { name: "shape.npy", bytes: npy("<i8", "2,", bytesOf(shape)) },
    { name: "data.npy", bytes: npy("<f4", `${csr.data.length},`, bytesOf(csr.data)) },
  ]);
}

/** A seeded generator of numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Low-rank positive counts, about `density` of them non-zero: something an autoencoder can learn. */
export function syntheticCsr(rows: number, columns: number, density: number, seed: number): Csr {
  const next = random(seed);
  const rank = 4;
  const loading = Float64Array.from({ length: rank * columns }, () => next() < 0.3 ? next() : 0);
  const data: number[] = [], indices: number[] = [], indptr = [0];
  for (let row = 0; row < rows; row++) {
    const factor = Array.from({ length: rank }, () => next() * 4);
    for (let column = 0; column < columns; column++) {
      if (next() >= density) continue;
      const mean = factor.reduce((sum, f, k) => sum + f * loading[k * columns + column]!, 0);
      data.push(1 + Math.floor(mean * (0.5 + next())));
      indices.push(column);
    }
    indptr.push(data.length);
  }
  return {
    rows,
    columns,
    data: Float32Array.from(data),
    indices: Int32Array.from(indices),
    indptr: Int32Array.from(indptr),
  };
}

/** Writes `chunks` chunk files of `rows` rows each into a folder. */
export function writeChunks(folder: string, chunks: number, rows: number, columns: number, density = 0.1): void {
  Deno.mkdirSync(folder, { recursive: true });
  for (let chunk = 0; chunk < chunks; chunk++) {
    const csr = syntheticCsr(rows, columns, density, 100 + chunk);
    Deno.writeFileSync(`${folder}/chunk_${chunk}.npz`, csrNpz(csr));
  }
}

/** Chunk files for the benchmarks: synthetic rows written as scipy.sparse.save_npz does, and a cold page cache. */
import { zipSync } from "fflate";
import { join } from "@std/path";

export interface ChunkShape {
  readonly chunks: number;
  readonly rowsPerChunk: number;
  readonly columns: number;
  readonly nnzPerRow: number;
  readonly deflated?: boolean;
  readonly seed?: number;
  readonly law?: ColumnLaw;
}

/**
 * The frequencies of columns. uniform: all are equal. skewed: the column of rank r has (r + SHIFT)^-EXPONENT, at most 1, for
 * every number of columns. The ranks are scattered over the columns.
 */
export type ColumnLaw = "uniform" | "skewed";
/**
 * Zipf-Mandelbrot's law with the best fit to the 18,846 rows of 20 Newsgroups (130,107 columns, 153.6 non-zeros per row)
 * among exponents from 1.0 to 1.8 and shifts from 0 to 1,000. 128 rows touch 7,035 different columns, and 7,290 in the data.
 */
const EXPONENT = 1.2, SHIFT = 30;

/** mulberry32: numbers in [0, 1). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Csr {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array<ArrayBuffer>;
  readonly indices: Int32Array<ArrayBuffer>;
  readonly indptr: Int32Array<ArrayBuffer>;
}

/** Rows with exactly `nnz` values in (0.1, 1.1), one in each of nnz equal stretches of the columns. */
export function syntheticCsr(rows: number, columns: number, nnz: number, seed: number): Csr {
  const next = random(seed);
  const data = new Float32Array(rows * nnz), indices = new Int32Array(rows * nnz);
  const stretch = columns / nnz;
  for (let row = 0, at = 0; row < rows; row++) {
    for (let k = 0; k < nnz; k++, at++) {
      const first = Math.floor(k * stretch), end = Math.floor((k + 1) * stretch);
      indices[at] = first + Math.floor(next() * (end - first));
      data[at] = 0.1 + next();
    }
  }
  return { rows, columns, data, indices, indptr: Int32Array.from({ length: rows + 1 }, (_, row) => row * nnz) };
}

/** A dense .npy file of float32, values in [0, 1). @returns its path, under `scratch` */
export async function writeDense(scratch: string, rows: number, columns: number, seed = 1): Promise<string> {
  const next = random(seed);
  const values = Float32Array.from({ length: rows * columns }, next);
  const path = await Deno.makeTempFile({ dir: scratch, prefix: "rows-", suffix: ".npy" });
  await Deno.writeFile(path, npyBytes(rows, columns, values));
  return path;
}

/** A dense .npy file. */
export function npyBytes(rows: number, columns: number, values: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return npy("<f4", `${rows}, ${columns}`, values);
}

/** Rows with exactly `nnz` values in (0.1, 1.1), columns by the skewed law. */
export function skewedCsr(rows: number, columns: number, nnz: number, seed: number): Csr {
  const next = random(seed), power = 1 - EXPONENT;
  const below = (rank: number) => ((rank + SHIFT) ** power - SHIFT ** power) / power; // the law's integral
  // The first `always` ranks are in every row. Of the others, each row has one in each of equal parts of the integral.
  let always = 0;
  while ((nnz - always) * (always + SHIFT) ** -EXPONENT > below(columns) - below(always)) always++;
  const first = below(always), stretch = (below(columns) - first) / (nnz - always);
  const rankAt = (integral: number) => (integral * power + SHIFT ** power) ** (1 / power) - SHIFT;
  const step = coprime(Math.round(columns * 0.618), columns);
  const data = Float32Array.from({ length: rows * nnz }, () => 0.1 + next()), indices = new Int32Array(rows * nnz);
  for (let row = 0; row < rows; row++) {
    const own = indices.subarray(row * nnz, (row + 1) * nnz);
    for (let k = 0, rank = -1; k < nnz; k++) {
      const drawn = k < always ? k : Math.floor(rankAt(first + (k - always + next()) * stretch));
      rank = Math.min(Math.max(drawn, rank + 1), columns - nnz + k);
      own[k] = (rank * step) % columns;
    }
    own.sort();
  }
  return { rows, columns, data, indices, indptr: Int32Array.from({ length: rows + 1 }, (_, row) => row * nnz) };
}

/** The first number from `from` on without a common factor with `n`. */
function coprime(from: number, n: number): number {
  const divisor = (a: number, b: number): number => b === 0 ? a : divisor(b, a % b);
  let found = Math.max(1, from);
  while (divisor(found, n) !== 1) found++;
  return found;
}

/** The number of different columns in the first `rows` rows. */
export function touchedColumns(csr: Csr, rows: number): number {
  return new Set(csr.indices.subarray(0, csr.indptr[Math.min(rows, csr.rows)])).size;
}

export function csrOf(law: ColumnLaw, rows: number, columns: number, nnz: number, seed: number): Csr {
  return (law === "skewed" ? skewedCsr : syntheticCsr)(rows, columns, nnz, seed);
}

type Numbers = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;

/** A version 1.0 .npy file. */
function npy(descr: string, shape: string, values: Numbers | Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  const header = text + " ".repeat((64 - (10 + text.length + 1) % 64) % 64) + "\n";
  const out = new Uint8Array(10 + header.length + values.byteLength);
  out.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  out.set(new TextEncoder().encode(header), 10);
  out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + header.length);
  return out;
}

export function npzBytes(csr: Csr, deflated = false): Uint8Array {
  return zipSync({
    "indices.npy": npy("<i4", `${csr.indices.length},`, csr.indices),
    "indptr.npy": npy("<i4", `${csr.indptr.length},`, csr.indptr),
    "format.npy": npy("|S3", "", new TextEncoder().encode("csr")),
    "shape.npy": npy("<i8", "2,", BigInt64Array.of(BigInt(csr.rows), BigInt(csr.columns))),
    "data.npy": npy("<f4", `${csr.data.length},`, csr.data),
  }, { level: deflated ? 6 : 0 });
}

/** @returns the paths of the files, in a folder of their own under `scratch`. */
export async function writeChunks(scratch: string, shape: ChunkShape): Promise<string[]> {
  const folder = await Deno.makeTempDir({ dir: scratch, prefix: "chunks-" });
  const paths: string[] = [];
  for (let chunk = 0; chunk < shape.chunks; chunk++) {
    const { law = "uniform", rowsPerChunk, columns, nnzPerRow } = shape;
    const csr = csrOf(law, rowsPerChunk, columns, nnzPerRow, (shape.seed ?? 1) + chunk);
    const path = join(folder, `chunk_${chunk}.npz`);
    await Deno.writeFile(path, npzBytes(csr, shape.deflated));
    paths.push(path);
  }
  return paths;
}

/** Drops files from the page cache: GNU dd asks for it with posix_fadvise(DONTNEED), which needs no root. */
export async function dropCache(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    for (const how of ["conv=notrunc,fdatasync", "iflag=nocache"]) {
      const args = how.startsWith("conv") ? [`of=${path}`, how, "count=0"] : [`if=${path}`, how, "count=0"];
      const { success } = await new Deno.Command("dd", { args, stdout: "null", stderr: "null", stdin: "null" })
        .output();
      if (!success) throw new Error(`${path}: dd cannot drop it from the page cache`);
    }
  }
}

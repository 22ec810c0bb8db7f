/** The readers of sources, and which of them a file or folder belongs to. */
import type { SourceFormat } from "../../config/data_formats.ts";
import { HEAD_BYTES } from "../../formats/kinds.ts";
import { binary } from "./binary.ts";
import { biom } from "./biom.ts";
import { csv } from "./csv.ts";
import { flac } from "./flac.ts";
import { h5ad } from "./h5ad.ts";
import { hdf5 } from "./hdf5.ts";
import { idx } from "./idx.ts";
import { image } from "./image.ts";
import { loom } from "./loom.ts";
import { mat } from "./mat.ts";
import { matrixMarket } from "./matrix_market.ts";
import { numpy } from "./numpy.ts";
import { parquet } from "./parquet.ts";
import { pickle } from "./pickle.ts";
import type { Reader } from "./reader.ts";
import { safetensors } from "./safetensors.ts";
import { sparseNpz } from "./sparse_npz.ts";
import { svmlight } from "./svmlight.ts";
import { tenX } from "./ten_x.ts";
import { wav } from "./wav.ts";
import { wfdb } from "./wfdb.ts";

/** Part of what the cache is found by: raised when a reader gives other rows or names than before. */
export const READERS_VERSION = 4;

const READERS: Readonly<Record<SourceFormat, Reader>> = {
  h5ad,
  loom,
  biom,
  "10x": tenX,
  mtx: matrixMarket,
  sparse_npz: sparseNpz,
  image,
  idx,
  wav,
  flac,
  wfdb,
  mat,
  hdf5,
  pickle,
  numpy,
  safetensors,
  binary,
  parquet,
  svmlight,
  csv,
};

export const readerOf = (format: SourceFormat): Reader => READERS[format];

/** The first bytes of a file; none of a folder, or of what cannot be read. */
function headOf(path: string): Uint8Array {
  try {
    if (!Deno.statSync(path).isFile) return new Uint8Array(0);
    using file = Deno.openSync(path);
    const head = new Uint8Array(HEAD_BYTES);
    let done = 0;
    for (let count; done < head.length && (count = file.readSync(head.subarray(done))) !== null;) done += count;
    return head.subarray(0, done);
  } catch {
    return new Uint8Array(0);
  }
}

/** The reader of a file that is no such table as its name says, so that the reader tells what is wrong with it. */
export const readerByEnding = (path: string): Reader | null => /\.(csv|tsv)(\.gz)?$/i.test(path) ? csv : null;

/** Whether a file or folder is of a reader's format. */
export const isOf = (reader: Reader, path: string): boolean => reader.claims(path, headOf(path));

/** The first reader of which a file or folder is; null where it is of none. */
export function claimant(path: string): Reader | null {
  const head = headOf(path);
  return Object.values(READERS).find((reader) => reader.claims(path, head)) ?? null;
}

/** The formats of `data.format`. Those of sources are prepared into chunks first; core/data/readers has a reader for each. */

/** Files that are trained on as they are. */
export const CHUNK_FORMATS = {
  csr_npz: "sparse matrices written by scipy's save_npz",
  dense_npy: "rows x columns written by numpy's save",
} as const;

/** Files that are prepared into chunks, which are kept in the cache. */
export const SOURCE_FORMATS = {
  h5ad: "AnnData files",
  "10x":
    "what Cell Ranger writes: folders (matrix.mtx, barcodes and features or genes) and .h5 files, also several in one folder",
  mat: "MATLAB files",
  hdf5: "arrays in HDF5 files",
  image: "pictures: PNG, JPEG, TIFF and WebP",
  idx: "IDX files, as MNIST has them",
  wav: "WAV recordings",
  flac: "FLAC recordings",
  mtx: "Matrix Market files",
  sparse_npz: "matrices of scipy's save_npz in CSC or COO form",
  numpy: "arrays of NumPy, .npy and .npz, in any order of axes",
  binary: "raw values of a declared type",
  svmlight: "files of SVMlight and LIBSVM",
  csv: "tables of text, divided by commas, tabs or semicolons",
} as const;

export type ChunkFormat = keyof typeof CHUNK_FORMATS;
export type SourceFormat = keyof typeof SOURCE_FORMATS;
/** `auto`: by the first bytes of the files; `memory`: rows that a script gives. */
export type DataFormat = "auto" | ChunkFormat | SourceFormat | "memory";

export const DATA_FORMATS: readonly [DataFormat, ...DataFormat[]] = [
  "auto",
  ...Object.keys(CHUNK_FORMATS) as ChunkFormat[],
  ...Object.keys(SOURCE_FORMATS) as SourceFormat[],
  "memory",
];

export const isChunkFormat = (format: DataFormat): format is ChunkFormat => Object.hasOwn(CHUNK_FORMATS, format);

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
  loom: "loom files",
  biom: "BIOM files, JSON or HDF5",
  mtx: "Matrix Market files",
  sparse_npz: "matrices of scipy's save_npz in another form than CSR",
  image: "folders of pictures: PNG, JPEG, TIFF, WebP",
  idx: "IDX files, as MNIST and Fashion-MNIST come",
  wav: "WAV recordings",
  flac: "FLAC recordings",
  wfdb: "records of PhysioNet",
  mat: "MATLAB files",
  hdf5: "arrays of HDF5 files",
  pickle: "arrays of NumPy in Python pickles, of which nothing is run",
  numpy: "arrays of NumPy with any number of axes",
  safetensors: "tensors of safetensors files, such as activations of a language model",
  binary: "raw values of a declared type",
  parquet: "Parquet tables",
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

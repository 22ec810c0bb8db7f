/** What a kind of file is called, and what to do to train on it. */
import { basename } from "@std/path";
import { isFile } from "./file.ts";

/** A kind of file, in words, with what to do to train on it. */
export interface Kind {
  /** "an HDF5 file" */
  readonly name: string;
  /** One line: the Python that makes a file of it that is read, or the command. */
  readonly advice?: string;
  /** The format that reads files of this kind, where there is one. */
  readonly format?: "csr_npz" | "dense_npy";
}

/** What to do with a file of a kind. */
export function adviceOn({ name, advice }: Kind): string {
  return advice ?? `convert it to a sparse matrix (.npz) or a dense array (.npy), because ${name} cannot be read`;
}

/** The file's own name with another ending. */
export const renamed = (path: string, ending: string) =>
  basename(path).replace(/(\.gz)?$/, "").replace(/\.[^.]*$/, "") + ending;

/** Python that saves `value` as a dense array. */
export function dense(path: string, value: string, modules: string): string {
  return `in Python: import numpy${modules}; numpy.save("${
    renamed(path, ".npy")
  }", ${value}); then set data.format: dense_npy`;
}

/** Python that saves `value` as sparse rows. */
export function sparse(path: string, value: string, modules: string): string {
  const save = `scipy.sparse.save_npz("${renamed(path, ".npz")}", scipy.sparse.csr_matrix(${value}))`;
  return `in Python: import scipy.sparse${modules}; ${save}`;
}

export function hdf5(path: string): Kind {
  const file = basename(path);
  if (/\.h5ad$/i.test(path)) {
    return { name: "an AnnData file (HDF5)", advice: "set data.format: h5ad" };
  }
  return { name: "an HDF5 file", advice: dense(path, `h5py.File("${file}")["NAME"][:]`, ", h5py") };
}

export function matlab(path: string): Kind {
  const value = `scipy.io.loadmat("${basename(path)}")["NAME"]`;
  return { name: "a MATLAB file", advice: dense(path, value, ", scipy.io") };
}

/** HDF5 after a header of text; MATLAB keeps matrices column by column. */
export function matlabHdf5(path: string): Kind {
  const value = `h5py.File("${basename(path)}")["NAME"][:].T`;
  return { name: "a MATLAB 7.3 file (HDF5)", advice: dense(path, value, ", h5py") };
}

export function image(name: string): (path: string) => Kind {
  return (path) => {
    const files = `sorted(glob.glob("*${/\.[^.]*$/.exec(path)?.[0] ?? ""}"))`;
    const value = `numpy.stack([numpy.asarray(PIL.Image.open(f)).ravel() for f in ${files}])`;
    const save = `numpy.save("images.npy", ${value})`;
    return { name, advice: `in Python: import glob, numpy, PIL.Image; ${save}; then set data.format: dense_npy` };
  };
}

export const packed = (name: string, command: string) => (path: string): Kind => ({
  name,
  advice: `unpack it: ${command} ${basename(path)}`,
});

export const table = (name: string, reader: string) => (path: string): Kind => ({
  name,
  advice: dense(path, `pandas.${reader}("${basename(path)}").to_numpy("float32")`, ", pandas"),
});

export const other = (name: string) => (): Kind => ({ name });

export function matrixMarket(): Kind {
  return { name: "a Matrix Market file", advice: "set data.format: mtx" };
}

/** Sound in a format that is not read. */
export const sound = (name: string) => (path: string): Kind => ({
  name,
  advice: `convert it to FLAC: ffmpeg -i ${basename(path)} ${renamed(path, ".flac")}`,
});

/** What to do with a file that is told by nothing in it; undefined of one that is named like an array, and is damaged. */
export function unknownKind(path: string): Kind | undefined {
  if (/\.np[yz]$/i.test(path)) return undefined;
  const name = "a file of no format that is known by its first bytes";
  if (/\.mat$/i.test(path)) {
    return { name: "a MATLAB file of version 4, or none", advice: 'save it in MATLAB with save(..., "-v7")' };
  }
  if (/\.bmp$/i.test(path)) return { name: "a BMP picture", advice: "save it as PNG" };
  const record = path.replace(/\.[^.]*$/, ".hea");
  if (record !== path && isFile(record)) {
    return { name: "the samples of a WFDB record", advice: `name its header: ${basename(record)}` };
  }
  const advice = "of raw values say what they are: data: {format: binary, reader: {type: float32, shape: [1, 1024]}}";
  return { name, advice };
}

/** Objects of R, with R that writes what is read. */
export function rObject(path: string): Kind {
  const file = basename(path);
  const [read, object] = /\.rds$/i.test(path)
    ? [`x <- readRDS("${file}")`, "x"]
    : [`load("${file}")`, "the object that it holds"];
  return {
    name: "a file of R objects",
    advice:
      `in R: ${read}; with ${object} as a sparse matrix of genes x cells (of Seurat: GetAssayData), Matrix::writeMM(x, "${
        renamed(path, ".mtx")
      }"); then set data.reader: {transpose: true}`,
  };
}

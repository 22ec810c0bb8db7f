/** What a file is by its first bytes, and how it becomes one that is read. */
import { basename, join } from "@std/path";
import {
  dense,
  hdf5,
  image,
  type Kind,
  matlab,
  matlabHdf5,
  matrixMarket,
  other,
  packed,
  renamed,
  rObject,
  sound,
  sparse,
  table,
} from "./kind_advice.ts";
import { type ZipMember, zipMembers } from "./zip_members.ts";

/** The first bytes that tell what a file is. */
export const HEAD_BYTES = 4096;

/** A start of a file that tells its kind; `at` is the byte where it stands. */
interface Signature {
  readonly bytes: readonly number[];
  readonly at?: number;
  readonly kind: (path: string) => Kind;
}

const ascii = (text: string) => [...text].map((char) => char.charCodeAt(0));
const HDF5 = [0x89, ...ascii("HDF\r\n"), 0x1a, 0x0a];

/** The first that fits counts. */
const SIGNATURES: readonly Signature[] = [
  { bytes: ascii("MATLAB 7.3"), kind: matlabHdf5 },
  { bytes: ascii("MATLAB 5.0"), kind: matlab },
  ...[0, 512, 1024, 2048].map((at) => ({ bytes: HDF5, at, kind: hdf5 })),
  {
    bytes: [0x93, ...ascii("NUMPY")],
    kind: () => ({ name: "a dense array (.npy)", advice: "set data.format: dense_npy", format: "dense_npy" }),
  },
  { bytes: [0x1f, 0x8b], kind: gzip },
  { bytes: ascii("BZh"), kind: packed("a bzip2 file", "bunzip2") },
  { bytes: [0xfd, ...ascii("7zXZ")], kind: packed("an xz file", "unxz") },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], kind: packed("a Zstandard file", "unzstd") },
  { bytes: [...ascii("7z"), 0xbc, 0xaf], kind: packed("a 7z archive", "7z x") },
  { bytes: ascii("ustar"), at: 257, kind: packed("a tar archive", "tar -xf") },
  { bytes: [0x89, ...ascii("PNG")], kind: image("a PNG picture") },
  { bytes: [0xff, 0xd8, 0xff], kind: image("a JPEG picture") },
  { bytes: ascii("GIF8"), kind: image("a GIF picture") },
  { bytes: [...ascii("II*"), 0], kind: image("a TIFF picture") },
  { bytes: [...ascii("MM"), 0, ...ascii("*")], kind: image("a TIFF picture") },
  ...["RDX2\n", "RDX3\n", "X\n\0\0\0", "A\n2\n", "A\n3\n"].map((start) => ({ bytes: ascii(start), kind: rObject })),
  { bytes: ascii("PAR1"), kind: () => ({ name: "a Parquet table", advice: "set data.format: parquet" }) },
  { bytes: ascii("ARROW1"), kind: table("an Arrow file", "read_feather") },
  { bytes: ascii("SQLite format 3"), kind: other("an SQLite database") },
  { bytes: ascii("%PDF"), kind: other("a PDF document") },
  {
    bytes: ascii("CDF"),
    kind: (path) => ({
      name: "a NetCDF file",
      advice: dense(path, `xarray.open_dataset("${basename(path)}")["NAME"].values`, ", xarray"),
    }),
  },
  {
    bytes: ascii("SIMPLE  ="),
    kind: (path) => ({
      name: "a FITS file",
      advice: dense(path, `astropy.io.fits.getdata("${basename(path)}")`, ", astropy.io.fits"),
    }),
  },
  { bytes: ascii("RIFX"), kind: sound("a WAV recording of the other byte order (RIFX)") },
  { bytes: ascii("OggS"), kind: sound("an Ogg recording") },
  { bytes: ascii("AIF"), at: 8, kind: sound("an AIFF recording") },
  { bytes: ascii("ID3"), kind: sound("an MP3 recording") },
  { bytes: ascii("RIFF"), kind: other("a RIFF file (WAV sound, perhaps)") },
  { bytes: ascii("%%MatrixMarket"), kind: matrixMarket },
  {
    bytes: ascii("version https://git-lfs"),
    kind: () => ({
      name: "a Git LFS pointer, not the data themselves",
      advice: "fetch the data: git lfs pull",
    }),
  },
];

const IS_R = /\.(rds|rda|rdata)$/i;

function gzip(path: string): Kind {
  if (IS_R.test(path)) return rObject(path);
  if (!/\.mtx\.gz$/i.test(path)) return packed("a gzip file", "gunzip")(path);
  return { ...matrixMarket(), name: "a gzip file of Matrix Market text" };
}

/** The kind of what is at a path; undefined where it cannot be read or no kind is known by these bytes. */
export function kindOf(path: string): Kind | undefined {
  try {
    const info = Deno.statSync(path);
    if (info.isDirectory) return folderKind(path);
    if (!info.isFile) return { name: "a device or a pipe, not a regular file" };
    if (info.size === 0) return { name: "an empty file", advice: "make the file again" };
    using file = Deno.openSync(path);
    const head = new Uint8Array(HEAD_BYTES);
    const count = file.readSync(head) ?? 0;
    return kindOfBytes(head.subarray(0, count), path, () => zipMembers(file, info.size));
  } catch {
    return undefined;
  }
}

/** Whether a file begins like an array of Python objects, which are pickled. */
export function isNpyOfObjects(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head.subarray(1, 128));
  return head[0] === 0x93 && text.startsWith("NUMPY") && /'descr': '\|O\d*'/.test(text);
}

/** Whether a file begins like an array of complex numbers. */
function isNpyOfComplex(head: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(head.subarray(1, 128));
  return head[0] === 0x93 && text.startsWith("NUMPY") && /'descr': '[<>=|]?c\d+'/.test(text);
}

/** Whether a file begins like a matrix of NumPy whose values lie column by column, as those of most pandas tables, or big-endian. */
function isNpyOfOtherOrder(head: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(head.subarray(1, 128));
  if (head[0] !== 0x93 || !text.startsWith("NUMPY")) return false;
  return /'descr': '>[a-z](?!1')/.test(text) || /'fortran_order': True/.test(text) && axesOfNpy(head) === 2;
}

/** How many axes an array of NumPy has by the start of its file; 0 of anything else. */
function axesOfNpy(head: Uint8Array): number {
  if (head[0] !== 0x93) return 0;
  const text = new TextDecoder("latin1").decode(head);
  const shape = text.startsWith("NUMPY", 1) ? /'shape': \(([\d, ]*)\)/.exec(text)?.[1] ?? "" : "";
  return shape.match(/\d+/g)?.length ?? 0;
}

/** The numbers of axes of the arrays in some files; null where one of them cannot be read or is no array of NumPy. */
export function axesOfArrays(paths: readonly string[]): readonly number[] | null {
  try {
    const axes = paths.map((path) => {
      using file = Deno.openSync(path);
      const head = new Uint8Array(HEAD_BYTES);
      return axesOfNpy(head.subarray(0, file.readSync(head) ?? 0));
    });
    return axes.includes(0) ? null : axes;
  } catch {
    return null;
  }
}

function kindOfBytes(head: Uint8Array, path: string, members: () => readonly ZipMember[]): Kind | undefined {
  const begins = (bytes: readonly number[], at = 0) => bytes.every((byte, i) => head[at + i] === byte);
  if (begins(ascii("PK\x03\x04")) || begins(ascii("PK\x05\x06"))) return zipKind(path, members());
  if (isNpyOfObjects(head)) return { name: "an array of pickled Python objects (.npy)" };
  if (isNpyOfComplex(head)) return { name: "an array of complex numbers (.npy)", advice: "set data.format: numpy" };
  if (isNpyOfOtherOrder(head)) {
    return { name: "an array of another order of values or bytes (.npy)", advice: "set data.format: numpy" };
  }
  const axes = axesOfNpy(head);
  if (axes > 2) {
    const advice =
      "set data: {format: numpy, reader: {axes: [...]}}, a word for each axis, such as [row, height, width]";
    return { name: `an array of ${axes} axes (.npy)`, advice };
  }
  const known = SIGNATURES.find(({ bytes, at }) => begins(bytes, at));
  if (known) return known.kind(path);
  // Protocols 2 to 5 of pickle begin with their number, the file of tensors with the length of its header.
  if (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5) {
    const value = `numpy.load("${basename(path)}", allow_pickle=True)`;
    return { name: "a Python pickle", advice: `${dense(path, value, "")} (only if you trust the file)` };
  }
  if (head[8] === 0x7b && begins([0, 0, 0, 0], 4)) return { name: "a safetensors file" };
  return textKind(head);
}

/** Text of some kind; undefined for what is no text. */
function textKind(head: Uint8Array): Kind | undefined {
  if (head.includes(0)) return undefined;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
  } catch {
    return undefined;
  }
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) {
    return { name: "a web page or XML", advice: "was it downloaded whole, and from the right address?" };
  }
  const [first = "", second = ""] = text.split(/\r?\n/);
  const separator = [",", "\t", ";"].find((char) => first.split(char).length > 1 && second.split(char).length > 1);
  if (separator === undefined) return { name: "a text file" };
  const name = separator === "\t" ? "a table of text (TSV)" : "a table of text (CSV)";
  return { name, advice: "set data.format: csv" };
}

/** An archive by the names in it: sparse matrices, arrays, and what else is a zip file. */
function zipKind(path: string, members: readonly ZipMember[]): Kind | undefined {
  const file = basename(path);
  const names = members.map(({ name }) => name);
  const has = (name: string) => names.includes(`${name}.npy`);
  if (names.length === 0) return { name: "a zip archive that is cut short", format: "csr_npz" };
  if (has("format") && has("shape") && has("data")) {
    const text = members.find(({ name }) => name === "format.npy")!.text().replaceAll("\0", "");
    const written = /(csr|csc|bsr|dia|coo)$/.exec(text)?.[1];
    if (written === "csr") return { name: "a sparse matrix (.npz)", format: "csr_npz" };
    const form = written?.toUpperCase() ?? "another";
    const advice = written ? "set data.format: sparse_npz" : sparse(path, `scipy.sparse.load_npz("${file}")`, "");
    return { name: `a sparse matrix in ${form} form`, advice };
  }
  if (names.length > 0 && names.every((name) => name.endsWith(".npy"))) {
    const arrays = names.map((name) => name.slice(0, -4));
    const largest = members.reduce((a, b) => b.size > a.size ? b : a).name.slice(0, -4);
    const some = arrays.slice(0, 4).join(", ") + (arrays.length > 4 ? ` and ${arrays.length - 4} more` : "");
    const name = `an .npz file of arrays (${some}), not a sparse matrix`;
    return { name, advice: dense(path, `numpy.load("${file}")["${largest}"]`, "") };
  }
  if (names.some((name) => name.endsWith("/data.pkl"))) return { name: "a PyTorch file" };
  if (has("[Content_Types].xml") || names.includes("[Content_Types].xml")) {
    return table("an Excel workbook", "read_excel")(path);
  }
  if (names.some((name) => /(^|\/)(\.zgroup|\.zarray|zarr\.json)$/.test(name))) {
    const folder = file.replace(/(\.zarr)?\.zip$/, ".zarr");
    return {
      name: "a Zarr store in a zip archive",
      advice: `unpack it: unzip ${file} -d ${folder}; then name that folder`,
    };
  }
  return { ...packed("a zip archive", "unzip")(path) };
}

/** Folders that other programs take for one file. */
function folderKind(path: string): Kind | undefined {
  const holds = (name: string) => {
    try {
      return Deno.statSync(join(path, name)).isFile;
    } catch {
      return false;
    }
  };
  const isFolder = (name: string) => {
    try {
      return Deno.statSync(join(path, name)).isDirectory;
    } catch {
      return false;
    }
  };
  const folder = basename(path);
  if (holds("zarr.json") || holds(".zgroup") || holds(".zattrs") || holds(".zarray")) {
    if (isFolder("obs") && isFolder("var")) {
      const write = `anndata.read_zarr("${folder}").write_h5ad("${renamed(path, ".h5ad")}")`;
      return { name: "a Zarr store of AnnData", advice: `in Python: import anndata; ${write}` };
    }
    const save = `numpy.save("${renamed(path, ".npy")}", zarr.open("${folder}")[:])`;
    return {
      name: "a Zarr store",
      advice: `in Python: import numpy, zarr; ${save}; then set data.format: dense_npy`,
    };
  }
  if (!["matrix.mtx", "matrix.mtx.gz"].some(holds)) return undefined;
  return { name: "a folder of Cell Ranger", advice: "set data.format: 10x" };
}

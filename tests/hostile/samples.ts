/** Small valid files of every reader, of which hostile copies are made. */
import { fromFileUrl, join } from "@std/path";
import { strToU8, zipSync } from "fflate";
import { gzipSync } from "node:zlib";
import type { SourceFormat } from "../../core/config/data_formats.ts";
import type { ReaderOptions } from "../../core/data/readers/reader.ts";
import { wavOf } from "../../core/formats/wav_write.ts";
import { bytesOf as pictureOf, NAMES as PICTURES } from "../core/formats/pictures/golden.ts";
import { greyPng, makePng } from "../core/formats/pictures/make_png.ts";
import { writeH5ad, writeTenXH5 } from "../helpers/h5ad.ts";
import { npy } from "../helpers/npz.ts";
import { fileOf } from "../helpers/safetensors.ts";

export interface Sample {
  /** The name of the file that is changed. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly options?: ReaderOptions;
  /** Files that lie beside it and stay as they are. */
  readonly beside?: Readonly<Record<string, Uint8Array>>;
  /** Whether the path that is read is the folder. */
  readonly isFolder?: true;
}

const golden = (name: string) => Deno.readFileSync(fromFileUrl(new URL(`../golden/${name}`, import.meta.url)));
const goldens = (folder: string, names: readonly string[], options?: ReaderOptions): Sample[] =>
  names.map((name) => ({ file: name.split("/").at(-1)!, bytes: golden(`${folder}${name}`), options }));

const ROWS = 12, COLUMNS = 7;
const VALUES = Array.from(
  { length: ROWS },
  (_, i) => Array.from({ length: COLUMNS }, (_, j) => (i * 7 + j * 3) % 5 === 0 ? i + 2 * j + 1 : 0),
);
const bytesOf = ({ buffer }: { readonly buffer: ArrayBuffer }) => new Uint8Array(buffer);
const floats = (values: readonly number[]) => bytesOf(Float32Array.from(values));

/** What a function that writes to a path has written. */
async function written(write: (path: string) => Promise<void>): Promise<Uint8Array> {
  const path = Deno.makeTempFileSync({ prefix: "narrows-sample-" });
  try {
    Deno.removeSync(path);
    await write(path);
    return Deno.readFileSync(path);
  } finally {
    Deno.removeSync(path);
  }
}

async function anndata(): Promise<Sample[]> {
  const matrices = {
    X: { form: "csr", values: VALUES, compressed: true },
    "layers/counts": { form: "csc", values: VALUES, type: "<i" },
    "layers/dense": { form: "dense", values: VALUES, type: "<d" },
  } as const;
  const cells = VALUES.map((_, i) => `C${i}`), genes = VALUES[0]!.map((_, j) => `G${j}`);
  const obs = { kind: { categories: ["B", "T"], codes: VALUES.map((_, i) => i % 2) }, donor: cells };
  const bytes = await written((path) => writeH5ad(path, { cells, genes, obs, matrices }));
  return Object.keys(matrices).map((member) => ({ file: "a.h5ad", bytes, options: { member } }));
}

const MATRIX = "%%MatrixMarket matrix coordinate integer general\n% of a test\n" +
  `${COLUMNS} ${ROWS} 5\n1 1 5\n3 1 2\n2 2 1\n1 4 7\n3 4 9\n`;
const ARRAY = "%%MatrixMarket matrix array real general\n2 3\n1\n2.5\n-3\n4e2\n0\n6\n";
const LINES = (count: number, text: (i: number) => string) =>
  strToU8(Array.from({ length: count }, (_, i) => text(i)).join(""));

async function tenX(): Promise<Sample[]> {
  const files = {
    "matrix.mtx": strToU8(MATRIX),
    "barcodes.tsv": LINES(ROWS, (i) => `AAA${i}-1\n`),
    "features.tsv": LINES(COLUMNS, (j) => `ENSG${j}\tG${j}\tGene Expression\n`),
  };
  const folder = Object.entries(files).map(([file, bytes]): Sample => ({
    file,
    bytes,
    isFolder: true,
    beside: Object.fromEntries(Object.entries(files).filter(([name]) => name !== file)),
  }));
  const three = await written((path) => writeTenXH5(path, VALUES, null));
  const two = await written((path) => writeTenXH5(path, VALUES, ["hg19"]));
  return [...folder, { file: "a.h5", bytes: three }, { file: "a.h5", bytes: two }];
}

function sparse(): Sample[] {
  const whole = (values: readonly number[]) => npy("<i4", `${values.length},`, bytesOf(Int32Array.from(values)));
  const data = npy("<f4", "5,", floats([3, 1, -1, 7, 2.5]));
  const archive = (form: string, arrays: Record<string, Uint8Array>, level: 0 | 6): Sample => {
    const members = { ...arrays, data, format: npy("|S3", "", strToU8(form)), shape: whole([3, 4]) };
    const named = Object.entries(members).map(([name, bytes]) => [`${name}.npy`, bytes]);
    return { file: "a.npz", bytes: zipSync(Object.fromEntries(named), { level }) };
  };
  return [
    archive("csc", { indices: whole([2, 0, 2, 1, 0]), indptr: whole([0, 2, 3, 5, 5]) }, 6),
    archive("coo", { row: whole([2, 1, 0, 2, 0]), col: whole([1, 2, 0, 0, 2]) }, 0),
    ...goldens("tables/", ["bsr.npz", "dia.npz"]),
  ];
}

function idx(): Sample[] {
  const bytes = Uint8Array.of(
    0,
    0,
    8,
    3,
    0,
    0,
    0,
    3,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    2,
    ...Array.from({ length: 12 }, (_, i) => 20 * i),
  );
  return [{ file: "a-idx3-ubyte", bytes }, { file: "a-idx3-ubyte.gz", bytes: gzipSync(bytes) }];
}

function wfdb(): Sample[] {
  const header = strToU8("100 2 360 3\n100.dat 212 200 11 1024 995 0 0 MLII\n100.dat 212 200 11 1024 1011 0 0 V5\n");
  const samples = Uint8Array.of(0xe3, 0x33, 0xf3, 0xff, 0xff, 0xff, 0x00, 0x48, 0x00);
  const options = { settings: { window: 2 } };
  // Differences, and two layouts of 10 bits.
  const others = [8, 310, 311].map((format) => {
    const other = strToU8(`9 1 360\n9.dat ${format} 200 11 0 0\n`);
    return { file: "9.hea", bytes: other, beside: { "9.dat": samples }, options };
  });
  return [
    { file: "100.hea", bytes: header, beside: { "100.dat": samples }, options },
    { file: "100.dat", bytes: samples, beside: { "100.hea": header }, options, isFolder: true },
    ...others,
  ];
}

function numpyArrays(): Sample[] {
  const array = npy("<f4", "3, 4", floats(VALUES.flat().slice(0, 12)));
  const other = npy(">i2", "3, 4", new Uint8Array(24).fill(3));
  return [
    { file: "a.npy", bytes: array },
    { file: "a.npy", bytes: other },
    { file: "a.npz", bytes: zipSync({ "x.npy": array }, { level: 6 }) },
    {
      file: "a.npy",
      bytes: npy("<c8", "3, 2", floats(VALUES.flat().slice(0, 12))),
      options: { settings: { complex: "abs" } },
    },
    { file: "a.npz", bytes: zipSync({ "x.npy": array, "gain.npy": npy("<f8", "", new Uint8Array(8)) }, { level: 0 }) },
  ];
}

function pictures(): Sample[] {
  const colours = makePng({ width: 2, height: 2, colourType: 2, lines: [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]] });
  const palette = makePng({ width: 2, height: 1, bits: 1, colourType: 3, palette: [9, 8, 7, 1, 2, 3], lines: [[64]] });
  return [greyPng([[1, 2, 3], [4, 5, 6]]), colours, palette].map((bytes): Sample => ({ file: "a.png", bytes }))
    .concat(PICTURES.map((name) => ({ file: name, bytes: pictureOf(name) })));
}

const CSV = LINES(30, (i) => i === 0 ? "id,g1,g2,g3\n" : `"c ${i}",${i},${i * 0.5},-1e-3\n`);
const SVM = LINES(30, (i) => `${i % 2} 1:${i} ${i + 2}:0.5 # ${i}\n`);
const WAV = { window: 4 };

/** The files by the formats of their readers: every reader has some. */
export const SAMPLES: Readonly<Record<SourceFormat, () => Sample[] | Promise<Sample[]>>> = {
  h5ad: async () => [...await anndata(), ...goldens("", ["old.h5ad", "half.h5ad"])],
  loom: () => goldens("tables/", ["a.loom"]),
  biom: () => goldens("tables/", ["hdf5.biom", "json.biom", "json.biom.gz"]),
  "10x": tenX,
  mtx: () => [
    { file: "a.mtx", bytes: strToU8(MATRIX) },
    { file: "a.mtx", bytes: strToU8(ARRAY) },
    { file: "a.mtx", bytes: strToU8(MATRIX.replace("general", "symmetric")), options: { anyOrder: true } },
    { file: "a.mtx.gz", bytes: gzipSync(MATRIX) },
  ],
  sparse_npz: sparse,
  image: pictures,
  idx,
  wav: () => [
    { file: "a.wav", bytes: wavOf(Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)), 2, 8000) },
    {
      file: "a.wav",
      bytes: wavOf(Float32Array.from({ length: 24 }, (_, i) => i), 1, 8000),
      options: { settings: WAV },
    },
  ],
  flac: () => goldens("", ["flac8.flac", "flac16.flac", "flac24.flac"]),
  wfdb,
  mat: () => [
    ...[{ member: "rf" }, { member: "volume", settings: { axes: ["row", "channel", "sample"] } }].flatMap((options) =>
      goldens("", ["mat5.mat", "mat5_packed.mat", "mat73.mat"], options)
    ),
    ...[{ member: "iq" }, { member: "lines" }, { member: "frames.rf" }, { member: "unequal*", settings: { window: 2 } }]
      .flatMap((options) => goldens("", ["nested5.mat", "nested5_packed.mat", "nested73.mat"], options)),
  ],
  hdf5: () => [
    ...["big", "*"].flatMap((member) => goldens("", ["hdf5.h5"], { member })),
    ...goldens("", ["hdf5.h5"], { member: "complex", settings: { complex: "abs" } }),
    ...["half_named", "bfloat16"].flatMap((member) =>
      goldens("", ["hdf5_types.h5", "hdf5_types_latest.h5"], { member })
    ),
  ],
  pickle: () => [
    ...goldens("pickles/", [2, 3, 4, 5].map((protocol) => `protocol${protocol}.pkl`), { member: "scans/0" }),
    ...goldens("pickles/", ["ordered.pkl", "objects.npy"]),
    ...goldens("pickles/", ["complex2.pkl", "complex4.pkl"], { member: "c16" }),
  ],
  numpy: numpyArrays,
  safetensors: () => {
    const half = { dtype: "BF16", shape: [4, 3], bytes: new Uint8Array(24) };
    const bytes = fileOf({ a: half, b: { dtype: "F32", shape: [ROWS, COLUMNS], bytes: floats(VALUES.flat()) } });
    return ["a", "b"].map((member) => ({ file: "a.safetensors", bytes, options: { member } }));
  },
  binary: () => [
    { file: "a.bin", bytes: floats(VALUES.flat()), options: { settings: { type: "float32", shape: [COLUMNS] } } },
    { file: "a.bin", bytes: floats(VALUES.flat()), options: { settings: { type: "int16", channels: 2, window: 4 } } },
  ],
  parquet: () => [
    ...goldens("tables/", ["snappy", "none", "gzip", "zstd", "lz4", "brotli"].map((name) => `${name}.parquet`)),
    ...goldens("tables/", ["odd.parquet"], { settings: { tables: ["when"] } }),
  ],
  svmlight: () => [{ file: "a.svm", bytes: SVM }, { file: "a.svm.gz", bytes: gzipSync(SVM) }],
  csv: () => [
    { file: "a.csv", bytes: CSV },
    { file: "a.csv", bytes: CSV, options: { settings: { transpose: true } } },
    { file: "a.csv.gz", bytes: gzipSync(CSV) },
    { file: "a.csv", bytes: Uint8Array.from([...strToU8("# 1\n# by a\n"), ...CSV]) },
  ],
};

/** Writes a copy of a sample, and what lies beside it, into a folder. @returns the path that is read */
export function placed(folder: string, { file, beside = {}, isFolder }: Sample, bytes: Uint8Array): string {
  for (const [name, others] of Object.entries(beside)) Deno.writeFileSync(join(folder, name), others);
  Deno.writeFileSync(join(folder, file), bytes);
  return isFolder ? folder : join(folder, file);
}

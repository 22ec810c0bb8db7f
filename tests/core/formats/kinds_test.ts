/** Files of another kind are known by their first bytes, and told with what to do. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { strToU8, zipSync } from "fflate";
import { loadConfig } from "../../../core/config/mod.ts";
import { kindOf } from "../../../core/formats/kinds.ts";
import { openSource } from "../../../core/data/source.ts";
import { UserError } from "../../../core/errors.ts";
import { temporary } from "../../helpers/cli.ts";
import { csrNpz, npy, syntheticCsr, zip } from "../../helpers/npz.ts";
import { testInFolder } from "../../temp.ts";

const HDF5 = "\x89HDF\r\n\x1a\n";
const member = (name: string) => ({ name, bytes: npy("<f4", "2,", new Uint8Array(8)) });

/** The member that says how a sparse matrix is laid out. */
const format = (name: string) => ({ name: "format.npy", bytes: npy("|S3", "", new TextEncoder().encode(name)) });

/** [file, its start, what it is called, a part of what to do] */
const FILES: readonly (readonly [string, string | Uint8Array, string, string])[] = [
  ["a.h5ad", HDF5, "an AnnData file (HDF5)", "set data.format: h5ad"],
  ["a.npz", HDF5, "an HDF5 file", 'h5py.File("a.npz")["NAME"][:]'],
  ["user.h5", "x".repeat(512) + HDF5, "an HDF5 file", 'h5py.File("user.h5")'],
  ["a.mat", `MATLAB 7.3 MAT-file${" ".repeat(493)}${HDF5}`, "a MATLAB 7.3 file (HDF5)", '["NAME"][:].T'],
  ["b.mat", "MATLAB 5.0 MAT-file, Platform", "a MATLAB file", 'scipy.io.loadmat("b.mat")["NAME"]'],
  ["a.npz.gz", "\x1f\x8b\x08", "a gzip file", "gunzip a.npz.gz"],
  ["m.mtx.gz", "\x1f\x8b\x08", "a gzip file of Matrix Market text", "set data.format: mtx"],
  ["m.mtx", "%%MatrixMarket matrix", "a Matrix Market file", "set data.format: mtx"],
  ["a.xz", "\xfd7zXZ\0", "an xz file", "unxz a.xz"],
  ["a.tar", "x".repeat(257) + "ustar", "a tar archive", "tar -xf a.tar"],
  ["a.png", "\x89PNG\r\n", "a PNG picture", 'glob.glob("*.png")'],
  ["a.jpg", "\xff\xd8\xff\xe0", "a JPEG picture", 'glob.glob("*.jpg")'],
  ["a.parquet", "PAR1", "a Parquet table", "set data.format: parquet"],
  ["a.arrow", "ARROW1", "an Arrow file", 'read_feather("a.arrow")'],
  ["a.pkl", "\x80\x04\x95", "a Python pickle", "allow_pickle=True"],
  ["a.csv", "g1,g2,g3\n1,2,3\n", "a table of text (CSV)", "set data.format: csv"],
  ["b.csv", "1;2;3\n1;2;3\n", "a table of text (CSV)", "set data.format: csv"],
  ["a.tsv", "1\t2\n3\t4\n", "a table of text (TSV)", "set data.format: csv"],
  ["a.txt", "hello\n", "a text file", ""],
  ["a.html", "<!DOCTYPE html>", "a web page or XML", "downloaded whole"],
  [
    "lfs.npz",
    "version https://git-lfs.github.com/spec/v1",
    "a Git LFS pointer, not the data themselves",
    "git lfs pull",
  ],
  ["zero.npz", "", "an empty file", "make the file again"],
  ["a.npy", npy("<f4", "2, 2", new Uint8Array(16)), "a dense array (.npy)", "data.format: dense_npy"],
  [
    "arrays.npz",
    zip([member("y.npy"), { name: "x.npy", bytes: npy("<f4", "2, 2", new Uint8Array(16)) }]),
    "an .npz file of arrays (y, x), not a sparse matrix",
    'numpy.save("arrays.npy", numpy.load("arrays.npz")["x"])',
  ],
  [
    "coo.npz",
    zip([format("coo"), ...["row", "col", "shape", "data"].map((name) => member(`${name}.npy`))]),
    "a sparse matrix in COO form",
    "set data.format: sparse_npz",
  ],
  [
    "csc.npz",
    zip([format("csc"), ...["indices", "indptr", "shape", "data"].map((name) => member(`${name}.npy`))]),
    "a sparse matrix in CSC form",
    "set data.format: sparse_npz",
  ],
  ["a.ogg", "OggS", "an Ogg recording", "ffmpeg -i a.ogg a.flac"],
  ["a.aiff", "FORM\0\0\0\0AIFF", "an AIFF recording", "ffmpeg -i a.aiff a.flac"],
  ["a.mp3", "ID3\x03", "an MP3 recording", "ffmpeg -i a.mp3 a.flac"],
  ["rifx.wav", "RIFX", "a WAV recording of the other byte order (RIFX)", "ffmpeg -i rifx.wav rifx.flac"],
  [
    "volume.npy",
    npy("<f4", "2, 3, 4", new Uint8Array(96)),
    "an array of 3 axes (.npy)",
    "data: {format: numpy, reader: {axes: [...]}}",
  ],
  ["model.pt", zip([{ name: "model/data.pkl", bytes: new Uint8Array(3) }]), "a PyTorch file", ""],
  ["book.xlsx", zip([{ name: "[Content_Types].xml", bytes: new Uint8Array(3) }]), "an Excel workbook", "read_excel"],
  ["some.zip", zip([{ name: "readme", bytes: new Uint8Array(3) }]), "a zip archive", "unzip some.zip"],
];

const bytesOf = (start: string | Uint8Array) =>
  typeof start === "string" ? Uint8Array.from(start, (char) => char.charCodeAt(0)) : start;

testInFolder("files of other kinds are told by their first bytes, with what to do", (folder) => {
  for (const [file, start, name, advice] of FILES) {
    Deno.writeFileSync(join(folder, file), bytesOf(start));
    const kind = kindOf(join(folder, file));
    assertEquals(kind?.name, name, file);
    assertStringIncludes(kind?.advice ?? "", advice);
    assert(!/[\r\n]/.test(kind?.advice ?? ""), file);
  }
  Deno.writeFileSync(join(folder, "noise"), new Uint8Array([7, 0, 9, 200]));
  assertEquals([kindOf(join(folder, "noise")), kindOf(join(folder, "nothing"))], [undefined, undefined]);
  assertEquals(kindOf("/dev/null")?.name, "a device or a pipe, not a regular file");
});

testInFolder("folders that other programs take for one file are told as well", (folder) => {
  for (const [name, file] of [["a.zarr", ".zgroup"], ["b.zarr", "zarr.json"], ["pbmc", "matrix.mtx.gz"]]) {
    Deno.mkdirSync(join(folder, name!));
    Deno.writeTextFileSync(join(folder, name!, file!), "{}");
  }
  assertEquals(kindOf(join(folder, "a.zarr"))?.name, "a Zarr store");
  const packed = zipSync({ "X/.zarray": strToU8("{}"), ".zgroup": strToU8("{}") });
  Deno.writeFileSync(join(folder, "a.zarr.zip"), packed);
  assertEquals(kindOf(join(folder, "a.zarr.zip"))?.name, "a Zarr store in a zip archive");
  assertStringIncludes(kindOf(join(folder, "b.zarr"))?.advice ?? "", 'zarr.open("b.zarr")');
  assertStringIncludes(kindOf(join(folder, "pbmc"))?.advice ?? "", "set data.format: 10x");
  assertEquals(kindOf(folder), undefined);
});

Deno.test("data of another kind are refused by their name, with the line that converts them", () => {
  using temporaryFolder = temporary();
  const folder = temporaryFolder.path;
  Deno.mkdirSync(join(folder, "data"));
  const at = (name: string) => join(folder, "data", name);
  for (const [file, start] of FILES) Deno.writeFileSync(at(file), bytesOf(start));
  Deno.writeFileSync(at("good.npz"), csrNpz(syntheticCsr(20, 6, 0.3, 1)));
  const model = "model: {encoder: [{linear: 2}], decoder: [{linear: output}]}\n";
  const refused = (path: string, format = "csr_npz") => {
    const text = `data:\n  path: ${path}\n  format: ${format}\n${model}`;
    const { data } = loadConfig({ text, file: "c.yaml", cwd: folder }).config;
    const error = assertThrows(() => openSource(data), UserError);
    assertEquals(error.exitCode, 2);
    return `${error.message} | ${error.hint}`.replaceAll(folder, "F");
  };
  for (const [file, , name, advice] of FILES) {
    if (file === "a.npy") continue;
    const line = refused(`data/${file}`);
    assertStringIncludes(line, `c.yaml:2:9: F/data/${file}: is ${name}; data.format csr_npz does not read it | `);
    assertStringIncludes(line, advice);
  }
  Deno.writeFileSync(at("noise.raw"), new Uint8Array(64).fill(7).fill(0, 9));
  const noise = refused("data/noise.raw", "auto");
  assertStringIncludes(
    noise,
    "noise.raw: is a file of no format that is known by its first bytes, which is not read |",
  );
  Deno.writeTextFileSync(at("noise.hea"), "noise 1 360 9\n");
  assertStringIncludes(
    refused("data/noise.raw", "auto"),
    "is the samples of a WFDB record, which is not read | name its header: noise.hea",
  );
  assertStringIncludes(noise, "data: {format: binary, reader: {type: float32");
  assertStringIncludes(
    refused("data/a.h5ad", "dense_npy"),
    "is an AnnData file (HDF5); data.format dense_npy does not read it",
  );
  Deno.mkdirSync(join(folder, "store", "0.0"), { recursive: true });
  Deno.writeTextFileSync(join(folder, "store", ".zarray"), "{}");
  assertStringIncludes(
    refused("store"),
    "c.yaml:2:9: data.path: F/store: is a Zarr store, which is not read | in Python",
  );
  Deno.mkdirSync(join(folder, "h5"));
  Deno.writeFileSync(join(folder, "h5", "x.h5ad"), bytesOf(HDF5));
  assertStringIncludes(
    refused("h5"),
    "the folder holds no .npz file | it holds x.h5ad; set data.format: h5ad",
  );
  Deno.mkdirSync(join(folder, "empty"));
  assertStringIncludes(refused("empty"), "the folder holds no .npz file | the folder is empty");
});

/** `init` over data of several kinds: what it says, what it writes, and that what it writes trains. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { wavOf } from "../../core/formats/wav_write.ts";
import { makeHdf5 } from "../core/data/readers/make_hdf5.ts";
import { run, temporary } from "../helpers/cli.ts";
import { npy, writeChunks } from "../helpers/npz.ts";

const lines = (count: number, text: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i)).join("\n") + "\n";

function denseFile(path: string, rows: number, columns: number): void {
  const values = Uint8Array.from({ length: rows * columns }, (_, i) => (i * 7919) % 200);
  Deno.writeFileSync(path, npy("|u1", `${rows}, ${columns}`, values));
}

/** What init says and writes for some data, checked by config check and by a run of two steps. */
async function initialised(
  folder: string,
  data: string,
  warning = "",
): Promise<{ said: string; config: string }> {
  const output = join(folder, "made.yaml");
  const { code, stdout, stderr } = await run("init", [data, "--output", output]);
  assertEquals([code, stderr], [0, ""]);
  const checked = await run("config", ["check", output, "--quiet"]);
  assertEquals(checked.code, 0);
  assert(warning === "" ? checked.stderr === "" : checked.stderr.includes(warning), checked.stderr);
  const short = ["--override", "training.max_steps=2", "--override", `paths.runs=${join(folder, "runs")}`];
  const trained = await run("train", [output, "--quiet", "--no-report", ...short]);
  assertEquals(trained.code, 0, trained.stderr);
  return { said: stdout, config: Deno.readTextFileSync(output) };
}

Deno.test("init: a folder of sparse counts, with labels and names beside it", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  writeChunks(at("counts"), 3, 40, 60);
  Deno.writeTextFileSync(at("labels.txt"), lines(120, (i) => `group ${i % 3}`));
  Deno.writeTextFileSync(at("genes.tsv"), lines(60, (i) => `g${i}\tchr1`));
  Deno.writeTextFileSync(at("barcodes.txt"), lines(120, (i) => `cell-${i}`));
  Deno.writeTextFileSync(at("other.txt"), lines(17, (i) => `x${i}`));
  const { said, config } = await initialised(folder.path, at("counts"));
  for (
    const text of [
      "3 files, 120 rows x 60 columns, csr_npz, float32",
      "counts, from 1 to ",
      `labels     ${at("labels.txt")}`,
      `row names  ${at("barcodes.txt")} (not used`,
      `columns    ${at("genes.tsv")}`,
      "60 -> 16 -> 8 -> 16 -> 60",
      `wrote      ${at("made.yaml")}`,
      "made.yaml --dry-run",
    ]
  ) assertStringIncludes(said, text);
  for (const text of ["path: counts ", "labels: labels.txt ", "column_names: genes.tsv ", "log1p]"]) {
    assertStringIncludes(config, text);
  }
  assert(!config.includes("barcodes"));
});

Deno.test("init: a dense array with its labels in the same folder; the array alone is the data", async () => {
  using folder = temporary();
  const data = join(folder.path, "images");
  Deno.mkdirSync(data);
  denseFile(join(data, "pixels.npy"), 50, 12);
  const labels = Int32Array.from({ length: 50 }, (_, i) => i % 4);
  Deno.writeFileSync(join(data, "digit.npy"), npy("<i4", "50,", new Uint8Array(labels.buffer)));
  const { said, config } = await initialised(folder.path, data);
  assertStringIncludes(said, "1 file, 50 rows x 12 columns, dense_npy, uint8");
  assertStringIncludes(said, "whole numbers in a range");
  for (const text of ["path: images/pixels.npy", "labels: images/digit.npy"]) assertStringIncludes(config, text);
});

Deno.test("init: of a folder with an array of pictures and their labels the array is the data", async () => {
  using folder = temporary();
  const data = join(folder.path, "set");
  Deno.mkdirSync(data);
  const pixels = Uint8Array.from({ length: 40 * 81 }, (_, i) => i * 7 % 251);
  Deno.writeFileSync(join(data, "images.npy"), npy("|u1", "40, 9, 9", pixels));
  const labels = Int32Array.from({ length: 40 }, (_, i) => i % 4);
  Deno.writeFileSync(join(data, "labels.npy"), npy("<i4", "40,", new Uint8Array(labels.buffer)));
  const config = join(folder.path, "a.yaml");
  const { stdout } = await run("init", [data, "--output", config]);
  assertStringIncludes(stdout, "40 rows x 81 columns, numpy");
  for (const text of ["path: set/images.npy", "labels: set/labels.npy"]) {
    assertStringIncludes(Deno.readTextFileSync(config), text);
  }
});

Deno.test("init: the smallest data", async () => {
  using folder = temporary();
  denseFile(join(folder.path, "one.npy"), 2, 1);
  // One column is copied by any network.
  const { config } = await initialised(folder.path, join(folder.path, "one.npy"), "ends with 1 values for 1 columns");
  assertStringIncludes(config, "split: { train: 1, validation: 0, test: 0 }");
});

Deno.test("init: a long recording is cut into windows, unless the user says how long they are", async () => {
  using folder = temporary();
  const path = join(folder.path, "tone.wav");
  Deno.writeFileSync(path, wavOf(Float32Array.from({ length: 50_000 }, (_, i) => Math.sin(i / 9) / 2), 1, 8000));
  const { stdout: said } = await run("init", [path, "--output", join(folder.path, "tone.yaml")]);
  const config = Deno.readTextFileSync(join(folder.path, "tone.yaml"));
  assertStringIncludes(said, "1 chunk, 781 rows x 64 columns, wav");
  assertStringIncludes(
    said,
    "1 recording of 50,000 samples is cut into windows of 64 (--setting window=50000 leaves it whole)",
  );
  assertStringIncludes(config, "reader: { window: 64 }");
  const other = await run("init", [path, "--setting", "window=500", "--output", join(folder.path, "other.yaml")]);
  assertStringIncludes(other.stdout, "100 rows x 500 columns, wav");
  assert(!other.stdout.includes("layout"), other.stdout);
});

Deno.test("init: what is there is not overwritten, and what cannot be read is named", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  writeChunks(at("counts"), 2, 40, 60);
  Deno.writeTextFileSync(at("a.yaml"), "mine");
  const refused = async (args: string[], ...texts: string[]) => {
    const { code, stdout, stderr } = await run("init", args);
    assertEquals([code, stdout], [2, ""]);
    for (const text of texts) assertStringIncludes(stderr, text);
    assert(stderr.trimEnd().split("\n").length <= 2, stderr);
  };
  await refused([at("counts"), "--output", at("a.yaml")], "a.yaml: already exists", "--overwrite");
  assertEquals(Deno.readTextFileSync(at("a.yaml")), "mine");
  assertEquals((await run("init", [at("counts"), "--output", at("a.yaml"), "--overwrite"])).code, 0);
  assertStringIncludes(Deno.readTextFileSync(at("a.yaml")), "path: counts");
  await refused([], "DATA is missing");
  await refused([folder.path], "no .npz or .npy file", `did you mean ${at("counts")}?`);
  await refused([at("nowhere")], "nowhere");
  writeChunks(at("wider"), 1, 40, 61);
  Deno.renameSync(at("wider/chunk_0.npz"), at("counts/chunk_9.npz"));
  await refused([at("counts"), "--output", at("b.yaml")], "different numbers of columns");
  denseFile(at("counts/x.npy"), 40, 60);
  await refused([at("counts"), "--output", at("b.yaml")], ".npz and .npy");
  const json = await run("init", [`${at("counts")}/chunk_[01].npz`, "--output", at("c.yaml"), "--json"]);
  const { output, rows, columns, files, suggestion } = JSON.parse(json.stdout);
  assertEquals([output, rows, columns, files, suggestion.kind], [at("c.yaml"), 80, 60, 2, "counts"]);
});

Deno.test("init --train: from a path to a report by one command, with what is said about the file", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  Deno.writeTextFileSync(at("cells.csv"), "donor,a,b,c\n" + lines(40, (i) => `d${i % 2},${i % 5},${i % 3},${i % 7}`));
  const train = ["--train", "--override", "training.epochs=2", "--override", `paths.cache=${at("cache")}`];
  const args = [at("cells.csv"), "--output", at("c.yaml"), "--setting", "tables=[donor]", ...train];
  const { code, stdout, stderr } = await run("init", args, { XDG_CACHE_HOME: at("home") });
  assertEquals(code, 0, stderr);
  assertStringIncludes(Deno.readTextFileSync(at("c.yaml")), "reader: { tables: [donor] }");
  assertStringIncludes(Deno.readTextFileSync(at("c.yaml")), "labels: donor");
  const report = /^report +(.+)$/m.exec(stdout)?.[1];
  assert(report !== undefined && Deno.statSync(report).isFile, stdout);
  const alone = await run("init", [at("cells.csv"), "--output", at("d.yaml"), "--override", "seed=2"]);
  assertEquals(alone.code, 2);
  assertStringIncludes(alone.stderr, "goes with --train");
});

Deno.test("init: a table whose lines are genes by their names is turned, unless the user says otherwise", async () => {
  using folder = temporary();
  const data = join(folder.path, "genes.csv"), output = join(folder.path, "made.yaml");
  const cells = Array.from(
    { length: 40 },
    (_, i) => `AAACCTGAGAAA${"ACGT"[i % 4]}${"ACGT"[i >> 2 & 3]}${"ACGT"[i >> 4]}-1`,
  );
  const genes = lines(30, (i) => `ENSG${String(i).padStart(11, "0")},${cells.map((_, j) => (i * j) % 5).join(",")}`);
  Deno.writeTextFileSync(data, `,${cells.join(",")}\n${genes}`);
  const turned = await run("init", [data, "--output", output]);
  assertEquals(turned.code, 0, turned.stderr);
  assertStringIncludes(turned.stdout, "40 rows x 30 columns");
  assertStringIncludes(turned.stdout, "layout     lines look like genes and columns like cells");
  assertStringIncludes(Deno.readTextFileSync(output), "{ transpose: true }");
  const left = await run("init", [data, "--output", output, "--overwrite", "--setting", "transpose=false"]);
  assertStringIncludes(left.stdout, "30 rows x 40 columns");
  assertStringIncludes(left.stdout, "layout     rows look like genes and columns like cells");
  assert(!Deno.readTextFileSync(output).includes("{ transpose: true }"));
});

Deno.test("init: what is concluded about a file of ultrasound stands in the config, which trains", async () => {
  using folder = temporary();
  const path = join(folder.path, "scan.hdf5");
  const data = Float32Array.from({ length: 2 * 3 * 16 * 8 }, (_, i) => Math.sin(i * i));
  await makeHdf5(path, {
    "data/raw_data": { data, shape: [2, 3, 16, 8, 1] },
    "scan/sampling_frequency": { data: Float32Array.of(2e7) },
    "scan/t0_delays": { data: new Float32Array(24), shape: [3, 8] },
  });
  const at = (name: string) => join(folder.path, name);
  const args = [path, "--output", at("c.yaml"), "--train", "--override", "training.epochs=2"];
  const { code, stdout, stderr } = await run("init", args, { XDG_CACHE_HOME: at("home") });
  assertEquals(code, 0, stderr);
  assertStringIncludes(stdout, "48 rows x 16 columns, hdf5, dense");
  assertStringIncludes(stdout, "The layout is zea's: a row is the line of an element");
  const config = Deno.readTextFileSync(at("c.yaml"));
  assertStringIncludes(config, "member: data/raw_data ");
  assertStringIncludes(config, "reader: { axes: [row, row, sample, row, channel], rate: scan/sampling_frequency }");
  const report = /^report +(.+)$/m.exec(stdout)?.[1];
  assert(report !== undefined && Deno.statSync(report).isFile, stdout);
});

Deno.test("init: folders of data are named in any language, and a name has its letters", async () => {
  using folder = temporary();
  const data = join(folder.path, "Zellen Ko\u0308ln 2"); // as macOS writes it: the dots are a character of their own
  writeChunks(data, 1, 60, 30);
  assertStringIncludes((await initialised(folder.path, data)).config, 'name: "zellen-köln-2"');
  assert([...Deno.readDirSync(join(folder.path, "runs"))].some(({ name }) => name.startsWith("zellen-köln-2-")));
});

/** A folder as Cell Ranger writes it. */
function tenX(folder: string, cells: number): void {
  Deno.mkdirSync(folder, { recursive: true });
  const entries = Array.from(
    { length: cells * 4 },
    (_, i) => `${1 + (i * 7 + Math.floor(i / 4)) % 12} ${1 + Math.floor(i / 4)} ${1 + i % 5}`,
  );
  const head = `%%MatrixMarket matrix coordinate integer general\n12 ${cells} ${entries.length}\n`;
  Deno.writeTextFileSync(join(folder, "matrix.mtx"), head + entries.join("\n") + "\n");
  Deno.writeTextFileSync(join(folder, "features.tsv"), lines(12, (i) => `ENSG${i}\tG${i}\tGene Expression`));
  Deno.writeTextFileSync(join(folder, "barcodes.tsv"), lines(cells, (i) => `AAAC${i}-1`));
}

Deno.test("init: samples of Cell Ranger are found some folders below; raw and filtered counts are not one data set", async () => {
  using folder = temporary();
  const outs = (sample: string, kind: string) =>
    join(folder.path, "samples", sample, "outs", `${kind}_feature_bc_matrix`);
  for (const sample of ["a", "b"]) tenX(outs(sample, "filtered"), 30);
  const output = join(folder.path, "a.yaml");
  const args = [join(folder.path, "samples"), "--output", output];
  const cache = { XDG_CACHE_HOME: join(folder.path, "cache") };
  const found = await run("init", args, cache);
  assertEquals(found.code, 0, found.stderr);
  assertStringIncludes(found.stdout, "2 chunks, 60 rows x 12 columns, 10x");
  for (const sample of ["a", "b"]) tenX(outs(sample, "raw"), 40);
  const refused = await run("init", [...args, "--overwrite"], cache);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "the same cells twice, and empty droplets beside them");
  assertStringIncludes(refused.stderr, "**/filtered_feature_bc_matrix'");
});

Deno.test("init and data inspect: hints about keys of a config say which options stand for them", async () => {
  using folder = temporary();
  const path = join(folder.path, "raw.bin");
  Deno.writeFileSync(path, new Uint8Array(4096));
  for (const command of [["init", path], ["data", "inspect", path], ["init", path, "--format", "binary"]]) {
    const { code, stderr } = await run(command[0]!, command.slice(1));
    assertEquals(code, 2);
    assertStringIncludes(stderr, "on the command line: --format NAME, --member NAME, --setting NAME=VALUE");
  }
});

Deno.test("a format that the data are not of: the message says of which they are", async () => {
  using folder = temporary();
  const path = join(folder.path, "counts.h5ad");
  tenX(join(folder.path, "tenx"), 20);
  Deno.copyFileSync(join(folder.path, "tenx", "matrix.mtx"), path); // text, whatever its ending
  const { code, stderr } = await run("data", [
    "import",
    path,
    "--format",
    "safetensors",
    "--output",
    join(folder.path, "o"),
  ]);
  assertEquals(code, 2, stderr);
  assertStringIncludes(stderr, "cannot be read as safetensors: ");
  assertStringIncludes(stderr, "set data.format: ");
  // A reader in a process of its own, and a file that is trained on as it is.
  const array = join(folder.path, "lines.npy");
  denseFile(array, 4, 3);
  const seen = await run("data", ["inspect", array, "--format", "hdf5"]);
  assertEquals(seen.code, 2, seen.stderr);
  assertStringIncludes(seen.stderr, "cannot be read as hdf5: ");
  assertStringIncludes(seen.stderr, "it is a file of NumPy arrays: set data.format: numpy, or name other files");
  assertEquals(seen.stderr.includes("make the file again"), false);
});

/** Sources that are prepared into chunks: what is kept, found again, made again, and left out. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { loadConfig } from "../../../core/config/mod.ts";
import { cacheName, prepareData } from "../../../core/data/cache.ts";
import { readPrepared } from "../../../core/data/data_json.ts";
import { inspectData } from "../../../core/data/inspect.ts";
import { locate, type SourcePlace } from "../../../core/data/locate.ts";
import { openData } from "../../../core/data/open.ts";
import { prepareInto } from "../../../core/data/prepare.ts";
import { openPrepared } from "../../../core/data/prepared.ts";
import { openSource, PARTS } from "../../../core/data/source.ts";
import { UserError } from "../../../core/errors.ts";
import { wavOf } from "../../../core/formats/wav_write.ts";
import { engine } from "../../../ffi/library.ts";
import { run } from "../../helpers/cli.ts";
import { fileOf } from "../../helpers/safetensors.ts";
import { GENES, tenXSample } from "../../helpers/ten_x.ts";
import { testInFolder } from "../../temp.ts";

engine(); // the library stays open: not a leak of the test that is first

const configFor = (root: string, path: string, more = "") =>
  loadConfig({
    text: `
data: {path: ${path}${more}}
model: {encoder: [{linear: 4}], decoder: [{linear: output}]}
training: {epochs: 1}
paths: {cache: cache, runs: runs}
`,
    cwd: root,
  }).config;

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

testInFolder("prepare: a cache that cannot be made is told with what to do", async (root) => {
  tenXSample(join(root, "pbmc"), 40);
  Deno.writeTextFileSync(join(root, "cache"), "a file");
  const error = await assertRejects(
    () => openData(configFor(root, "pbmc"), null),
    UserError,
    "cannot create the folder",
  );
  assertEquals(error.hint, "set paths.cache to a folder that can be written, or data.cache: off");
});

testInFolder("prepare: once, found again, and again where the source was written anew", async (root) => {
  const folder = tenXSample(join(root, "pbmc"), 40);
  const config = configFor(root, "pbmc");
  const told: string[] = [];
  const open = () => openData(config, null, { note: (text) => told.push(text) });
  const source = await open();
  assertEquals([source.rows, source.columns, source.dense, source.files.length], [40, GENES, false, 1]);
  assertEquals(source.rowNames?.slice(0, 2), ["C0", "C1"]);
  assertEquals(source.columnNames?.slice(0, 2), ["G0", "G1"]);
  assertEquals(source.files[0]!.name, "pbmc");
  const [cached] = names(join(root, "cache"));
  assertEquals(names(join(root, "cache")).length, 1);
  assertEquals(names(join(root, "cache", cached!)), [
    "chunk-000000.npz",
    "columns.json",
    "data.json",
    "rows-000000.json",
  ]);
  const made = Deno.statSync(join(root, "cache", cached!, "data.json")).ino;
  told.length = 0;
  await open();
  assertEquals(Deno.statSync(join(root, "cache", cached!, "data.json")).ino, made);
  assert(!told.some((text) => text.includes("preparing")), told.join("\n"));
  tenXSample(folder, 41);
  assertEquals((await open()).rows, 41);
  assertEquals(names(join(root, "cache")).length, 2);
});

testInFolder("prepare: a small source of the same size and time but other content is another one", async (root) => {
  const path = join(root, "a.csv"), then = new Date(1e12);
  const write = (text: string) => {
    Deno.writeTextFileSync(path, text);
    Deno.utimeSync(path, then, then);
  };
  const first = async () => {
    const source = await openData(configFor(root, "a.csv", ", batch_size: 2"), null);
    const { sample } = await inspectData(source.files[0]!.path);
    return sample.greatest;
  };
  write("a,b\n1,2\n3,4\n");
  assertEquals([await first(), await first(), names(join(root, "cache")).length], [4, 4, 1]);
  write("a,b\n1,2\n3,9\n");
  assertEquals([await first(), names(join(root, "cache")).length], [9, 2]);
});

testInFolder("prepare: refresh makes it again, readonly makes nothing", async (root) => {
  tenXSample(join(root, "pbmc"), 10);
  await assertRejects(() => openData(configFor(root, "pbmc", ", cache: readonly")), UserError, "is not in the cache");
  await openData(configFor(root, "pbmc"));
  await openData(configFor(root, "pbmc", ", cache: readonly"));
  const data = join(root, "cache", names(join(root, "cache"))[0]!, "data.json");
  const before = Deno.statSync(data).ino;
  await openData(configFor(root, "pbmc", ", cache: refresh"));
  assert(Deno.statSync(data).ino !== before);
});

testInFolder("prepare: a damaged cache is made again, with one warning", async (root) => {
  tenXSample(join(root, "pbmc"), 20);
  const config = configFor(root, "pbmc");
  await openData(config);
  const folder = join(root, "cache", names(join(root, "cache"))[0]!);
  const damages: [string, (path: string) => void][] = [
    ["chunk-000000.npz", (path) => Deno.truncateSync(path, 100)],
    ["chunk-000000.npz", (path) => Deno.removeSync(path)],
    ["chunk-000000.npz", (path) => {
      using file = Deno.openSync(path, { read: true, write: true });
      file.seekSync(-60, Deno.SeekMode.End);
      file.writeSync(Uint8Array.of(1, 2, 3));
    }],
    ["rows-000000.json", (path) => Deno.writeTextFileSync(path, "{")],
    ["data.json", (path) => Deno.writeTextFileSync(path, `{"kind": "narrows data set", "version": 1`)],
    [
      "data.json",
      (path) => Deno.writeTextFileSync(path, Deno.readTextFileSync(path).replace("chunk-000000", "../../x")),
    ],
  ];
  for (const [name, damage] of damages) {
    damage(join(folder, name));
    const warned: string[] = [];
    const source = await openData(config, null, { warn: (text) => warned.push(text) });
    assertEquals(source.rows, 20);
    assertEquals(warned.length, 1, warned.join("\n"));
    assertStringIncludes(warned[0]!, "the cache is damaged");
    assertEquals(names(join(root, "cache")).length, 1);
  }
});

testInFolder("prepare: what fails, or was killed, leaves nothing behind", async (root) => {
  const folder = tenXSample(join(root, "pbmc"), 20);
  const matrix = join(folder, "matrix.mtx");
  const text = Deno.readTextFileSync(matrix);
  Deno.writeTextFileSync(matrix, text.slice(0, text.lastIndexOf("\n", text.length - 9) + 1));
  const config = configFor(root, "pbmc");
  await assertRejects(() => openData(config), UserError, "it was cut short");
  assertEquals(names(join(root, "cache")), []);
  Deno.writeTextFileSync(matrix, text);
  const [place] = locate(folder, "data.path", "auto");
  const left = join(root, "cache", `.${cacheName(place as SourcePlace, config.data)}.0123456789ab.part`);
  Deno.mkdirSync(left);
  Deno.writeTextFileSync(join(left, "chunk-000000.npz"), "");
  await openData(config);
  assertEquals(names(join(root, "cache")).length, 1);
});

testInFolder("prepare: two at once prepare once", async (root) => {
  tenXSample(join(root, "pbmc"), 400);
  const config = configFor(root, "pbmc");
  const told: string[] = [];
  const note = (text: string) => told.push(text);
  const sources = await Promise.all([1, 2, 3, 4].map(() => openData(config, null, { note })));
  assertEquals(sources.map(({ rows }) => rows), [400, 400, 400, 400]);
  assertEquals(told.filter((text) => text.includes("preparing it")).length, 1, told.join("\n"));
  assertEquals(names(join(root, "cache")).length, 1);
});

testInFolder(
  "prepare: of many shards one line says what was made, and one of each note what several of them share",
  async (root) => {
    Deno.mkdirSync(join(root, "shards"));
    const shard = (dtype: string, bytes: number) =>
      fileOf({ rows: { dtype, shape: [6, 4], bytes: new Uint8Array(24 * bytes).fill(63) } });
    const write = (name: string, dtype: string, bytes: number) =>
      Deno.writeFileSync(join(root, "shards", name), shard(dtype, bytes));
    for (let i = 0; i < 5; i++) write(`s${i}.safetensors`, "F32", 4);
    const told: string[] = [];
    const open = (more = "") => openData(configFor(root, "shards", more), null, { note: (text) => told.push(text) });
    await open();
    assertEquals(told.map((text) => text.replace(/in [\d.]+ s/, "in T s")), [
      "5 sources: prepared in T s, 5 chunks, read where they lie",
    ]);
    told.length = 0;
    await open();
    assertEquals(told, []);
    for (const name of ["s1.safetensors", "s3.safetensors", "s4.safetensors"]) write(name, "F64", 8);
    await open();
    assertEquals(told.length, 3, told.join("\n"));
    assertStringIncludes(told[0]!, "s1.safetensors and 2 other sources: Values of float64");
    assertStringIncludes(told[1]!, "3 sources: also prepared with other settings");
    assertStringIncludes(told[2]!, "3 sources: prepared in");
  },
);

testInFolder("prepare: a row keeps its part however the chunks are cut", async (root) => {
  const folder = tenXSample(join(root, "pbmc"), 300);
  const { data } = configFor(root, "pbmc");
  const [place] = locate(folder, "data.path", "auto") as SourcePlace[];
  const partsWith = async (chunkBytes: number) => {
    const made = join(root, `chunks-${chunkBytes}`);
    await prepareInto(made, [place!], { chunkBytes });
    const prepared = new Map([[folder, openPrepared(made, readPrepared(made)!)]]);
    const source = openSource(data, null, { prepared });
    const parts = PARTS.map((part) =>
      source.files.flatMap((file) => [...file.parts[part]].map((row) => file.firstRow + row))
    );
    return { parts, files: source.files.length };
  };
  const one = await partsWith(1e6), many = await partsWith(800);
  assertEquals([one.files, many.files > 10], [1, true]);
  assertEquals(many.parts, one.parts);
});

testInFolder("prepare: several samples in one folder, with their names", async (root) => {
  tenXSample(join(root, "samples", "liver"), 12, 1);
  tenXSample(join(root, "samples", "brain"), 10, 2);
  const source = await openData(configFor(root, "samples"));
  assertEquals([source.rows, source.files.map(({ name }) => name)], [22, ["brain", "liver"]]);
  assertEquals([source.rowNames![0], source.rowNames![10]], ["brain_C0", "liver_C0"]);
  assertEquals(source.rowTables.get("source")!.filter((name) => name === "liver").length, 12);
  const { source: seen } = await inspectData(join(root, "samples"));
  assertEquals([seen!.rowNames, seen!.tables], [source.rowNames, [...source.rowTables]]);
  // A further sample leaves every row in its part.
  const before = source.files.map(({ parts }) => [...parts.train]);
  tenXSample(join(root, "samples", "kidney"), 8, 3);
  const after = await openData(configFor(root, "samples"));
  assertEquals(after.files.filter(({ name }) => name !== "kidney").map(({ parts }) => [...parts.train]), before);
  Deno.writeTextFileSync(
    join(root, "samples", "liver", "genes.tsv"),
    Array.from({ length: GENES }, (_, i) => `E\tH${i}\n`).join(""),
  );
  await assertRejects(() => openData(configFor(root, "samples")), UserError, `column 0 is "H0", but that of`);
});

testInFolder("prepare: tables of which only some have many zeros are all sparse rows", async (root) => {
  Deno.mkdirSync(join(root, "tables"));
  Deno.writeTextFileSync(join(root, "tables", "a.csv"), "x,y,z\n1,2,3\n4,5,6\n");
  Deno.writeTextFileSync(join(root, "tables", "b.csv"), "x,y,z\n0,0,3\n0,0,0\n");
  const source = await openData(configFor(root, "tables, split: {train: 1}"));
  assertEquals([source.dense, source.rows, source.nnz], [false, 4, 7]);
  const dense = await openData(configFor(root, "tables/a.csv, split: {train: 1}"));
  assertEquals([dense.dense, dense.columnNames], [true, ["x", "y", "z"]]);
});

testInFolder("prepare: a value that is not finite is refused with its row and column", async (root) => {
  Deno.writeTextFileSync(join(root, "a.mtx"), "%%MatrixMarket matrix coordinate real general\n2 2 1\n2 1 1e300\n");
  await assertRejects(() => openData(configFor(root, "a.mtx")), UserError, "row 1, column 0: the value is Infinity");
});

testInFolder("a recording that is cut short is refused with what to do, before anything is started", async (root) => {
  const path = join(root, "a.wav");
  Deno.writeFileSync(path, wavOf(new Float32Array(100), 1, 8000).subarray(0, 200));
  const commands = [["data", ["inspect", path]], ["data", ["import", path, "--output", join(root, "set")]]] as const;
  for (const [command, args] of commands) {
    const { code, stderr } = await run(command, [...args]);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, `narrows: ${path}: claims `);
    assertStringIncludes(stderr, "hint: make the file again, or fetch it again");
  }
});

testInFolder("prepare: rows in memory need no cache", async () => {
  const config = loadConfig({ text: "data: {format: memory}\nmodel: {preset: scvi}\n", cwd: "/" }).config;
  assertEquals((await prepareData(config.data, { folder: () => "/nowhere" })).size, 0);
});

testInFolder("train and embed take a source as it is, and labels by a table's name", async (root) => {
  tenXSample(join(root, "samples", "liver"), 60, 1);
  tenXSample(join(root, "samples", "brain"), 60, 2);
  const config = join(root, "c.yaml");
  Deno.writeTextFileSync(
    config,
    `data: {path: samples, labels: source, batch_size: 16}
model: {encoder: [{linear: 4}], decoder: [{linear: output}]}
training: {epochs: 1}
paths: {cache: cache, runs: runs}
`,
  );
  const trained = await run("train", ["--config", config, "--no-report"]);
  assertEquals(trained.code, 0, trained.stderr);
  assertStringIncludes(trained.stderr, "liver: preparing it");
  const folder = join(root, "runs", names(join(root, "runs"))[0]!);
  const resumed = await run("train", ["--resume", folder, "--override", "training.epochs=2", "--no-report"]);
  assertEquals(resumed.code, 0, resumed.stderr);
  const rows = join(root, "rows.csv");
  tenXSample(join(root, "new"), 7, 4);
  const embedded = await run("embed", ["--run", folder, "--data", join(root, "new"), "--rows", rows]);
  assertEquals(embedded.code, 0, embedded.stderr);
  assertStringIncludes(embedded.stdout, "7 x 4");
  assertStringIncludes(Deno.readTextFileSync(rows), "new,6,C6,,new");
  const own = await run("embed", ["--run", folder, "--rows", rows]);
  assertEquals(own.code, 0, own.stderr);
  assertStringIncludes(Deno.readTextFileSync(rows), "liver,59,liver_C59,liver,");
  const wrong = await run("train", ["--config", config, "--override", "data.labels=sauce", "--no-report"]);
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.stderr, "sauce is neither a file");
  assertStringIncludes(wrong.stderr, "the data have source");
});

/** Rows that are read where they lie in their file: the values, the order and the bits of rows that were copied. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { loadConfig } from "../../../core/config/mod.ts";
import { cacheName } from "../../../core/data/cache.ts";
import { readPrepared } from "../../../core/data/data_json.ts";
import { locate, type SourcePlace } from "../../../core/data/locate.ts";
import { hasPlaced } from "../../../core/data/placed.ts";
import { prepareInto } from "../../../core/data/prepare.ts";
import { openPrepared } from "../../../core/data/prepared.ts";
import { allRows, rowValues } from "../../../core/data/row_choice.ts";
import { openSource, PARTS } from "../../../core/data/source.ts";
import { Chunk } from "../../../ffi/chunk.ts";
import { EngineError } from "../../../ffi/error.ts";
import { engine } from "../../../ffi/library.ts";
import { run } from "../../helpers/cli.ts";
import { random } from "../../helpers/npz.ts";
import { bytesOf, fileOf } from "../../helpers/safetensors.ts";
import { fingerprintOf } from "../../helpers/small_run.ts";
import { testInFolder } from "../../temp.ts";

engine(); // the library stays open: not a leak of the test that is first

const WIDTH = 6, ROWS = 50;
const next = random(11);
const draws = Float32Array.from({ length: ROWS * WIDTH }, () => Math.fround(20 * next() - 10));

/** The upper halves of floats. */
const upper = (values: Float32Array) => Uint16Array.from(new Uint32Array(values.slice().buffer), (bits) => bits >>> 16);

const STORED: Readonly<Record<string, ArrayBufferView>> = {
  F32: draws,
  F16: Float16Array.from(draws),
  BF16: upper(draws),
  F64: Float64Array.from(draws, (value) => value + 1e-12),
  I8: Int8Array.from(draws),
  U16: Uint16Array.from(draws, (value) => value + 100),
  I64: BigInt64Array.from(Array.from(draws, (value) => BigInt(Math.round(1000 * value)))),
};

const configFor = (root: string, path: string, reader = "") =>
  loadConfig({
    text: `
data: {path: ${path}${reader}}
model: {encoder: [{linear: 4}], decoder: [{linear: output}]}
training: {epochs: 1}
`,
    cwd: root,
  }).config;

testInFolder("rows of every type have the values of copied ones, in chunks of the same rows", async (root) => {
  for (const [dtype, array] of Object.entries(STORED)) {
    const file = join(root, `${dtype}.safetensors`);
    const odd = { dtype: "U8", shape: [3], bytes: new Uint8Array(3) };
    const tensor = { dtype, shape: [5, 10, WIDTH], bytes: bytesOf(array) };
    await Deno.writeFile(file, fileOf({ odd, a: tensor, b: tensor }));
    const { data } = configFor(root, `${file}, member: "[ab]"`);
    const places = locate(file, "data.path", "auto") as SourcePlace[];
    const opened = async (inPlace: boolean) => {
      const folder = join(root, `${dtype}-${inPlace}`);
      const made = await prepareInto(folder, places, { member: "[ab]", inPlace, chunkBytes: 4 * WIDTH * 20 });
      assertEquals(hasPlaced(made), inPlace);
      const source = openSource(data, null, {
        prepared: new Map([[file, openPrepared(folder, readPrepared(folder)!)]]),
      });
      const values = await rowValues(allRows(source, PARTS, data), data, WIDTH);
      const chunks = source.files.map(({ name, offset, firstRow, info: { rows } }) => [name, offset, firstRow, rows]);
      return { values, chunks, labels: [...source.rowTables.keys()] };
    };
    const [placed, copied] = [await opened(true), await opened(false)];
    assertEquals(placed.values, copied.values, dtype);
    assertEquals(placed.labels, copied.labels);
    // A chunk of places ends where its tensor does: 20, 20, 10 rows, twice.
    assertEquals(placed.chunks.map((chunk) => chunk[3]), [20, 20, 10, 20, 20, 10], dtype);
    assertEquals(copied.chunks.map((chunk) => chunk[3]), [20, 20, 20, 20, 20], dtype);
  }
});

testInFolder("raw values with a skipped head; those of the other byte order are copied", async (root) => {
  const file = join(root, "lines.bin");
  const head = new Uint8Array(7);
  await Deno.writeFile(file, Uint8Array.of(...head, ...bytesOf(Int16Array.from(draws, (value) => 100 * value))));
  for (const [order, isPlaced] of [["little", true], ["big", false]] as const) {
    const reader = { type: "int16", shape: [1, WIDTH], skip: 7, byte_order: order };
    const { data } = configFor(root, `${file}, format: binary, reader: ${JSON.stringify(reader)}`);
    const places = locate(file, "data.path", "binary") as SourcePlace[];
    const folder = join(root, order);
    const made = await prepareInto(folder, places, { settings: reader, inPlace: true });
    assertEquals(hasPlaced(made), isPlaced);
    if (!isPlaced) continue;
    const source = openSource(data, null, { prepared: new Map([[file, openPrepared(folder, made)]]) });
    const values = await rowValues(allRows(source, PARTS, data), data, WIDTH);
    assertEquals([...values], Array.from(Int16Array.from(draws, (value) => 100 * value)));
    assertEquals(source.files[0]!.shape, [1, WIDTH]);
  }
});

testInFolder("a run has the bits of one on an imported copy, and goes on with them after a stop", async (root) => {
  Deno.mkdirSync(join(root, "acts"));
  for (const name of ["a", "b"]) {
    const tensor = { dtype: "F16", shape: [ROWS, WIDTH], bytes: bytesOf(STORED.F16!) };
    Deno.writeFileSync(join(root, "acts", `${name}.safetensors`), fileOf({ x: tensor }));
  }
  const config = join(root, "c.yaml");
  Deno.writeTextFileSync(
    config,
    `
data: {path: acts, batch_size: 16}
model: {encoder: [{linear: 8}, relu, {linear: 2}], decoder: [{linear: output}]}
training: {epochs: 4}
checkpoint: {every_epochs: 1, keep: 20}
paths: {cache: cache, runs: runs}
`,
  );
  const train = async (name: string, ...more: string[]) => {
    const { code, stderr } = await run("train", [config, "--run-dir", join(root, name), "--no-report", ...more]);
    assertEquals(code, 0, stderr);
    const { chunks: _, ...bits } = fingerprintOf(join(root, name)); // they have the names of files
    return bits;
  };
  const straight = await train("straight");
  const [cached] = [...Deno.readDirSync(join(root, "cache"))].map(({ name }) => name);
  assertEquals([...Deno.readDirSync(join(root, "cache", cached!))].map(({ name }) => name), ["data.json"]);
  assertEquals((await run("data", ["import", join(root, "acts"), "--output", join(root, "copy")])).code, 0);
  assert(!hasPlaced(readPrepared(join(root, "copy"))!));
  assertEquals(await train("copied", "--override", `data.path=${join(root, "copy")}`), straight);
  await train("pieces", "--until-epoch", "2");
  assertEquals((await run("train", ["--resume", join(root, "pieces"), "--no-report"])).code, 0);
  const { chunks, ...bits } = fingerprintOf(join(root, "pieces"));
  assertEquals(bits, straight);
  assert(chunks!.includes("a.safetensors+b.safetensors"), chunks);
});

testInFolder(
  "what is wrong is named by its row in the file, and a file that is too short by its bytes",
  async (root) => {
    const file = join(root, "a.safetensors");
    const values = draws.slice();
    values[43 * WIDTH + 2] = NaN;
    Deno.writeFileSync(file, fileOf({ x: { dtype: "F32", shape: [ROWS, WIDTH], bytes: bytesOf(values) } }));
    const folder = join(root, "made");
    const { data } = configFor(root, file);
    const places = locate(file, "data.path", "auto") as SourcePlace[];
    const made = await prepareInto(folder, places, { inPlace: true, chunkBytes: 4 * WIDTH * 20 });
    const source = openSource(data, null, { prepared: new Map([[file, openPrepared(folder, made)]]) });
    await assertRejects(() => rowValues(allRows(source, PARTS, data), data, WIDTH), Error, `${file}: row 43, column 2`);
    const { offset } = source.files[0]!.place!;
    const beyond = { offset, rows: ROWS + 1, columns: WIDTH, type: "float32", firstRow: 0 } as const;
    await assertRejects(() => Chunk.openMatrix(file, beyond), EngineError, "are more than its");
    const huge = { ...beyond, offset: 0, rows: 4294967295, columns: 4294967295, type: "float64" } as const;
    await assertRejects(() => Chunk.openMatrix(file, huge), EngineError, "are more than its");
  },
);

testInFolder("a data set that has to hold a copy is another one in the cache", (root) => {
  const file = join(root, "a.safetensors");
  Deno.writeFileSync(file, fileOf({ x: { dtype: "F32", shape: [ROWS, WIDTH], bytes: bytesOf(draws) } }));
  const { data } = configFor(root, file);
  const [place] = locate(file, "data.path", "auto") as SourcePlace[];
  assert(cacheName(place!, data) !== cacheName(place!, data, { copied: true }));
  return Promise.resolve();
});

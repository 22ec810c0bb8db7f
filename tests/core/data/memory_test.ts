/** Rows from memory: all that rows of files can do, with the same bits. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import {
  dryRun,
  embed,
  embedTo,
  evaluate,
  loadConfig,
  type MemoryData,
  readRun,
  reconstruct,
  restoreRun,
  type RowChunk,
  train,
  UserError,
  writeReport,
} from "../../../mod.ts";
import { NpyReader } from "../../../core/formats/npy.ts";
import { engine } from "../../../ffi/library.ts";
import { npy, syntheticCsr } from "../../helpers/npz.ts";
import { fingerprintOf, smallProject } from "../../helpers/small_run.ts";
import { run } from "../../helpers/cli.ts";
import { testInFolder } from "../../temp.ts";

engine(); // the library stays open: not a leak of the test that is first

/** The rows of smallProject's three files. */
const CHUNKS: readonly RowChunk[] = [0, 1, 2].map((chunk) => ({
  ...syntheticCsr(120, 60, 0.1, 100 + chunk),
  name: `chunk_${chunk}.npz`,
}));
const SHORT = ["data.shuffle_window=2", "scheduler.name=constant", "training.epochs=2"];

const TINY = {
  data: { batch_size: 16 },
  model: { encoder: [{ linear: 3 }], decoder: [{ linear: "output" }] },
  training: { epochs: 1 },
};

/** Rows of rank 2, as floats. */
function table(rows: number, columns: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: rows * columns }, (_, at) => {
    const row = Math.floor(at / columns), column = at % columns;
    return Math.sin(row) * Math.cos(column) + Math.cos(3 * row) * Math.sin(column);
  });
}

const refusal = async (work: () => Promise<unknown>) => (await assertRejects(work, UserError)).message;

testInFolder("memory: CSR chunks train to the same bits as their files, in one go and resumed", async (dir) => {
  const config = smallProject(dir);
  const files = await train({ config, overrides: SHORT });
  const expected = fingerprintOf(files.path);
  const memory = await train({ config, overrides: SHORT, data: { rows: CHUNKS } });
  assertEquals(fingerprintOf(memory.path), expected);
  assertEquals(memory.summary.metrics, files.summary.metrics);

  const first = await train({ config, overrides: [...SHORT, "training.max_steps=7"], data: { rows: CHUNKS } });
  assertEquals(first.summary.steps, 7);
  const overrides = ["training.max_steps=null"];
  const again = await train({ resume: first.path, overrides, data: { rows: CHUNKS } });
  assertEquals([again.path, again.summary.resumed], [first.path, 1]);
  const { model, optimizer } = fingerprintOf(first.path);
  assertEquals([model, optimizer], [expected.model, expected.optimizer]);
});

testInFolder("memory: a dense array trains to the same bits as its file", async (dir) => {
  const values = table(200, 12);
  Deno.mkdirSync(join(dir, "rows"));
  Deno.writeFileSync(join(dir, "rows/a.npy"), npy("<f4", "200, 12", new Uint8Array(values.buffer)));
  const config = { ...TINY, paths: { runs: join(dir, "runs") } };
  const data = { ...config.data, path: join(dir, "rows"), format: "dense_npy" };
  const files = await train({ config: { ...config, data } });
  const memory = await train({ config, data: { rows: { values, columns: 12, name: "a.npy" } } });
  assertEquals(fingerprintOf(memory.path), fingerprintOf(files.path));
});

testInFolder("memory: matrices of embed, reconstruct and evaluate, of the run's rows and of others", async (dir) => {
  const config = smallProject(dir);
  const { path, summary } = await train({ config, overrides: SHORT });
  const own = await embed(path);
  using opened = await restoreRun(path);
  await embedTo(opened, "all", join(dir, "latent.npy"));
  using reader = await NpyReader.open(join(dir, "latent.npy"));
  assertEquals([own.rows, own.columns, own.rowNames], [360, 6, null]);
  assertEquals(own.values, await reader.rows(0, 360));
  assertEquals(await embed(opened), own);

  const names = Array.from({ length: 360 }, (_, row) => `row ${row}`);
  const data: MemoryData = { rows: CHUNKS, rowNames: names };
  const given = await embed(path, { data });
  assertEquals(given.values, own.values);
  assertEquals(given.rowNames, names);
  assertEquals((await embed(path, { data: join(dir, "chunks") })).values, own.values);
  const test = await embed(path, { data, split: "test" });
  assertEquals(test.rows, summary.rows.test);
  assertEquals(test.rowNames, test.rowNumbers.map((row) => `row ${row}`));

  using others = await restoreRun(path, { data });
  assertEquals(others.source.partRows, { train: 360, validation: 0, test: 0 });
  using asTheRun = await restoreRun(path, { data, split: "run" });
  assertEquals(asTheRun.source.partRows, summary.rows);
  const whole = await reconstruct(path, { data });
  const some = await reconstruct(path, { data, columns: [7, 0] });
  assertEquals([whole.rows, whole.columns, some.columns], [360, 60, 2]);
  for (let row = 0; row < 360; row++) {
    assertEquals(
      [...some.values.subarray(2 * row, 2 * row + 2)],
      [7, 0].map((column) => whole.values[60 * row + column]),
    );
  }
  assertEquals(await evaluate(path, { data, split: "test" }), summary.metrics.test);
  const all = await evaluate(path, { data });
  const together = await evaluate(path);
  assertEquals([all.rows, together.rows], [360, 360]);
  assert(Math.abs(all.mse - together.mse) <= 1e-12 * all.mse && Math.abs(all.r2 - together.r2) <= 1e-9);
  assertStringIncludes(await refusal(() => embed(opened, { data })), "the run is open already");
  assertStringIncludes(await refusal(() => reconstruct(path, { data, columns: [60] })), "column 60 is not one of 60");
  assertStringIncludes(await refusal(() => reconstruct(path, { data, columns: [0.5] })), "got 0.5");
});

testInFolder("memory: labels and names reach the diagnostics and the report", async (dir) => {
  const columnNames = Array.from({ length: 12 }, (_, column) => `gene ${column}`);
  const labels = Array.from({ length: 100 }, (_, row) => row % 3);
  const config = { ...TINY, paths: { runs: join(dir, "runs") } };
  const data: MemoryData = { rows: { values: table(100, 12), columns: 12 }, columnNames, labels };
  const { path } = await train({ config, data });
  const read = await readRun(path);
  assertEquals(read.latent?.labels, labels.map(String));
  assertEquals(read.columns?.name, columnNames);
  assertStringIncludes(Deno.readTextFileSync(await writeReport(path)), "gene 3");
  const dry = await dryRun(
    loadConfig({ text: JSON.stringify({ ...config, data: { format: "memory" } }) }).config,
    undefined,
    data,
  );
  assertEquals([dry.rows, dry.columns, dry.batches.length], [100, 12, 3]);
});

testInFolder("memory: commands on such a run say where its rows came from and how to go on", async (dir) => {
  const config = { ...TINY, paths: { runs: join(dir, "runs") } };
  const { path } = await train({ config, data: { rows: { values: table(60, 5), columns: 5 } } });
  for (const args of [["train", "--resume", path], ["evaluate", "--run", path], ["embed", "--run", path]]) {
    const { code, stderr } = await run(args[0]!, args.slice(1));
    assertEquals(code, 2);
    assertStringIncludes(stderr, "the rows were given by a script and are in no file\n  hint: hand them over again");
  }
  assertEquals((await run("report", ["--run", path])).code, 0);
});

testInFolder("memory: what is wrong is refused, and no run folder stays", async (dir) => {
  const config = { ...TINY, paths: { runs: join(dir, "runs") } };
  const good = { values: table(60, 5), columns: 5 };
  const refused = (data: unknown, more: Record<string, unknown> = {}) =>
    refusal(() => train({ config: { ...config, ...more }, data: data as MemoryData }));
  const cases: [unknown, string][] = [
    [{ rows: [] }, "data.rows: is an empty list"],
    [good, "data.rows: is no matrix"],
    [{ rows: [[1, 2], [3, 4]] }, "data.rows[0]: is no matrix"],
    [{ rows: { ...good, values: [1, 2, 3, 4, 5] } }, "memory:0: values: must be a typed array"],
    [{ rows: [good, { ...good, columns: 4 }] }, "memory:1: has 4 columns, but memory:0 has 5"],
    [{ rows: [good, { ...syntheticCsr(9, 5, 0.5, 1) }] }, "memory:1: is sparse, but memory:0 is dense"],
    [{ rows: [{ ...good, name: "a" }, { ...good, name: "a" }] }, "a is also the name of data.rows[0]"],
    [{ rows: good, labels: [1] }, "data.labels: has 1 entries for 60 rows"],
    [{ rows: good, columnNames: ["a"] }, "data.columnNames: has 1 entries for 5 columns"],
    [{ rows: good, rowNames: ["a"] }, "data.rowNames: has 1 entries for 60 rows"],
    [{ rows: { ...good, values: good.values.subarray(1) } }, "memory:0: values: length: must be rows x columns"],
  ];
  for (const [data, message] of cases) assertStringIncludes(await refused(data), message);
  const files = { data: { split: { train: ["a.npy"], test: ["b.npy"] } } };
  assertStringIncludes(await refused({ rows: good }, files), "data.split: lists files, but the rows come from memory");
  const factored = { model: { ...TINY.model, decoder: [{ linear: "output", solver: "factored" }] } };
  assertStringIncludes(await refused({ rows: good }, factored), "cannot be factored");
  assertEquals([...Deno.readDirSync(join(dir, "runs"))], []);

  const { path } = await train({ config, data: { rows: good }, overrides: ["training.max_steps=2"] });
  const narrow = { rows: { ...good, columns: 4 } };
  assertStringIncludes(await refusal(() => embed(path, { data: narrow })), "has 4 columns, the run was trained on 5");
  const none = { rows: { ...good, values: good.values.with(7, NaN) } };
  assertStringIncludes(await refusal(() => embed(path, { data: none })), "memory:0: row 1, column 2: ");
  const other = { rows: { ...good, values: good.values.with(7, 1) } };
  const resume = () => train({ resume: path, data: other, overrides: ["training.max_steps=null"] });
  assertStringIncludes(await refusal(resume), "1 file has changed: memory:0 (other values)");
  const fromFiles = await train({ config: smallProject(dir), overrides: SHORT });
  assertStringIncludes(
    await refusal(() => train({ resume: fromFiles.path, data: { rows: good } })),
    "data.format: csr_npz -> memory: that is another experiment",
  );
});

/** The steps for counts against scanpy's definitions (tests/golden/make_count_steps.py), from a file to a run's own numbers on others. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../../../core/build/ensure.ts";
import { loadConfig } from "../../../../core/config/mod.ts";
import { labelsOf } from "../../../../core/data/annotations.ts";
import { loess } from "../../../../core/data/counts/loess.ts";
import { areCountSteps, readCountSteps } from "../../../../core/data/counts/mod.ts";
import { parseFitted } from "../../../../core/data/fitted.ts";
import { openData } from "../../../../core/data/open.ts";
import { rawRows } from "../../../../core/data/raw_rows.ts";
import { UserError } from "../../../../core/errors.ts";
import { embed, train } from "../../../../mod.ts";
import { run, temporary } from "../../../helpers/cli.ts";
import { csrNpz } from "../../../helpers/npz.ts";

await ensureEngine({ quiet: true });

interface Golden {
  readonly counts: readonly number[][];
  readonly cells: readonly number[];
  readonly genes: readonly number[];
  readonly chosen: readonly number[];
  readonly variances: readonly number[];
  readonly median: number;
  readonly logs: readonly number[][];
  readonly scaled: readonly number[][];
  readonly loess: { readonly x: number[]; readonly y: number[]; readonly fitted: number[] };
}

const golden: Golden = JSON.parse(
  Deno.readTextFileSync(new URL("../../../golden/count_steps.json", import.meta.url)),
);
const GENES = golden.counts[0]!.length;

const FILTERS = [{ filter_cells: { min_counts: 20, min_genes: 12 } }, {
  filter_genes: { min_cells: 3, min_counts: 4 },
}];
const STEPS = [...FILTERS, { highly_variable: 20 }, "size_factors", "log1p"];

const nameOf = (gene: number) => `G${gene}`;

/** A table of text, gzip left out, with names of rows and columns; columns in the given order. */
function csv(rows: readonly (readonly number[])[], genes: readonly number[], first = 0): string {
  const head = ["cell", ...genes.map(nameOf)].join(",");
  return [head, ...rows.map((row, at) => [`c${first + at}`, ...genes.map((gene) => row[gene])].join(","))].join("\n") +
    "\n";
}

const ALL = Array.from({ length: GENES }, (_, gene) => gene);

function configOf(folder: string, steps: unknown, more: Record<string, unknown> = {}) {
  return {
    name: "counts",
    data: { path: join(folder, "counts.csv"), steps, batch_size: 16, ...more },
    model: { encoder: [{ linear: 3 }], decoder: [{ linear: "output" }] },
    training: { epochs: 1 },
    paths: { runs: join(folder, "runs"), cache: join(folder, "cache") },
  };
}

const open = (config: unknown, note?: (text: string) => void) =>
  openData(loadConfig({ text: JSON.stringify(config) }).config, null, { note });

/** All values of a source, dense. */
async function values(source: Awaited<ReturnType<typeof open>>): Promise<number[][]> {
  const all: number[][] = [];
  for (const { path } of source.files) {
    for await (const { rows, indptr, indices, data } of rawRows(path)) {
      for (let row = 0; row < rows; row++) {
        const dense = new Array<number>(source.columns).fill(0);
        for (let at = indptr[row]!; at < indptr[row + 1]!; at++) dense[indices[at]!] = data[at]!;
        all.push(dense);
      }
    }
  }
  return all;
}

function assertClose(actual: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  assertEquals([actual.length, actual[0]!.length], [expected.length, expected[0]!.length]);
  expected.forEach((row, i) => row.forEach((value, j) => assertAlmostEquals(actual[i]![j]!, value, 3e-6)));
}

Deno.test("loess: as skmisc.loess and R compute it, with ties", () => {
  const { x, y, fitted } = golden.loess;
  const ours = loess(Float64Array.from(x), Float64Array.from(y), 0.3);
  fitted.forEach((value, i) => assertAlmostEquals(ours[i]!, value, 1e-9));
  const same = loess(new Float64Array(8).fill(2), Float64Array.from({ length: 8 }, (_, i) => i), 0.5);
  assert(same.every(Number.isFinite), "points that are all at one place");
});

Deno.test("counts: cells, genes, most variable genes and their variances, size factors and logarithms as scanpy defines them", async () => {
  using folder = temporary();
  Deno.writeTextFileSync(join(folder.path, "counts.csv"), csv(golden.counts, ALL));
  const told: string[] = [];
  const source = await open(configOf(folder.path, STEPS), (text) => told.push(text));
  assertEquals(source.rowNames, golden.cells.map((cell) => `c${cell}`));
  assertEquals(source.columnNames, golden.chosen.map(nameOf));
  assertEquals(source.dense, true, "a table with fewer than 70 % zeros stays dense");
  assertClose(await values(source), golden.logs);
  const [, , variable, factors] = source.steps!.steps;
  const { variances } = variable!.fitted as { variances: number[] };
  golden.variances.forEach((value, i) => assertAlmostEquals(variances[i]!, value, 1e-9));
  assertEquals(factors!.fitted, { median: golden.median });
  assertStringIncludes(told.join("\n"), "74 of 80 rows and 20 of 60 columns are left");
  const scaled = await open(configOf(folder.path, [...STEPS, { scale: { max: 2 } }]));
  assertEquals(scaled.dense, true);
  assertClose(await values(scaled), golden.scaled);
});

Deno.test("counts: a second start prepares nothing, a damaged conclusion is made again", async () => {
  using folder = temporary();
  Deno.writeTextFileSync(join(folder.path, "counts.csv"), csv(golden.counts, ALL));
  const config = configOf(folder.path, STEPS);
  const first = await open(config);
  const cache = join(folder.path, "cache");
  const states = () =>
    [...Deno.readDirSync(cache)].map(({ name }) => [name, Deno.statSync(join(cache, name)).ino]).sort();
  const before = states();
  assertEquals(before.length, 3); // the rows before and after the steps, and the conclusions
  await open(config);
  assertEquals(states(), before);
  const steps = [...Deno.readDirSync(cache)].find(({ name }) => name.startsWith("steps-"))!.name;
  Deno.writeTextFileSync(join(cache, steps), "{}");
  assertEquals((await open(config)).files[0]!.path, first.files[0]!.path);
  await open({ ...config, data: { ...config.data, cache: "readonly" } });
  const other = { ...config.data, steps: FILTERS, cache: "readonly" };
  await assertRejects(() => open({ ...config, data: other }), UserError, "has not been through data.steps yet");
});

Deno.test("counts: several files share their conclusions; listed files conclude from those for training", async () => {
  using folder = temporary();
  Deno.mkdirSync(join(folder.path, "both"));
  const [a, b] = ["both/a.csv", "both/b.csv"].map((name) => join(folder.path, name));
  Deno.writeTextFileSync(join(folder.path, "counts.csv"), csv(golden.counts, ALL));
  Deno.writeTextFileSync(a!, csv(golden.counts.slice(0, 30), ALL));
  Deno.writeTextFileSync(b!, csv(golden.counts.slice(30), ALL, 30));
  const both = await open(configOf(folder.path, STEPS, { path: join(folder.path, "both") }));
  assertClose(await values(both), golden.logs);
  assertEquals(both.rowTables.get("source")!.length, golden.cells.length);
  const listed = configOf(folder.path, STEPS, { path: undefined, split: { train: [a], test: [b] } });
  const alone = await open(configOf(folder.path, STEPS, { path: a }));
  const split = await open(listed);
  assertEquals(split.columnNames, alone.columnNames);
  assertEquals(split.partRows.train, alone.rows);
  assertEquals(split.steps!.rows, 30);
});

Deno.test("counts: chunks of scipy go through the steps, with files of names and labels of all rows", async () => {
  using folder = temporary();
  const { counts } = golden;
  const data: number[] = [], indices: number[] = [], indptr = [0];
  for (const row of counts) {
    row.forEach((value, gene) => value !== 0 && (data.push(value), indices.push(gene)));
    indptr.push(data.length);
  }
  const path = join(folder.path, "counts.npz");
  const arrays = { data: Float32Array.from(data), indices: Int32Array.from(indices), indptr: Int32Array.from(indptr) };
  Deno.writeFileSync(path, csrNpz({ rows: counts.length, columns: GENES, ...arrays }));
  Deno.writeTextFileSync(join(folder.path, "genes.txt"), ALL.map(nameOf).join("\n") + "\n");
  Deno.writeTextFileSync(join(folder.path, "labels.txt"), counts.map((_, i) => `l${i % 7}`).join("\n") + "\n");
  const config = configOf(folder.path, STEPS, {
    path,
    column_names: join(folder.path, "genes.txt"),
    labels: join(folder.path, "labels.txt"),
  });
  const source = await open(config);
  assertClose(await values(source), golden.logs);
  assertEquals(source.columnNames, golden.chosen.map(nameOf));
  assertEquals(source.dense, false);
  const { data: read } = loadConfig({ text: JSON.stringify(config) }).config;
  assertEquals(await labelsOf(read, source), golden.cells.map((cell) => `l${cell % 7}`));
});

Deno.test("counts: a run embeds other files with its own columns, sums and scales", async () => {
  using folder = temporary();
  Deno.writeTextFileSync(join(folder.path, "counts.csv"), csv(golden.counts, ALL));
  const steps = [{ highly_variable: 20 }, "size_factors", "log1p", { scale: { max: 10 } }];
  const { path: runDir } = await train({ config: configOf(folder.path, steps) });
  const own = await embed(runDir, { split: "all" });
  // Three of its rows in a file of their own, with the columns in another order, some of them left out and one more.
  const kept = (parseFitted(Deno.readTextFileSync(join(runDir, "steps.json")), "").steps[0]!.fitted as {
    columns: number[];
  }).columns;
  const rows = golden.counts.slice(7, 10).map((row) => [...row, 1000]);
  const other = join(folder.path, "other.csv");
  Deno.writeTextFileSync(other, csv(rows, [GENES, ...kept.toReversed(), ALL.find((gene) => !kept.includes(gene))!], 7));
  const theirs = await embed(runDir, { data: other });
  assertEquals(theirs.rowNames, ["c7", "c8", "c9"]);
  const width = own.values.length / golden.counts.length;
  assertEquals([...theirs.values], [...own.values.subarray(7 * width, 10 * width)]);
  Deno.writeTextFileSync(other, csv(rows, kept.slice(1)));
  await assertRejects(() => embed(runDir, { data: other }), UserError, `has no column "${nameOf(kept[0]!)}"`);
  Deno.writeTextFileSync(
    join(runDir, "steps.json"),
    Deno.readTextFileSync(join(runDir, "steps.json")).replace("20", "21"),
  );
  await assertRejects(() => embed(runDir, { split: "all" }), UserError, "steps.json");
});

Deno.test("counts: what cannot be is refused in words", async () => {
  using folder = temporary();
  Deno.writeTextFileSync(join(folder.path, "counts.csv"), csv(golden.counts, ALL));
  const refused = (steps: unknown, text: string, more = {}) =>
    assertRejects(() => open(configOf(folder.path, steps, more)), UserError, text);
  await refused(["log1p", { highly_variable: 20 }], "takes counts, but a step before it changes the values");
  await refused([{ highly_variable: 61 }], "is to keep 61 columns, but there are 60");
  await refused([{ filter_cells: { min_genes: 70 } }], "leaves none of the 80 rows");
  await refused([{ filter_genes: { min_cells: 90 } }], "leaves no column");
  await refused([{ filter_genes: { min_cels: 9 } }], "min_cels");
  await refused(["filter_cells"], "needs a bound");
  await refused(["highly_varable"], "is not a step");
  await refused([{ scale: { max: 10 } }, "log1p"], "comes after scale");
  await refused(["log1p"], "data.shape gives the rows a shape", { shape: [60] });
  assertThrows(
    () => areCountSteps(["log1p", "envelope"]),
    UserError,
    "log1p is a step for counts, envelope one for signals",
  );
  assertThrows(() => readCountSteps([{ library_size: 0 }]), UserError, "data.steps.0.library_size.target");
});

Deno.test("counts: by the command line, from a table to a report", async () => {
  using folder = temporary();
  Deno.writeTextFileSync(join(folder.path, "counts.csv"), csv(golden.counts, ALL));
  const config = join(folder.path, "counts.json");
  Deno.writeTextFileSync(config, JSON.stringify(configOf(folder.path, [...STEPS, { scale: { max: 10 } }])));
  const trained = await run("train", ["--config", config]);
  assertEquals(trained.code, 0, trained.stderr);
  assertStringIncludes(trained.stdout, "report");
  // A fork goes on with other rows, whose own most variable genes are others.
  const parent = join(folder.path, "runs", [...Deno.readDirSync(join(folder.path, "runs"))][0]!.name);
  const rows = golden.counts.slice(0, 40).map((row) => row.map((value, gene) => gene % 3 === 0 ? 4 * value : value));
  const [other, fork] = [join(folder.path, "other.csv"), join(folder.path, "fork")];
  Deno.writeTextFileSync(other, csv(rows, ALL));
  const more = ["--override", `data.path=${other}`, "--override", "training.epochs=2", "--no-report"];
  const forked = await run("train", ["--fork", parent, "--run-dir", fork, ...more]);
  assertEquals(forked.code, 0, forked.stderr);
  const steps = (folder: string) => Deno.readTextFileSync(join(folder, "steps.json"));
  assertEquals(steps(fork), steps(parent));
  const output = join(folder.path, "new.csv");
  const embedded = await run("embed", ["--run", parent, "--data", join(folder.path, "counts.csv"), "--output", output]);
  assertEquals(embedded.code, 0, embedded.stderr);
  assertEquals(Deno.readTextFileSync(output).trim().split("\n").length, golden.cells.length + 1);
});

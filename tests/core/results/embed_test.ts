/** Latent vectors with names and labels, as Parquet and in a copy of an AnnData file, read back by other code. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { type Dataset, File, type Group } from "h5wasm/node";
import { UserError } from "../../../core/errors.ts";
import { Hdf5File } from "../../../core/formats/hdf5.ts";
import { writeParquet } from "../../../core/formats/parquet_write.ts";
import { embedTo } from "../../../core/results/embed.ts";
import { embed } from "../../../core/train/results.ts";
import { restoreRun } from "../../../core/train/restore.ts";
import { train } from "../../../core/train/train.ts";
import { engine } from "../../../ffi/library.ts";
import { writeH5ad } from "../../helpers/h5ad.ts";
import { random } from "../../helpers/npz.ts";
import { testInFolder } from "../../temp.ts";

engine(); // the library stays open: not a leak of the test that is first

const CELLS = 40, GENES = 12;

const names = (prefix = "cell") => Array.from({ length: CELLS }, (_, i) => `${prefix} ${i} é`);

async function writeCells(path: string, cells = names()): Promise<void> {
  const next = random(3);
  const values = cells.map(() => Array.from({ length: GENES }, () => Math.floor(4 * next() ** 2)));
  await writeH5ad(path, {
    cells,
    genes: Array.from({ length: GENES }, (_, i) => `gene${i}`),
    obs: { kind: cells.map((_, i) => ["B", "T"][i % 2]!) },
    matrices: { X: { form: "csr", values }, "layers/counts": { form: "dense", values } },
  });
}

/** A run on one .h5ad file, a.h5ad, or on what `path` names. */
async function trained(root: string, path = "a.h5ad", steps: readonly unknown[] = []): Promise<string> {
  const run = join(root, "run");
  await train({
    config: {
      name: "cells",
      data: { path: join(root, path), batch_size: 8, labels: "kind", steps, transforms: ["log1p"] },
      model: { encoder: [{ linear: 6 }, "relu", { linear: 3 }], decoder: [{ linear: "output" }] },
      training: { max_steps: 3, epochs: 1 },
      evaluation: { pca: false },
      paths: { cache: join(root, "cache") },
    },
    runDir: run,
  });
  return run;
}

const bytesOf = (path: string) => Deno.readFileSync(path).buffer as ArrayBuffer;

testInFolder("embed: .parquet has the rows' numbers, names, labels and vectors", async (root) => {
  await writeCells(join(root, "a.h5ad"));
  using run = await restoreRun(await trained(root));
  const path = join(root, "z.parquet");
  assertEquals(await embedTo(run, "all", path), [CELLS, 3]);
  const wanted = await embed(run);
  const rows = await parquetReadObjects({ file: bytesOf(path) });
  assertEquals(Object.keys(rows[0]!), ["row", "name", "label", "latent_0", "latent_1", "latent_2"]);
  rows.forEach((row, at) => {
    assertEquals([row.row, row.name, row.label], [BigInt(at), names()[at], ["B", "T"][at % 2]]);
    assertEquals([row.latent_0, row.latent_1, row.latent_2], [...wanted.values.subarray(3 * at, 3 * at + 3)]);
  });
});

testInFolder("embed: .csv has names and labels, too", async (root) => {
  await writeCells(join(root, "a.h5ad"), names("a, cell"));
  using run = await restoreRun(await trained(root));
  const path = join(root, "z.csv");
  assertEquals(await embedTo(run, "all", path), [CELLS, 3]);
  const [header, first, second] = Deno.readTextFileSync(path).split("\n");
  assertEquals(header, "row,name,label,latent_0,latent_1,latent_2");
  assert(first!.startsWith('0,"a, cell 0 é",B,'), first);
  assert(second!.startsWith('1,"a, cell 1 é",T,'), second);
});

testInFolder(
  "a Parquet table of several groups of rows is whole, and one that lacks rows is not there",
  async (root) => {
    async function* pairs(count: number) {
      for (let first = 0; first < count; first += 1 << 20) {
        const some = Math.min(1 << 20, count - first);
        yield Float32Array.from({ length: some }, (_, at) => first + at + 0.5);
      }
    }
    const long = 4_200_000, path = join(root, "long.parquet");
    await writeParquet(path, [], ["a"], long, pairs(long));
    const metadata = parquetMetadata(bytesOf(path));
    assertEquals(Number(metadata.num_rows), long);
    assert(metadata.row_groups.length === 2, `${metadata.row_groups.length} groups`);
    const [last] = await parquetReadObjects({ file: bytesOf(path), rowStart: long - 1, rowEnd: long });
    assertEquals(last!.a, Math.fround(long - 0.5));
    const short = join(root, "short.parquet");
    await assertRejects(() => writeParquet(short, [], ["a"], 3, pairs(1)), Error, "1 rows written of 3");
    assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), ["long.parquet"]);
  },
);

/** All arrays of a file with their values, and the attributes of everything, but for obsm. */
function contentOf(path: string): Record<string, unknown> {
  const file = new File(path, "r");
  const content: Record<string, unknown> = {};
  for (const name of ["", ...file.paths()].filter((name) => !name.startsWith("obsm"))) {
    const found = (name === "" ? file : file.get(name)) as Group | Dataset;
    content[name] = [
      Object.entries(found.attrs).map(([key, { value }]) => [key, value]),
      "value" in found ? found.value : null,
    ];
  }
  file.close();
  return content;
}

testInFolder(
  "embed: .h5ad is a copy of the data with obsm X_narrows, NaN for cells that are not in the part",
  async (root) => {
    const source = join(root, "a.h5ad"), copy = join(root, "copy.h5ad"), part = join(root, "part.h5ad");
    await writeCells(source);
    Deno.chmodSync(source, 0o444);
    const told: string[] = [];
    using run = await restoreRun(await trained(root), { note: (text) => told.push(text) });
    assertEquals(await embedTo(run, "all", copy), [CELLS, 3]);
    const vectors = (path: string) => {
      const file = new File(path, "r");
      const { shape, dtype, value, attrs } = file.get("obsm/X_narrows") as Dataset;
      assertEquals([shape, dtype], [[CELLS, 3], "<f"]);
      assertEquals([attrs["encoding-type"]!.value, attrs["encoding-version"]!.value], ["array", "0.2.0"]);
      assertEquals((file.get("obsm") as Group).attrs["encoding-type"]!.value, "dict");
      file.close();
      return value as Float32Array;
    };
    const all = vectors(copy);
    assertEquals(all, (await embed(run)).values);
    assertEquals(contentOf(copy), contentOf(source));
    assert(Object.keys(contentOf(copy)).length > 8);
    assertEquals(told.filter((text) => text.includes("no vector")), []);

    await embedTo(run, "test", part);
    const { rowNumbers, values } = await embed(run, { split: "test" });
    assert(rowNumbers.length > 0 && rowNumbers.length < CELLS);
    const some = vectors(part);
    const wanted = new Float32Array(3 * CELLS).fill(NaN);
    rowNumbers.forEach((row, at) => wanted.set(values.subarray(3 * at, 3 * at + 3), 3 * row));
    assertEquals(some, wanted);
    const missing = CELLS - rowNumbers.length;
    assert(told.some((text) => text.startsWith(`${missing} of the ${CELLS} cells have no vector`)), told.join("\n"));
    using reread = await Hdf5File.open(part);
    assertEquals(reread.array("obsm/X_narrows")?.shape, [CELLS, 3]);
  },
);

testInFolder(
  "embed: a copy's X_narrows is replaced; what cannot be is refused, and nothing is written",
  async (root) => {
    const source = join(root, "a.h5ad"), first = join(root, "first.h5ad"), second = join(root, "second.h5ad");
    await writeCells(source);
    const folder = await trained(root);
    {
      using run = await restoreRun(folder);
      await embedTo(run, "test", first);
    }
    using other = await restoreRun(folder, { data: first });
    await embedTo(other, "all", second); // NaN is replaced
    const file = new File(second, "r");
    assert((file.get("obsm/X_narrows") as Dataset).value instanceof Float32Array);
    assert(((file.get("obsm/X_narrows") as Dataset).value as Float32Array).every(Number.isFinite));
    file.close();

    const wider = join(root, "wider.h5ad");
    Deno.copyFileSync(source, wider);
    const made = new File(wider, "a");
    made.create_group("obsm");
    (made.get("obsm") as Group).create_dataset({
      name: "X_narrows",
      data: new Float32Array(2 * CELLS),
      shape: [CELLS, 2],
    });
    made.close();
    const before = [...Deno.readDirSync(root)].length;
    using wide = await restoreRun(folder, { data: wider });
    const out = join(root, "out.h5ad");
    await assertRejects(() => embedTo(wide, "all", out), UserError, `obsm["X_narrows"] is there already, ${CELLS} x 2`);
    using run = await restoreRun(folder);
    await assertRejects(() => embedTo(run, "all", source), UserError, "is the file of the data itself");
    await writeCells(source, names("other"));
    await assertRejects(() => embedTo(run, "all", out), UserError, "has no cell named");
    Deno.removeSync(source);
    await assertRejects(() => embedTo(run, "all", out), UserError);
    assertEquals([...Deno.readDirSync(root)].length, before - 1);
  },
);

testInFolder("embed: .h5ad is refused of rows that come from several files or from another format", async (root) => {
  Deno.mkdirSync(join(root, "two"));
  await writeCells(join(root, "two", "a.h5ad"));
  await writeCells(join(root, "two", "b.h5ad"), names("other"));
  const folder = await trained(root, "two");
  using run = await restoreRun(folder);
  const out = join(root, "out.h5ad");
  await assertRejects(() => embedTo(run, "all", out), UserError, "these are of 2 files");
  const values = new Float32Array(2 * GENES).fill(1);
  const columnNames = Array.from({ length: GENES }, (_, i) => `gene${i}`);
  using memory = await restoreRun(folder, { data: { rows: { values, columns: GENES }, columnNames } });
  await assertRejects(() => embedTo(memory, "all", out), UserError, "these are of no single path");
});

testInFolder(
  "embed: cells that data.steps leave out have NaN in the copy, also where names are there twice",
  async (root) => {
    const cells = names().map((name, at) => at % 10 === 0 ? "twin" : name);
    await writeCells(join(root, "a.h5ad"), cells);
    const told: string[] = [];
    const folder = await trained(root, "a.h5ad", [{ filter_cells: { min_genes: 8 } }]);
    using run = await restoreRun(folder, { note: (text) => told.push(text) });
    const { rows, values } = await embed(run);
    assert(rows > 5 && rows < CELLS, `${rows}`);
    assertEquals(await embedTo(run, "all", join(root, "z.h5ad")), [CELLS, 3]);
    const file = new File(join(root, "z.h5ad"), "r");
    const all = (file.get("obsm/X_narrows") as Dataset).value as Float32Array;
    const counts = (file.get("layers/counts") as Dataset).value as Float32Array;
    file.close();
    let row = 0;
    for (let cell = 0; cell < CELLS; cell++) {
      const isKept = counts.subarray(GENES * cell, GENES * (cell + 1)).filter((count) => count > 0).length >= 8;
      const wanted = isKept ? values.subarray(3 * row, 3 * ++row) : [NaN, NaN, NaN];
      assertEquals([...all.subarray(3 * cell, 3 * cell + 3)], [...wanted], `cell ${cell}`);
    }
    assertEquals(row, rows);
    assert(told.some((text) => text.includes("or data.steps leave them out")), told.join("\n"));
  },
);

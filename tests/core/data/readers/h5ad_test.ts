/** AnnData files and .h5 files of Cell Ranger, read in a process of their own. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { h5ad } from "../../../../core/data/readers/h5ad.ts";
import { claimant } from "../../../../core/data/readers/mod.ts";
import { tenX } from "../../../../core/data/readers/ten_x.ts";
import { UserError } from "../../../../core/errors.ts";
import { exists } from "../../../../core/missing.ts";
import { type Dataset, File, ready } from "h5wasm/node";
import { type AnnData, writeH5ad, writeTenXH5 } from "../../../helpers/h5ad.ts";
import { readAll } from "../../../helpers/readers.ts";
import { random } from "../../../helpers/npz.ts";
import { testInFolder } from "../../../temp.ts";

/** Real files, where they are there: NARROWS_DATA, or shared/data beside the checkout. */
const DATA = Deno.env.get("NARROWS_DATA") ?? fromFileUrl(new URL("../../../../../shared/data", import.meta.url));
const FORMATS = join(DATA, "formats");

/** Counts of 23 cells and 9 genes, of which a third are not zero. */
function counts(rows = 23, columns = 9, seed = 3): number[][] {
  const next = random(seed);
  return Array.from(
    { length: rows },
    () => Array.from({ length: columns }, () => next() < 0.3 ? 1 + Math.floor(next() * 9) : 0),
  );
}

const VALUES = counts();
const CELLS = VALUES.map((_, i) => `cell ${i} é`);
const GENES = VALUES[0]!.map((_, i) => `gene${i}`);
const TYPES = VALUES.map((_, i) => ["B", "T", "NK"][i % 3]!);

const WHOLE: AnnData = {
  cells: CELLS,
  genes: GENES,
  obs: {
    cell_type: { categories: ["B", "T", "NK"], codes: VALUES.map((_, i) => i === 5 ? -1 : i % 3) },
    batch: VALUES.map((_, i) => `run ${i % 2}`),
  },
  matrices: {
    X: { form: "csr", values: VALUES, compressed: true },
    "layers/counts": { form: "csc", values: VALUES, type: "<q", compressed: true },
    "layers/dense": { form: "dense", values: VALUES, type: "<d" },
    "raw/X": { form: "csr", values: counts(23, 12, 8), type: "<i" },
  },
};

testInFolder("h5ad: X, layers and raw, by rows, by columns and dense, with names and tables", async (root) => {
  const path = join(root, "a.h5ad");
  await writeH5ad(path, WHOLE);
  assertEquals(claimant(path)?.format, "h5ad");
  const x = await readAll(h5ad, path);
  assertEquals(x.values, VALUES);
  assertEquals([x.rowNames, x.columnNames, x.sparse], [CELLS, GENES, true]);
  assertEquals(x.rowTables.cell_type, TYPES.map((type, i) => i === 5 ? "" : type));
  assertEquals(x.rowTables.batch![1], "run 1");
  assert(x.notes[0]!.includes("the file also has raw/X, layers/counts, layers/dense"), x.notes[0]);
  for (const member of ["layers/counts", "layers/dense"]) {
    assertEquals((await readAll(h5ad, path, { member })).values, VALUES);
  }
  const raw = await readAll(h5ad, path, { member: "raw/X" });
  assertEquals([raw.values, raw.columnNames![11]], [counts(23, 12, 8), "raw11"]);
  await assertRejects(() => readAll(h5ad, path, { member: "layers/count" }), UserError, "has no layers/count");
  Deno.renameSync(path, join(root, "named_otherwise"));
  assertEquals(claimant(join(root, "named_otherwise"))?.format, "h5ad");
});

Deno.test("h5ad: tables of records with texts of any length, as version 0.6 wrote them", async () => {
  const path = fromFileUrl(new URL("../../../golden/old.h5ad", import.meta.url));
  const { values, rowNames, columnNames, rowTables } = await readAll(h5ad, path);
  assertEquals(values, [[0, 1, 2], [3, 4, 0], [1, 2, 3], [4, 0, 1]]);
  assertEquals(rowNames, ["cell 0 é", "cell 1", "a cell with a longer name", "cell 3"]);
  assertEquals(columnNames, ["CD3D (E1)", "MS4A1", "CD3D (E3)"]);
  assertEquals(rowTables, {
    cell_type: ["B", "", "T", "B"],
    n_genes: ["300", "200", "300", "5000000000"],
    batch: ["b", "", "a", "b"],
    kept: ["True", "False", "True", "True"],
  });
});

testInFolder("h5ad: what does not fit together is refused in words", async (root) => {
  const path = join(root, "a.h5ad");
  await writeH5ad(path, { ...WHOLE, matrices: { "layers/counts": WHOLE.matrices.X! } });
  await assertRejects(() => readAll(h5ad, path), UserError, "has no X");
  await writeH5ad(path, { ...WHOLE, cells: CELLS.slice(1) });
  await assertRejects(() => readAll(h5ad, path), UserError, "X has 23 rows, but obs has 22");
  Deno.writeTextFileSync(path, "\x89HDF\r\n\x1a\n and nothing else");
  await assertRejects(() => readAll(h5ad, path), UserError, "cannot be opened as HDF5");
});

testInFolder("10x .h5: versions 2 and 3; of several genomes one has to be named", async (root) => {
  const path = join(root, "a.h5");
  await writeTenXH5(path, VALUES, null);
  assertEquals(claimant(path)?.format, "10x");
  const three = await readAll(tenX, path);
  assertEquals([three.values, three.rowNames![22], three.columnNames![8]], [VALUES, "C22", "G8"]);
  assert(three.notes[0]!.includes("1 Antibody Capture"), three.notes[0]);
  await writeTenXH5(path, VALUES, ["hg19", "mm10"]);
  await assertRejects(() => readAll(tenX, path), UserError, "several genomes: hg19, mm10");
  assertEquals((await readAll(tenX, path, { member: "mm10" })).values, VALUES);
});

Deno.test({
  name: "h5ad: files of versions 0.5 and 0.7, and of Cell Ranger",
  ignore: !exists(FORMATS),
  async fn() {
    const old = await readAll(h5ad, `${FORMATS}/h5ad/v0.5.0.h5ad`, {}, 500);
    assertEquals([old.values.length, old.columnNames!.length, old.sparse], [700, 765, false]);
    assertEquals([old.rowNames![0], old.rowTables.phase!.includes("G2M")], ["AAAGCCTGGCTAAC-1", true]);
    const raw = await readAll(h5ad, `${FORMATS}/h5ad/v0.5.0.h5ad`, { member: "raw" }, 500);
    assertEquals([raw.values.length, raw.sparse, raw.columnNames![0]], [700, true, "HES4"]);
    const seven = await readAll(h5ad, `${FORMATS}/h5ad/v0.7.0.h5ad`);
    assertEquals([seven.values.length, seven.rowTables.obs_cat!.length], [30, 30]);
    assertEquals(seven.rowTables.obs_cat![0], "S");
    const cells = await readAll(tenX, `${FORMATS}/10x/3.0.0/filtered_feature_bc_matrix.h5`);
    const folder = await readAll(tenX, `${FORMATS}/10x/3.0.0/filtered_feature_bc_matrix`);
    assertEquals([String(cells.values), cells.rowNames, cells.columnNames], [
      String(folder.values),
      folder.rowNames,
      folder.columnNames,
    ]);
  },
});

testInFolder("h5ad: more values than a file can hold are refused before memory is taken", async (root) => {
  const path = join(root, "a.h5ad");
  await ready;
  const file = new File(path, "w");
  file.create_dataset({ name: "X", data: new Float32Array(4), shape: [2, 2], maxshape: [null, null], chunks: [2, 2] });
  (file.get("X") as Dataset).resize([1_000_000, 1_000_000]);
  file.flush();
  file.close();
  await assertRejects(() => readAll(h5ad, path), UserError, "X says that it has 4.00 TB, in a file of");
});

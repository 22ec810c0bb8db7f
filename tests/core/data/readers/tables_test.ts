/** Tables of other tools against the libraries that write them (tests/golden/make_tables.py). */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { biom } from "../../../../core/data/readers/biom.ts";
import { loom } from "../../../../core/data/readers/loom.ts";
import { claimant } from "../../../../core/data/readers/mod.ts";
import { parquet } from "../../../../core/data/readers/parquet.ts";
import type { Reader } from "../../../../core/data/readers/reader.ts";
import { sparseNpz } from "../../../../core/data/readers/sparse_npz.ts";
import { UserError } from "../../../../core/errors.ts";
import { adviceOn } from "../../../../core/formats/kind_advice.ts";
import { kindOf } from "../../../../core/formats/kinds.ts";
import { readAll } from "../../../helpers/readers.ts";
import { testInFolder } from "../../../temp.ts";

const TABLES = fromFileUrl(new URL("../../../golden/tables/", import.meta.url));
const ROWS = 12, COLUMNS = 7;

const VALUES = Array.from(
  { length: ROWS },
  (_, i) => Array.from({ length: COLUMNS }, (_, j) => (i * 7 + j * 3) % 5 === 0 ? i + 2 * j + 1 : 0),
);
const CELLS = VALUES.map((_, i) => `cell ${i} é`);
const GENES = VALUES[0]!.map((_, j) => `gene${j}`);
const KINDS = VALUES.map((_, i) => ["B", "T", "NK"][i % 3]!);

async function readTable(reader: Reader, name: string, options = {}) {
  const path = join(TABLES, name);
  assertEquals(claimant(path)?.format, reader.format, name);
  return await readAll(reader, path, options, 5);
}

Deno.test("loom: cells are rows, with names and attributes; layers by name", async () => {
  const { values, rowNames, columnNames, rowTables, notes } = await readTable(loom, "a.loom");
  assertEquals([values, rowNames, columnNames], [VALUES, CELLS, GENES]);
  assertEquals(rowTables, { kind: KINDS });
  assertStringIncludes(notes.join("\n"), "the file also has layers/spliced");
  const spliced = await readTable(loom, "a.loom", { member: "layers/spliced" });
  assertEquals(spliced.values, VALUES.map((row) => row.map((value) => 2 * value)));
  const wrong = await assertRejects(() => readTable(loom, "a.loom", { member: "layers/splced" }), UserError);
  assertEquals(wrong.hint, "did you mean layers/spliced?");
});

Deno.test("biom: samples are rows, from HDF5 and from JSON", async () => {
  for (const name of ["hdf5.biom", "json.biom", "json.biom.gz"]) {
    const { values, rowNames, columnNames, rowTables } = await readTable(biom, name);
    assertEquals([values, rowNames, columnNames, rowTables], [VALUES, CELLS, GENES, { kind: KINDS }], name);
  }
});

testInFolder("biom: JSON of the dense kind, and what does not fit together", async (root) => {
  const path = join(root, "a.biom");
  const ids = (names: readonly string[]) => names.map((id) => ({ id, metadata: null }));
  const dense = {
    matrix_type: "dense",
    shape: [2, 3],
    rows: ids(["x", "y"]),
    columns: ids(["a", "b", "c"]),
    data: [[1, 0, 2], [0, 3, 0]],
  };
  const read = (table: unknown) => {
    Deno.writeTextFileSync(path, JSON.stringify(table));
    return readAll(biom, path);
  };
  assertEquals((await read(dense)).values, [[1, 0], [0, 3], [2, 0]]);
  const refused = (more: object, text: string) => assertRejects(() => read({ ...dense, ...more }), UserError, text);
  await refused({ rows: ids(["x"]) }, "rows has 1 entries for 2");
  await refused({ matrix_type: "sparse", data: [[0, 3, 1]] }, "entry 0 is [0, 3, 1]");
  await refused({ data: [[1, 0, 2]] }, "data has 1 rows for 2");
  await refused({ shape: [2, 1e12], data: [[1], [0]] }, "entries for");
});

Deno.test("npz: BSR and DIA form are brought into rows", async () => {
  assertEquals((await readTable(sparseNpz, "bsr.npz")).values, VALUES.map((row) => [...row, 0]));
  assertEquals((await readTable(sparseNpz, "dia.npz")).values, VALUES);
});

Deno.test("parquet: numbers are values, texts are tables, pandas' index names the rows", async () => {
  const values = VALUES.map((row) => row.map((value, j) => j === 5 ? Number(value !== 0) : value));
  for (const codec of ["snappy", "gzip", "zstd", "brotli", "lz4", "none"]) {
    const read = await readTable(parquet, `${codec}.parquet`);
    assertEquals([read.values, read.rowNames, read.columnNames, read.rowTables], [values, CELLS, GENES, {
      kind: KINDS,
    }], codec);
  }
  await assertRejects(() => readTable(parquet, "odd.parquet"), UserError, `column "when" is of the type timestamp`);
  const odd = await readTable(parquet, "odd.parquet", { settings: { tables: ["when"] } });
  assertEquals(odd.rowTables.when![0], "2026-01-01T00:00:00.000Z");
  assertEquals(odd.values.map((row, i) => i === 3 ? [NaN, ...row.slice(1)] : row), odd.values);
  assertEquals(odd.values[4], values[4]);
  const wrong = () => readTable(parquet, "odd.parquet", { settings: { tables: ["wen"] } });
  assertEquals((await assertRejects(wrong, UserError)).hint, "did you mean when?");
});

testInFolder("R objects and Zarr stores are named, with what to do", (root) => {
  Deno.writeFileSync(join(root, "a.rds"), Uint8Array.of(0x1f, 0x8b, 8, 0));
  Deno.writeTextFileSync(join(root, "b.RData"), "RDX3\nX\n");
  Deno.mkdirSync(join(root, "c.zarr", "obs"), { recursive: true });
  Deno.mkdirSync(join(root, "c.zarr", "var"));
  Deno.writeTextFileSync(join(root, "c.zarr", ".zgroup"), "{}");
  const told = ["a.rds", "b.RData", "c.zarr"].map((name) => {
    const kind = kindOf(join(root, name))!;
    return `${kind.name}: ${adviceOn(kind)}`;
  });
  assertStringIncludes(told[0]!, `a file of R objects: in R: x <- readRDS("a.rds")`);
  assertStringIncludes(told[1]!, `load("b.RData")`);
  assertStringIncludes(told[2]!, `anndata.read_zarr("c.zarr").write_h5ad("c.h5ad")`);
});

/** Matrix Market files and Cell Ranger's folders: rows in any order, names, and what is wrong with a file. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { gzipSync } from "node:zlib";
import { claimant } from "../../../../core/data/readers/mod.ts";
import { matrixMarket } from "../../../../core/data/readers/matrix_market.ts";
import { OutOfOrder } from "../../../../core/data/readers/reader.ts";
import { RowBuckets } from "../../../../core/data/readers/rows.ts";
import { tenX } from "../../../../core/data/readers/ten_x.ts";
import { UserError } from "../../../../core/errors.ts";
import { readAll } from "../../../helpers/readers.ts";
import { random } from "../../../helpers/npz.ts";
import { testInFolder } from "../../../temp.ts";

const HEAD = "%%MatrixMarket matrix coordinate integer general\n";
/** 3 genes x 4 cells, one of them empty, in the order of the cells. */
const GENES_BY_CELLS = `${HEAD}% made by a test\n3 4 5\n1 1 5\n3 1 2\n2 2 1\n1 4 7\n3 4 9\n`;
const CELLS = [[5, 0, 2], [0, 1, 0], [0, 0, 0], [7, 0, 9]];

function tenXFolder(folder: string, text = GENES_BY_CELLS): string {
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(join(folder, "matrix.mtx"), text);
  Deno.writeTextFileSync(join(folder, "barcodes.tsv"), "AAA-1\nAAC-1\nAAG-1\nAAT-1\n");
  Deno.writeTextFileSync(join(folder, "genes.tsv"), "ENSG1\tTP53\nENSG2\tMYC\nENSG3\tTP53\n");
  return folder;
}

testInFolder("10x: cells with their names, genes told apart by their identifiers", async (root) => {
  const folder = tenXFolder(join(root, "sample"));
  assertEquals(claimant(folder)?.format, "10x");
  const read = await readAll(tenX, folder);
  assertEquals(read.values, CELLS);
  assertEquals(read.rowNames, ["AAA-1", "AAC-1", "AAG-1", "AAT-1"]);
  assertEquals(read.columnNames, ["TP53 (ENSG1)", "MYC", "TP53 (ENSG3)"]);
  assertEquals(read.notes, []);
});

testInFolder("10x: gzip, version 3, and names with a common start", async (root) => {
  const write = (name: string, text: string) => Deno.writeFileSync(join(root, name), gzipSync(text));
  for (const sample of ["GSM1_a_", "GSM2_b_"]) {
    write(`${sample}matrix.mtx.gz`, GENES_BY_CELLS);
    write(`${sample}barcodes.tsv.gz`, "AAA\nAAC\nAAG\nAAT\n");
    write(
      `${sample}features.tsv.gz`,
      "E1\tTP53\tGene Expression\nE2\tMYC\tGene Expression\nCD3\tCD3\tAntibody Capture\n",
    );
  }
  assertEquals(claimant(root), null); // two samples: each is a source of its own
  const path = join(root, "GSM2_b_matrix.mtx.gz");
  assertEquals(claimant(path)?.format, "10x");
  const read = await readAll(tenX, path);
  assertEquals(read.values, CELLS);
  assertEquals(read.columnNames, ["TP53", "MYC", "CD3"]);
  assert(read.notes[0]!.includes("1 Antibody Capture"), read.notes[0]);
});

testInFolder("10x: names that are not as many as cells or genes are refused", async (root) => {
  const folder = tenXFolder(join(root, "sample"));
  Deno.writeTextFileSync(join(folder, "barcodes.tsv"), "AAA-1\n");
  await assertRejects(() => readAll(tenX, folder), UserError, "has 1 lines, but the matrix has 4 cells");
});

testInFolder("mtx: entries in any order, symmetric, pattern and array files", async (root) => {
  const path = join(root, "a.mtx");
  const read = (text: string, options = {}) => {
    Deno.writeTextFileSync(path, text);
    return readAll(matrixMarket, path, options);
  };
  assertEquals((await read(GENES_BY_CELLS, { settings: { transpose: true } })).values, CELLS);
  const genes = [0, 1, 2].map((gene) => CELLS.map((cell) => cell[gene]!));
  assertEquals((await read(GENES_BY_CELLS)).values, genes);
  // Out of order after the part that is looked at first.
  const late = (first: number) =>
    `${HEAD}3 100000 70001\n` +
    Array.from({ length: 70000 }, (_, i) => `2 ${i + 1} 1\n`).join("") + `${first} 1 1\n`;
  await assertRejects(() => read(late(1)), OutOfOrder);
  assertEquals((await read(late(1), { anyOrder: true })).values[0]!.slice(0, 2), [1, 0]);
  assertEquals((await read(late(3))).values[2]!.slice(0, 2), [1, 0]);
  // Rows in order, columns not, one of them twice.
  assertEquals((await read(`${HEAD}2 3 4\n1 3 1\n1 1 2\n1 3 4\n2 2 8\n`)).values, [[2, 0, 5], [0, 8, 0]]);
  const symmetric = "%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n1 1 0.5\n2 1 -1.5e0\n";
  assertEquals((await read(symmetric)).values, [[0.5, -1.5], [-1.5, 0]]);
  const pattern = "%%MatrixMarket matrix coordinate pattern general\r\n2 2 1\r\n2 1\r\n";
  assertEquals((await read(pattern)).values, [[0, 0], [1, 0]]);
  const array = "%%MatrixMarket matrix array real general\n2 3\n1\n2\n3\n4\n5\n6";
  assertEquals((await read(array)).values, [[1, 3, 5], [2, 4, 6]]);
  // Of symmetric arrays the lower triangle stands there, column by column; of skew-symmetric ones without the diagonal.
  const triangular = "%%MatrixMarket matrix array real symmetric\n3 3\n1\n2\n3\n4\n5\n6\n";
  assertEquals((await read(triangular)).values, [[1, 2, 3], [2, 4, 5], [3, 5, 6]]);
  const strict = "%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n3\n";
  assertEquals((await read(strict)).values, [[0, -1, -2], [1, 0, -3], [2, 3, 0]]);
  const uneven = "%%MatrixMarket matrix array real symmetric\n2 3\n1\n2\n3\n";
  await assertRejects(() => read(uneven), UserError, "2 x 3 cannot be symmetric");
});

testInFolder("mtx: what is wrong has its line", async (root) => {
  const path = join(root, "a.mtx");
  const refused = async (text: string, said: string) => {
    Deno.writeTextFileSync(path, text);
    await assertRejects(() => readAll(matrixMarket, path, { anyOrder: true }), UserError, said);
  };
  await refused("hello\n", "does not begin with %%MatrixMarket");
  await refused("%%MatrixMarket matrix coordinate complex general\n1 1 1\n", "values of type complex");
  await refused(`${HEAD}3 4\n`, "line 2: these are not the sizes");
  await refused(`${HEAD}3 4 13\n`, "13 entries in 3 x 4 values");
  await refused(`${HEAD}3 4 1\n4 1 1\n`, "line 3 names row 4 of 3");
  await refused(`${HEAD}3 4 1\n1 0 1\n`, "line 3 names column 0 of 4");
  await refused(`${HEAD}3 4 1\n1 1 x\n`, "line 3 has no number as its value");
  await refused(`${HEAD}3 4 1\n1 1 1 1\n`, "line 3 has more than an entry");
  await refused(`${HEAD}3 4 2\n1 1 1\n`, "has 1 entries, but states 2");
  await refused(`${HEAD}3 4 1\n1 1 1\n1 2 1\n`, "line 4: there are more entries");
  await refused(`${HEAD}3000000000 4 1\n1 1 1\n`, "is more than");
  await refused(`${HEAD}2000000000 4 1\n1 1 1\n`, "2,000,000,000 rows, with 1 values");
  const packed = gzipSync(GENES_BY_CELLS);
  Deno.writeFileSync(path, packed.subarray(0, packed.length - 12));
  await assertRejects(() => readAll(matrixMarket, path), UserError, "is not a whole gzip file");
});

testInFolder("rows are sorted through buckets on disk", async (root) => {
  const next = random(5), rows = 300, columns = 40;
  const values = Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  const buckets = new RowBuckets(rows, 9000, root, 1000);
  try {
    for (let i = 0; i < 9000; i++) {
      const row = Math.floor(next() ** 2 * rows), column = Math.floor(next() * columns);
      buckets.add(row, column, i % 3);
      values[row]![column]! += i % 3;
    }
    const found: number[][] = [];
    for (const block of buckets.blocks(11)) {
      assert("indptr" in block);
      for (let row = 0; row < block.rows; row++) {
        const dense = new Array<number>(columns).fill(0);
        for (let at = block.indptr[row]!; at < block.indptr[row + 1]!; at++) {
          dense[block.indices[at]!] = block.data[at]!;
        }
        found.push(dense);
      }
    }
    assertEquals(found, values);
  } finally {
    await buckets.close();
  }
  assertEquals([...Deno.readDirSync(root)].length, 0);
});

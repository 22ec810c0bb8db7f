/** Tables as .npy and .csv: the same values, and nothing left behind when they cannot be finished. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../../core/errors.ts";
import { readNpy } from "../../../core/formats/npy.ts";
import { float32Text, tableKind, writeTable } from "../../../core/formats/table.ts";
import { temporary } from "../../helpers/cli.ts";
import { random } from "../../helpers/npz.ts";

Deno.test("a float32 as text comes back with the same bits", () => {
  const bits = new Uint32Array(1), value = new Float32Array(bits.buffer);
  const next = random(5);
  let compared = 0;
  const check = () => {
    if (!Number.isFinite(value[0])) return;
    const text = float32Text(value[0]!);
    assertEquals(Math.fround(Number(text)), value[0], text);
    compared++;
  };
  for (let i = 0; i < 20000; i++) {
    bits[0] = Math.floor(next() * 2 ** 32);
    check();
  }
  for (const each of [0, -0, 1, 0.1, 1e-45, 3.4028235e38, 16777216, 1 / 3]) {
    value[0] = each;
    check();
  }
  assertEquals(compared > 15000, true);
  assertEquals([0.1, 5, 1 / 3].map((each) => float32Text(Math.fround(each))), ["0.1", "5", "0.33333334"]);
  assertEquals([NaN, Infinity, -Infinity].map(float32Text), ["nan", "inf", "-inf"]);
});

async function* parts(...values: number[][]) {
  for (const part of values) yield await Promise.resolve(Float32Array.from(part));
}

Deno.test("a table has the same values as .npy and as .csv, the latter with a header and the rows' numbers", async () => {
  using folder = temporary();
  const table = { rowNumbers: [3, 5, 9], columns: ["a", 'b "c", d'] };
  const [npy, csv] = [join(folder.path, "t.npy"), join(folder.path, "t.CSV")];
  assertEquals(await writeTable(npy, table, parts([1, 2, 3, 4], [0.1, -6])), [3, 2]);
  assertEquals(await writeTable(csv, table, parts([1, 2], [3, 4, 0.1, -6])), [3, 2]);
  const { shape, data } = await readNpy(npy);
  assertEquals([shape, [...data as Float32Array]], [[3, 2], [1, 2, 3, 4, 0.1, -6].map(Math.fround)]);
  assertEquals(Deno.readTextFileSync(csv), 'row,a,"b ""c"", d"\n3,1,2\n5,3,4\n9,0.1,-6\n');
});

Deno.test("a table that cannot be finished leaves nothing, and another kind is refused", async () => {
  using folder = temporary();
  const table = { rowNumbers: [0, 1], columns: ["a"] };
  for (const name of ["t.npy", "t.csv"]) {
    await assertRejects(() => writeTable(join(folder.path, name), table, parts([1])), Error, "written of 2");
  }
  assertEquals([...Deno.readDirSync(folder.path)], []);
  for (const path of ["x.parquet", "x", "npy", "x.npy.gz"]) {
    assertThrows(() => tableKind(path, "--output"), UserError, `must end in .npy or .csv, got ${path}`);
  }
});

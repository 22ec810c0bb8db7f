/** What a look at data finds out about its values. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { ensureEngine } from "../../../core/build/ensure.ts";
import { inspectData } from "../../../core/data/inspect.ts";
import { temporary } from "../../helpers/cli.ts";
import { csrNpz, npy } from "../../helpers/npz.ts";

await ensureEngine({ quiet: true });

Deno.test("inspect: least, greatest, whole or not, zeros and sums of rows", async () => {
  using folder = temporary();
  const values = Float32Array.of(0, 1, 2.5, 0, 0, 0, 4, -1, 0);
  const dense = join(folder.path, "a.npy");
  Deno.writeFileSync(dense, npy("<f4", "3, 3", new Uint8Array(values.buffer)));
  const seen = await inspectData(dense);
  assertEquals([seen.format, seen.rows, seen.columns, seen.files], ["dense_npy", 3, 3, [dense]]);
  const { zeros, ...rest } = seen.sample;
  assertEquals(rest, {
    rows: 3,
    emptyRows: 1,
    least: -1,
    greatest: 4,
    whole: false,
    likeness: null,
    rowSums: [0, 3, 3.5],
  });
  assertAlmostEquals(zeros, 5 / 9);
});

Deno.test("inspect: stored zeros are zeros, and a large matrix is looked at in part, from all of its files", async () => {
  using folder = temporary();
  for (let file = 0; file < 3; file++) {
    const rows = 800;
    const csr = {
      rows,
      columns: 4,
      data: Float32Array.from({ length: 2 * rows }, (_, i) => i % 2 === 0 ? 0 : file + 1),
      indices: Int32Array.from({ length: 2 * rows }, (_, i) => i % 2),
      indptr: Int32Array.from({ length: rows + 1 }, (_, i) => 2 * i),
    };
    Deno.writeFileSync(join(folder.path, `x_${file}.npz`), csrNpz(csr));
  }
  const { rows, sample, path } = await inspectData(folder.path);
  assertEquals([rows, path], [2400, folder.path]);
  assertEquals([sample.least, sample.greatest, sample.whole, sample.zeros], [1, 3, true, 0.75]);
  assertEquals([sample.rows, sample.rowSums], [999, [1, 2, 3]]);
});

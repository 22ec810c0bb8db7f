/** SciPy's matrices in CSC and COO form, stored and deflated. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { zipSync } from "fflate";
import { claimant } from "../../../../core/data/readers/mod.ts";
import { sparseNpz } from "../../../../core/data/readers/sparse_npz.ts";
import { UserError } from "../../../../core/errors.ts";
import { npy } from "../../../helpers/npz.ts";
import { readAll } from "../../../helpers/readers.ts";
import { testInFolder } from "../../../temp.ts";

const VALUES = [[1, 0, 2.5, 0], [0, 0, 7, 0], [3, -1, 0, 0]];

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const ints = (values: readonly number[]) => npy("<i4", `${values.length},`, bytesOf(Int32Array.from(values)));
const longs = (values: readonly number[]) =>
  npy("<i8", `${values.length},`, bytesOf(BigInt64Array.from(values, BigInt)));
const floats = (values: readonly number[]) => npy("<f8", `${values.length},`, bytesOf(Float64Array.from(values)));

function archive(form: string, arrays: Record<string, Uint8Array>, level: 0 | 6): Uint8Array {
  const format = npy("|S3", "", new TextEncoder().encode(form));
  const members = { ...arrays, format, shape: longs([3, 4]) };
  const named = Object.entries(members).map(([name, bytes]) => [`${name}.npy`, bytes]);
  return zipSync(Object.fromEntries(named), { level });
}

const CSC = {
  indices: ints([2, 0, 2, 1, 0]),
  indptr: ints([0, 2, 3, 5, 5]),
  data: floats([3, 1, -1, 7, 2.5]),
};
const COO = { row: ints([2, 1, 0, 2, 0]), col: longs([1, 2, 0, 0, 2]), data: floats([-1, 7, 1, 3, 2.5]) };

testInFolder("npz: CSC and COO form are brought into rows", async (root) => {
  const path = join(root, "a.npz");
  for (const level of [0, 6] as const) {
    for (const [form, arrays] of [["csc", CSC], ["coo", COO]] as const) {
      Deno.writeFileSync(path, archive(form, arrays, level));
      assertEquals(claimant(path)?.format, "sparse_npz");
      assertEquals((await readAll(sparseNpz, path)).values, VALUES);
    }
  }
  Deno.writeFileSync(path, archive("bsr", CSC, 0));
  await assertRejects(() => readAll(sparseNpz, path), UserError, "with values of 1 axes");
  Deno.writeFileSync(path, archive("coo", { ...COO, row: ints([2, 1, 0, 2, 3]) }, 0));
  await assertRejects(() => readAll(sparseNpz, path), UserError, "row: 3 is not a number from 0 to 2");
  Deno.writeFileSync(path, archive("csc", { ...CSC, indptr: ints([0, 2, 1, 5, 5]) }, 0));
  await assertRejects(() => readAll(sparseNpz, path), UserError, "indptr does not fit");
  Deno.writeFileSync(path, archive("coo", { row: COO.row, data: COO.data }, 0));
  await assertRejects(() => readAll(sparseNpz, path), UserError, "has no array col");
});

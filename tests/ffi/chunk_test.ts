import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { Chunk, getNpzChunkCsrArrayPointers } from "../../ffi/chunk.ts";
import { PART, splitRows } from "../../ffi/split.ts";
import { EngineError } from "../../ffi/error.ts";
import { engine } from "../../ffi/library.ts";
import { band, npzBytes, withFiles } from "./npz_file.ts";

engine(); // the library stays open: not a leak of the test that is first

const strict = { sanitizeOps: true, sanitizeResources: true };

Deno.test({
  name: "Chunk.open reads stored and deflated files, and peek tells the same",
  ...strict,
  fn: () =>
    withFiles([npzBytes(band(7, 5)), npzBytes(band(7, 5), { compressed: false })], async (paths) => {
      const nnz = band(7, 5).data.length;
      for (const [index, path] of paths.entries()) {
        using chunk = await Chunk.open(path);
        const { mapped, bytesHeld, ...header } = chunk.info;
        assertEquals(header, {
          rows: 7,
          columns: 5,
          nnz,
          dataType: "float32",
          dense: false,
          indicesType: "int32",
          indptrType: "int32",
        });
        assertEquals(mapped, index === 0 ? 0 : 3);
        assertEquals(bytesHeld === 0, index === 1);
        assertEquals(Chunk.peek(path), header);
        assertEquals([chunk.rows, chunk.columns, chunk.nnz, chunk.path], [7, 5, nnz, path]);
      }
    }),
});

Deno.test({
  name: "getNpzChunkCsrArrayPointers hands out the arrays without a copy",
  ...strict,
  fn: () =>
    withFiles([npzBytes(band(4, 3)), npzBytes(band(4, 3), { compressed: false })], async (paths) => {
      for (const path of paths) {
        using chunk = await Chunk.open(path);
        const arrays = getNpzChunkCsrArrayPointers(chunk);
        const read = (pointer: Deno.PointerObject, count: number) =>
          new Deno.UnsafePointerView(pointer).getArrayBuffer(4 * count).slice(0);
        const { data, indices, indptr } = band(4, 3);
        assertEquals([...new Float32Array(read(arrays.data, arrays.nnz))], data);
        assertEquals([...new Int32Array(read(arrays.indices, arrays.nnz))], indices);
        assertEquals([...new Int32Array(read(arrays.indptr, arrays.rows + 1))], indptr);
        assertEquals(getNpzChunkCsrArrayPointers(chunk), arrays);
      }
    }),
});

Deno.test({
  name: "Chunk.close may be called again, and a closed chunk says so",
  ...strict,
  fn: () =>
    withFiles([npzBytes(band(2, 3))], async ([path]) => {
      const chunk = await Chunk.open(path!);
      assert(!chunk.closed);
      chunk.close();
      chunk.close();
      assert(chunk.closed);
      const error = assertThrows(() => getNpzChunkCsrArrayPointers(chunk), EngineError);
      assertEquals(error.status, "closed");
      assertEquals(chunk.rows, 2);
    }),
});

Deno.test({
  name: "Chunk.open names file, member and field of what is wrong",
  ...strict,
  fn: async () => {
    const whole = npzBytes(band(6, 4));
    const outside = { ...band(2, 3), indices: [0, 1, 2, 1, 7] };
    const files = [npzBytes(band(2, 2), { format: "csc" }), whole.slice(0, 300), npzBytes(outside), new Uint8Array(0)];
    await withFiles(files, async (paths) => {
      const expected = [
        "format.npy: format: must be 'csr', got 'csc'; save x.tocsr() instead",
        "zip directory: not found",
        "indices.npy: row 1: column 7 is not in [0, 3)",
        "the file is empty",
      ];
      for (const [index, path] of paths.entries()) {
        const error = await assertRejects(() => Chunk.open(path), EngineError);
        assertEquals(error.status, "format");
        assertStringIncludes(error.message, `${path}: ${expected[index]}`);
        assert(!error.message.includes("\n"));
      }
    });
    const missing = await assertRejects(() => Chunk.open("/nowhere/ü.npz"), EngineError);
    assertEquals([missing.status, missing.message.split(":")[0]], ["io", "/nowhere/ü.npz"]);
    assertThrows(() => Chunk.peek(""), EngineError, "path: is empty");
  },
});

Deno.test({
  name: "Chunk.open keeps to its budget",
  ...strict,
  fn: () =>
    withFiles([npzBytes(band(100, 50))], async ([path]) => {
      const error = await assertRejects(() => Chunk.open(path!, { budgetBytes: 1000 }), EngineError, "the budget is");
      assertEquals(error.status, "out_of_memory");
      for (const budgetBytes of [-1, 0.5, NaN, Infinity]) {
        await assertRejects(() => Chunk.open(path!, { budgetBytes }), EngineError, "budgetBytes: must be");
      }
    }),
});

Deno.test("splitRows is a function of seed and global row", () => {
  const shares = { train: 0.6, validation: 0.3 };
  const all = splitRows({ seed: 1, firstRow: 0, rows: 1000, ...shares });
  assertEquals(splitRows({ seed: 1n, firstRow: 400, rows: 100, ...shares }), all.slice(400, 500));
  for (const part of Object.values(PART)) assert(all.filter((value) => value === part).length > 50);
  assert(splitRows({ seed: 2, firstRow: 0, rows: 1000, ...shares }).some((value, row) => value !== all[row]));
  assert(splitRows({ seed: 1, firstRow: 0, rows: 100, train: 1, validation: 0 }).every((part) => part === PART.train));
  assertEquals(splitRows({ seed: 1, firstRow: 0, rows: 0, ...shares }).length, 0);
  for (const wrong of [{ train: -0.1 }, { train: NaN }, { validation: 0.5 }, { seed: -1 }, { rows: 1.5 }]) {
    const options = { seed: 1, firstRow: 0, rows: 10, ...shares, ...wrong };
    assertEquals(assertThrows(() => splitRows(options), EngineError).status, "invalid_argument");
  }
});

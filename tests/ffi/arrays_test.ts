/** Chunk.fromArrays: what a script may hand over, and what it is told when it is wrong. */
import { assertEquals, assertNotEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { MatrixArrays } from "../../ffi/arrays.ts";
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { engine } from "../../ffi/library.ts";

engine(); // the library stays open: not a leak of the test that is first

const strict = { sanitizeOps: true, sanitizeResources: true };

/** All targets of the one batch that a chunk makes, row by row: dense. */
async function targets(chunk: Chunk): Promise<number[]> {
  const values = new Array<number>(chunk.rows * chunk.columns).fill(0);
  using batches = new BatchCreator([chunk], 1, 1, { batchSize: chunk.rows });
  for await (const { rows, rowPtr, columns, target } of batches) {
    for (let row = 0; row < rows; row++) {
      for (let k = rowPtr[row]!; k < rowPtr[row + 1]!; k++) values[row * chunk.columns + columns[k]!] = target[k]!;
    }
  }
  return values;
}

const DENSE = [1, 0, 3, 4, 5, 6];
const CSR = { indptr: [0, 2, 5], indices: [0, 2, 0, 1, 2], data: [1, 3, 4, 5, 6] };

Deno.test({
  name: "Chunk.fromArrays takes dense values of every type",
  ...strict,
  fn: async () => {
    const arrays = [
      Float32Array.from(DENSE),
      Float64Array.from(DENSE),
      Float16Array.from(DENSE),
      Int8Array.from(DENSE),
      Int16Array.from(DENSE),
      Int32Array.from(DENSE),
      BigInt64Array.from(DENSE.map(BigInt)),
      Uint8Array.from(DENSE),
      Uint8ClampedArray.from(DENSE),
      Uint16Array.from(DENSE),
      Uint32Array.from(DENSE),
      BigUint64Array.from(DENSE.map(BigInt)),
    ];
    for (const values of arrays) {
      using chunk = Chunk.fromArrays({ values, columns: 3 });
      assertEquals([chunk.rows, chunk.columns, chunk.info.dense, chunk.path], [2, 3, true, "memory"]);
      assertEquals(await targets(chunk), DENSE);
    }
    const shared = new Float32Array(new SharedArrayBuffer(24));
    shared.set(DENSE);
    using chunk = Chunk.fromArrays({ values: shared, columns: 3 });
    assertEquals(await targets(chunk), DENSE);
  },
});

Deno.test({
  name: "Chunk.fromArrays takes CSR arrays, views into larger ones too, and keeps a copy",
  ...strict,
  fn: async () => {
    const wide = (values: readonly number[]) => BigInt64Array.from(values.map(BigInt));
    const view = Int32Array.from([9, ...CSR.indices, 9]).subarray(1, 6);
    const forms: MatrixArrays[] = [
      { indptr: Int32Array.from(CSR.indptr), indices: view, data: Float32Array.from(CSR.data), columns: 3 },
      { indptr: wide(CSR.indptr), indices: wide(CSR.indices), data: Uint8Array.from(CSR.data), columns: 3, rows: 2 },
      {
        indptr: Uint32Array.from(CSR.indptr),
        indices: BigUint64Array.from(CSR.indices.map(BigInt)),
        data: Float64Array.from(CSR.data),
        columns: 3,
      },
    ];
    for (const arrays of forms) {
      using chunk = Chunk.fromArrays(arrays, "counts");
      const digest = chunk.digest();
      if (!("indices" in arrays)) continue;
      const { buffer, byteOffset, byteLength } = arrays.indices;
      new Uint8Array(buffer, byteOffset, byteLength).fill(0);
      assertEquals(await targets(chunk), DENSE);
      assertEquals(chunk.digest(), digest);
    }
  },
});

Deno.test("Chunk.digest changes with a value, a shape and a type", () => {
  const digest = (arrays: MatrixArrays) => {
    using chunk = Chunk.fromArrays(arrays);
    return chunk.digest();
  };
  const values = Float32Array.from(DENSE);
  const first = digest({ values, columns: 3 });
  assertEquals(digest({ values: values.slice(), columns: 3 }), first);
  assertNotEquals(digest({ values, columns: 2 }), first);
  assertNotEquals(digest({ values: Float64Array.from(DENSE), columns: 3 }), first);
  assertNotEquals(digest({ values: values.with(5, 7), columns: 3 }), first);
});

Deno.test("Chunk.fromArrays refuses what is no matrix, naming array and place", () => {
  const csr = {
    indptr: Int32Array.from(CSR.indptr),
    indices: Int32Array.from(CSR.indices),
    data: Float32Array.from(CSR.data),
    columns: 3,
  };
  const values = Float32Array.from(DENSE);
  const gone = new Float32Array(6);
  gone.buffer.transfer();
  const cases: [unknown, string][] = [
    [{ values: DENSE, columns: 3 }, "x: values: must be a typed array such as Float32Array, got an Array"],
    [{ values: undefined, columns: 3 }, "x: values: must be a typed array such as Float32Array, got undefined"],
    [{ values: gone, columns: 3 }, "x: values: its memory was handed to somebody else (detached)"],
    [{ values, columns: 4 }, "x: values: length: must be rows x columns = 4, got 6"],
    [{ values, columns: 3, rows: 3 }, "x: values: length: must be rows x columns = 9, got 6"],
    [{ values, columns: 0 }, "x: columns: must be a whole number of 1 to 4294967295, got 0"],
    [{ values }, "x: columns: must be a whole number of 1 to 4294967295, got undefined"],
    [{ ...csr, rows: 4 }, "x: indptr: length: must be rows + 1 = 5, got 3"],
    [{ ...csr, indptr: Int32Array.of(0, 3, 2) }, "x: indptr: row 1: decreases from 3 to 2"],
    [
      { ...csr, indptr: Int32Array.of(0, 2, 4) },
      "x: indptr: last value: must be 5, the number of stored entries, got 4",
    ],
    [{ ...csr, indptr: new Int32Array(0) }, "x: indptr: length: must be rows + 1 = 1, got 0"],
    [{ ...csr, indptr: Float32Array.of(0, 2, 5) }, "x: indptr: type: must be an integer of 32 or 64 bits"],
    [{ ...csr, indices: Int32Array.of(0, 2, 0, 1, -1) }, "x: indices: row 1: column -1 is not in [0, 3)"],
    [{ ...csr, indices: Int32Array.of(0, 2, 0, 1, 3) }, "x: indices: row 1: column 3 is not in [0, 3)"],
    [{ ...csr, indices: Int32Array.of(0) }, "x: indices: length: must be the length of data = 5, got 1"],
    [{ ...csr, data: [1, 2] }, "x: data: must be a typed array such as Float32Array, got an Array"],
  ];
  for (const [arrays, message] of cases) {
    const error = assertThrows(() => Chunk.fromArrays(arrays as MatrixArrays, "x"), EngineError);
    assertEquals(error.message, message);
  }
});

Deno.test("Chunk.fromArrays: a value that is none is named when its batch is cut", async () => {
  using chunk = Chunk.fromArrays({ values: Float64Array.of(1, 2, 3, NaN), columns: 2 }, "x");
  const error = await targets(chunk).then(() => "", (error) => String(error));
  assertStringIncludes(error, "x: row 1, column 1: ");
  assertStringIncludes(error, "nan");
});

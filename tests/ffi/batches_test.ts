import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { BatchCreator, type BatchOptions, type BatchView } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { engine } from "../../ffi/library.ts";
import { band, type CsrMatrix, npzBytes, withFiles } from "./npz_file.ts";

engine(); // the library stays open: not a leak of the test that is first

/** Two chunks of 12 and 9 rows, 8 columns. */
async function withChunks(use: (chunks: Chunk[]) => Promise<void>): Promise<void> {
  await withFiles([npzBytes(band(12, 8)), npzBytes(band(9, 8), { compressed: false })], async (paths) => {
    const chunks = await Promise.all(paths.map((path) => Chunk.open(path)));
    try {
      await use(chunks);
    } finally {
      chunks.forEach((chunk) => chunk.close());
    }
  });
}

function test(name: string, use: (chunks: Chunk[]) => Promise<void>): void {
  Deno.test({ name, sanitizeOps: true, sanitizeResources: true, fn: () => withChunks(use) });
}

async function drain(chunks: readonly Chunk[], preload: number, workers: number, options: BatchOptions) {
  using creator = new BatchCreator(chunks, preload, workers, options);
  return await Array.fromAsync(creator);
}

test("batches in file order hold what the files hold", async (chunks) => {
  const batches = await drain(chunks, 2, 2, { batchSize: 6 });
  assertEquals(batches.map(({ number, rows }) => [number, rows]), [[0, 6], [1, 6], [2, 6], [3, 3]]);
  const rows = (matrix: CsrMatrix) =>
    matrix.indptr.slice(1).map((end, row) => {
      const start = matrix.indptr[row]!;
      return [matrix.indices.slice(start, end), matrix.data.slice(start, end)];
    });
  const got = batches.flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row) => {
      const [start, end] = [batch.rowPtr[row]!, batch.rowPtr[row + 1]!];
      return [[...batch.columns.slice(start, end)], [...batch.target.slice(start, end)]];
    })
  );
  assertEquals(got, [...rows(band(12, 8)), ...rows(band(9, 8))]);
  assertEquals(batches.flatMap((batch) => [...batch.rowIds]), Array.from({ length: 21 }, (_, row) => BigInt(row)));
  for (const batch of batches) assertEquals(batch.input, batch.target);
});

test("batches are the same with any number of workers and preloaded batches", async (chunks) => {
  const options: BatchOptions = {
    batchSize: 4,
    shuffle: true,
    seed: 3,
    epoch: 1,
    maskRate: 0.4,
    transforms: [{ kind: "library_size", target: 10 }, { kind: "log1p" }],
  };
  const expected = await drain(chunks, 1, 1, options);
  assertEquals(expected.length, 6);
  for (const [preload, workers] of [[1, 2], [3, 2], [8, 4]] as const) {
    assertEquals(await drain(chunks, preload, workers, options), expected);
  }
  assertEquals(await drain(chunks, 2, 2, { ...options, firstBatch: 4 }), expected.slice(4));
  assertEquals(await drain(chunks, 2, 2, { ...options, dropLast: true }), expected.slice(0, 5));
  assertNotEquals(await drain(chunks, 2, 2, { ...options, epoch: 2 }), expected);
  assert(expected.some((batch) => batch.input.some((value, index) => value !== batch.target[index])));
});

test("inputs may have transforms that targets have not", async (chunks) => {
  const transforms = [{ kind: "scale", factor: 2 }] as const, inputTransforms = [{ kind: "log1p" }] as const;
  const [got, scaled, both] = await Promise.all([
    drain(chunks, 2, 2, { batchSize: 6, transforms, inputTransforms }),
    drain(chunks, 2, 2, { batchSize: 6, transforms }),
    drain(chunks, 2, 2, { batchSize: 6, transforms: [...transforms, ...inputTransforms] }),
  ]);
  assertEquals(got.map(({ target }) => target), scaled.map(({ target }) => target));
  assertEquals(got.map(({ input }) => input), both.map(({ target }) => target));
});

test("rows, row offsets and transforms are taken as given", async (chunks) => {
  const [batch] = await drain(chunks, 1, 1, {
    batchSize: 3,
    rows: Uint32Array.of(20, 0, 12),
    rowOffsets: [100, 5000],
    transforms: [{ kind: "scale", factor: 2 }, { kind: "clip", min: 0, max: 10 }, { kind: "binarize", threshold: 2 }],
  });
  assertEquals([...batch!.rowIds], [5008n, 100n, 5000n]);
  assertEquals([...batch!.rowPtr], [0, 3, 3, 3]); // of 9, 1 and 1: 18 is clipped to 10, 2 is not above 2
  assertEquals([...batch!.target], [1, 1, 1]);
});

test("a view stays valid after the creator is gone", async (chunks) => {
  let first: BatchView | null;
  {
    using creator = new BatchCreator(chunks, 1, 1, { batchSize: 5 });
    first = await creator.next();
    while (await creator.next() !== null);
    assertEquals(await creator.next(), null);
  }
  const [again] = await drain(chunks, 1, 1, { batchSize: 5 });
  assertEquals(first, again!);
});

test("a creator outlives its chunks' handles", async (chunks) => {
  using creator = new BatchCreator(chunks, 2, 1, { batchSize: 5 });
  chunks.forEach((chunk) => chunk.close());
  assertEquals((await Array.fromAsync(creator)).length, 5);
  assertEquals(
    assertThrows(() => new BatchCreator(chunks, 1, 1, { batchSize: 5 }), EngineError).status,
    "closed",
  );
});

test("info counts batches", async (chunks) => {
  using creator = new BatchCreator(chunks, 2, 1, { batchSize: 5 });
  await creator.next();
  const info = creator.info();
  assertEquals([info.batches, info.nextBatch, info.rows, info.columns], [5, 1, 21, 8]);
  assert(info.cut >= 1 && info.ready <= 2 && info.waitedMs >= 0);
});

test("stop and close end the creator at any moment", async (chunks) => {
  const creator = new BatchCreator(chunks, 1, 1, { batchSize: 2 });
  await creator.next();
  creator.stop();
  creator.stop();
  assertEquals((await assertRejects(() => creator.next(), EngineError)).status, "stopped");
  creator.close();
  creator.close();
  assertEquals((await assertRejects(() => creator.next(), EngineError)).status, "closed");
  assertThrows(() => creator.info(), EngineError, "closed");
});

test("close while a call is in flight waits for its end", async (chunks) => {
  for (let round = 0; round < 50; ++round) {
    const creator = new BatchCreator(chunks, 1, 1, { batchSize: 1 });
    const calls = [creator.next(), creator.next(), creator.next()];
    creator.close();
    for (const result of await Promise.allSettled(calls)) {
      if (result.status === "fulfilled") continue; // it had its batch before the close
      assert(result.reason instanceof EngineError, String(result.reason));
      assert(["closed", "stopped", "busy"].includes(result.reason.status));
    }
  }
});

test("one batch is taken at a time, and stays whole", async (chunks) => {
  using all = new BatchCreator(chunks, 2, 1, { batchSize: 1 });
  using creator = new BatchCreator(chunks, 2, 1, { batchSize: 1 });
  for await (const expected of all) {
    const [first, second] = await Promise.allSettled([creator.next(), creator.next()]);
    assertEquals(first.status === "fulfilled" && first.value, expected);
    assert(second.status === "rejected" && second.reason.status === "busy");
  }
});

test("numbers that do not fit are refused by name", async (chunks) => {
  const refused = (part: string, options: Partial<BatchOptions>, preload = 1, workers = 1) => {
    const create = () => new BatchCreator(chunks, preload, workers, { batchSize: 2, ...options });
    assertEquals(assertThrows(create, EngineError, part).status, "invalid_argument");
  };
  refused("batchSize: must be a whole number of 1 to 4294967295, got 0", { batchSize: 0 });
  refused("batchSize: must be", { batchSize: 1.5 });
  refused("preloadedBatches: must be", {}, 0);
  refused("workers: must be", {}, 1, -1);
  refused("workers: must be", {}, 1, NaN);
  refused("seed: must be", { seed: -1 });
  refused("seed: must be", { seed: 2n ** 64n });
  refused("epoch: must be", { epoch: 2 ** 32 });
  refused("firstBatch: must be", { firstBatch: -1 });
  refused("first batch: is beyond the last batch", { firstBatch: 12 });
  refused("maskRate: must be", { maskRate: 1.1 });
  refused("rowOffsets: must be one for each of the 2 chunks", { rowOffsets: [0] });
  refused("rows: row 21 does not exist, since the chunks have 21 rows", { rows: Uint32Array.of(21) });
  refused("transform clip: min must be at most 0", { transforms: [{ kind: "clip", min: 1, max: 2 }] });
  assertThrows(() => new BatchCreator([], 1, 1, { batchSize: 2 }), EngineError, "at least one");
  using creator = new BatchCreator(chunks, 1, 1, { batchSize: 2 });
  await assertRejects(() => creator.next({ timeoutMs: NaN }), EngineError, "timeoutMs: must be");
});

Deno.test({
  name: "a value that is not finite is an error of its batch",
  sanitizeOps: true,
  sanitizeResources: true,
  fn: () => {
    const matrix = band(6, 4);
    const data = matrix.data.with(matrix.indptr[4]! + 1, NaN);
    return withFiles([npzBytes({ ...matrix, data })], async ([path]) => {
      using chunk = await Chunk.open(path!);
      using creator = new BatchCreator([chunk], 3, 2, { batchSize: 2 });
      assertEquals((await creator.next())?.number, 0);
      assertEquals((await creator.next())?.number, 1);
      const error = await assertRejects(() => creator.next(), EngineError);
      assertEquals(error.message, `${path}: row 4, column 1: a value of nan is not a finite 32-bit float`);
    });
  },
});

/** Random changes of dense rows: what they do, how often, and that they depend on seed, epoch and row alone. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ensureEngine } from "../../core/build/ensure.ts";
import { BatchCreator, type BatchOptions, type Transform } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { random } from "../helpers/npz.ts";

await ensureEngine({ quiet: true });

const ROWS = 400, CHANNELS = 2, HEIGHT = 3, WIDTH = 5, COLUMNS = CHANNELS * HEIGHT * WIDTH;
const SHAPE = [CHANNELS, HEIGHT, WIDTH];
const next = random(3);
const VALUES = Float32Array.from({ length: ROWS * COLUMNS }, () => 2 * next() - 1);
const rowOf = (values: Float32Array, row: number) => [...values.subarray(row * COLUMNS, (row + 1) * COLUMNS)];

/** All rows in their order after the transforms; the inputs too. */
async function changed(transforms: readonly Transform[], more: Partial<BatchOptions> & { workers?: number } = {}) {
  using chunk = Chunk.fromArrays({ values: VALUES, columns: COLUMNS });
  const { workers = 2, ...options } = more;
  const batches = new BatchCreator([chunk], 4, workers, {
    batchSize: 33,
    seed: 5,
    epoch: 1,
    rowShape: SHAPE,
    transforms,
    ...options,
  });
  const targets: number[] = [], inputs: number[] = [];
  try {
    for await (const { target, input } of batches) {
      targets.push(...target);
      inputs.push(...input);
    }
  } finally {
    batches.close();
  }
  return { targets: Float32Array.from(targets), inputs: Float32Array.from(inputs) };
}

/** A row with its place (c, y, x) taken from `from(c, y, x)`. */
const moved = (row: number, from: (y: number, x: number) => readonly [number, number]) =>
  Array.from({ length: COLUMNS }, (_, i) => {
    const x = i % WIDTH, y = Math.floor(i / WIDTH) % HEIGHT, page = Math.floor(i / WIDTH / HEIGHT);
    const [fromY, fromX] = from(y, x);
    return VALUES[row * COLUMNS + (page * HEIGHT + fromY) * WIDTH + fromX]!;
  });

Deno.test("random transforms: flips, along width and along height, of half of the rows", async () => {
  const axes = {
    horizontal: (y: number, x: number) => [y, WIDTH - 1 - x] as const,
    vertical: (y: number, x: number) => [HEIGHT - 1 - y, x] as const,
  };
  for (const axis of ["horizontal", "vertical"] as const) {
    const { targets } = await changed([{ kind: "flip", axis }]);
    let flipped = 0;
    for (let row = 0; row < ROWS; row++) {
      const is = rowOf(targets, row);
      const isFlipped = is[0] !== VALUES[row * COLUMNS];
      assertEquals(is, isFlipped ? moved(row, axes[axis]) : rowOf(VALUES, row));
      flipped += Number(isFlipped);
    }
    assert(flipped > 160 && flipped < 240, `${axis}: ${flipped} of ${ROWS}`);
  }
});

Deno.test("random transforms: shifts by up to so many places, with the values at the edges beyond them", async () => {
  const { targets } = await changed([{ kind: "shift", height: 1, width: 2 }]);
  const seen = new Map<string, number>();
  const clamp = (value: number, size: number) => Math.max(0, Math.min(size - 1, value));
  for (let row = 0; row < ROWS; row++) {
    const is = String(rowOf(targets, row));
    let found = "";
    for (let down = -1; down <= 1; down++) {
      for (let right = -2; right <= 2; right++) {
        const expected = moved(row, (y, x) => [clamp(y - down, HEIGHT), clamp(x - right, WIDTH)]);
        if (String(expected) === is) found = `${down} ${right}`;
      }
    }
    assert(found !== "", `row ${row} is no shifted row`);
    seen.set(found, (seen.get(found) ?? 0) + 1);
  }
  assertEquals(seen.size, 15);
  assert([...seen.values()].every((count) => count > 8 && count < 50), [...seen.values()].join(" "));
});

Deno.test("random transforms: gain, polarity and noise", async () => {
  const gains = await changed([{ kind: "gain", low: 0.5, high: 2 }]);
  const factors = Array.from({ length: ROWS }, (_, row) => gains.targets[row * COLUMNS]! / VALUES[row * COLUMNS]!);
  factors.forEach((factor, row) => {
    assert(factor >= 0.5 && factor <= 2.000001, `${factor}`);
    rowOf(gains.targets, row).forEach((value, i) =>
      assertAlmostEquals(value, factor * VALUES[row * COLUMNS + i]!, 1e-5)
    );
  });
  assertAlmostEquals(factors.reduce((sum, factor) => sum + factor, 0) / ROWS, 1.25, 0.1);
  const signs = await changed([{ kind: "polarity" }]);
  let turned = 0;
  for (let row = 0; row < ROWS; row++) {
    const sign = Math.sign(signs.targets[row * COLUMNS]! / VALUES[row * COLUMNS]!);
    assertEquals(rowOf(signs.targets, row), rowOf(VALUES, row).map((value) => sign * value));
    turned += Number(sign < 0);
  }
  assert(turned > 160 && turned < 240, `${turned}`);
  const noisy = await changed([{ kind: "noise", deviation: 0.1 }]);
  const noise = noisy.targets.map((value, i) => value - VALUES[i]!);
  const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
  const variance = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
  const fourth = noise.reduce((sum, value) => sum + value ** 4, 0) / noise.length / variance ** 2;
  assertAlmostEquals(mean, 0, 0.004);
  assertAlmostEquals(Math.sqrt(variance), 0.1, 0.004);
  assertAlmostEquals(fourth, 3, 0.25); // of a normal distribution
  const neighbours = noise.reduce((sum, value, i) => sum + value * (noise[i + 1] ?? 0), 0) / noise.length / variance;
  assertAlmostEquals(neighbours, 0, 0.04);
});

Deno.test("random transforms: the same bits with any workers, batches and start, other ones in another epoch and for another seed", async () => {
  const all: Transform[] = [
    { kind: "flip", axis: "horizontal" },
    { kind: "scale", factor: 2 },
    { kind: "shift", height: 1, width: 1 },
    { kind: "gain", low: 0.9, high: 1.1 },
    { kind: "noise", deviation: 0.05 },
    { kind: "polarity" },
  ];
  const { targets, inputs } = await changed(all);
  assertEquals(inputs, targets, "both are changed alike");
  assertEquals((await changed(all, { workers: 1, batchSize: 7 })).targets, targets);
  assertEquals((await changed(all, { firstBatch: 3 })).targets, targets.subarray(3 * 33 * COLUMNS));
  assert(String((await changed(all, { epoch: 2 })).targets) !== String(targets));
  assert(String((await changed(all, { seed: 6 })).targets) !== String(targets));
  const denoising = await changed([], { inputTransforms: [{ kind: "noise", deviation: 0.1 }] });
  assertEquals(denoising.targets, VALUES);
  assert(denoising.inputs.every((value, i) => value !== VALUES[i]));
});

Deno.test("random transforms: what they cannot take is refused", () => {
  const noise: Transform = { kind: "noise", deviation: 1 };
  using sparse = Chunk.fromArrays({
    data: Float32Array.of(1),
    indices: Int32Array.of(0),
    indptr: Int32Array.of(0, 1),
    columns: 3,
  });
  using dense = Chunk.fromArrays({ values: VALUES, columns: COLUMNS });
  const make = (chunk: Chunk, transforms: readonly Transform[], rowShape?: readonly number[]) => () =>
    new BatchCreator([chunk], 1, 1, { batchSize: 1, transforms, ...rowShape ? { rowShape } : {} });
  assertThrows(make(sparse, [noise]), EngineError, "take dense rows");
  assertThrows(make(dense, [noise], [1, 7, 5]), EngineError, "the shape does not fit the rows");
  assertThrows(make(dense, [{ kind: "noise", deviation: -1 }]), EngineError, "standard deviation");
  assertThrows(make(dense, [{ kind: "gain", low: 2, high: 1 }]), EngineError, "a lower and a higher number");
  assertThrows(make(dense, Array(17).fill(noise)), EngineError, "there may be 16");
});

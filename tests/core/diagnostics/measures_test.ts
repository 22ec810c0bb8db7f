/** What diagnostics compute, against SciPy and NumPy (tests/golden/make_diagnostics.py) and by hand. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import golden from "../../golden/diagnostics.json" with { type: "json" };
import { activationsOf } from "../../../core/diagnostics/activations.ts";
import { type ParameterAbout, sampleOf } from "../../../core/diagnostics/diagnostic.ts";
import { diverging, grey, imageOf, rasterOf } from "../../../core/diagnostics/drawing.ts";
import { firingOf } from "../../../core/diagnostics/firing.ts";
import { singularValues } from "../../../core/diagnostics/singular.ts";
import { binned, largestOf, means, quantileOf } from "../../../core/diagnostics/numbers.ts";
import { characteristic, ranked } from "../../../core/diagnostics/rows.ts";
import { symmetricEigen } from "../../../core/diagnostics/symmetric.ts";
import { addPeriodogram } from "../../../core/diagnostics/spectrum.ts";
import { Fourier } from "../../../core/data/steps/fourier.ts";

Deno.test("spectrum: as SciPy's periodogram, of even and odd lengths", () => {
  for (const { x, power } of golden.spectra) {
    const found = new Float64Array(power.length), largest = Math.max(...power);
    addPeriodogram(x, new Fourier(x.length), golden.rate, found);
    power.forEach((value, k) => assertAlmostEquals(found[k]!, value, 1e-9 * largest));
  }
});

Deno.test("jacobian: singular values and ranks are NumPy's, and right singular vectors are orthonormal", async () => {
  for (const { rows, width, values, singular, rank } of golden.matrices) {
    const found = await singularValues(values, rows, width);
    singular.forEach((value, k) => assertAlmostEquals(found.values[k]!, value, 1e-6 * singular[0]!));
    assertEquals(found.values.filter((value) => value > rows * 2 ** -23 * found.values[0]!).length, rank);
    found.right.forEach((a, i) =>
      found.right.forEach((b, k) =>
        assertAlmostEquals(a.reduce((sum, value, j) => sum + value * b[j]!, 0), i === k ? 1 : 0, 1e-9)
      )
    );
    // The first one is stretched by the first singular value.
    const stretched = Array.from(
      { length: rows },
      (_, r) => found.right[0]!.reduce((sum, value, j) => sum + value * values[r * width + j]!, 0),
    );
    assertAlmostEquals(Math.hypot(...stretched), singular[0]!, 1e-6 * singular[0]!);
  }
});

Deno.test("eigenvalues of symmetric matrices: by rotations and by the library, and vectors that belong to them", async () => {
  for (const width of [1, 2, 17, 64, 65, 90]) {
    const matrix = new Float64Array(width * width);
    for (let a = 0; a < width; a++) {
      for (let b = 0; b <= a; b++) {
        const value = Math.sin(a * 12.9 + b * 78.2) + (a === b ? a % 3 : 0); // some values lie near each other
        matrix[a * width + b] = matrix[b * width + a] = value;
      }
    }
    const { values, vectors } = await symmetricEigen(matrix, width);
    assertEquals([values.length, vectors.length], [width, width]);
    assert(values.every((value, k) => k === 0 || value <= values[k - 1]!));
    vectors.forEach((vector, k) => {
      assertAlmostEquals(Math.hypot(...vector), 1, 1e-12);
      assert(Math.max(...vector) >= -Math.min(...vector), "its largest entry is positive");
      for (let a = 0; a < width; a++) {
        const product = vector.reduce((sum, value, b) => sum + matrix[a * width + b]! * value, 0);
        assertAlmostEquals(product, values[k]! * vector[a]!, 1e-10 * width);
      }
    });
    const trace = Array.from({ length: width }, (_, k) => matrix[k * width + k]!).reduce(
      (sum, value) => sum + value,
      0,
    );
    assertAlmostEquals(values.reduce((sum, value) => sum + value, 0), trace, 1e-10 * width);
  }
  assertEquals((await symmetricEigen(new Float64Array(9), 3)).values, [0, 0, 0]);
});

Deno.test("firing: dead units and shares of rows by hand; a code that is 0 everywhere has none", () => {
  const { density, ...found } = firingOf(Float64Array.of(0, 1, 100, 10, 0), 100);
  assertEquals(found, { rows: 100, units: 5, dead: 2, active: 1.11, median: 0.1, largest: 1 });
  assertEquals([density.min, density.max, density.counts.length], [-2, 0, 30]);
  assertEquals([density.counts[0], density.counts[15], density.counts[29]], [1, 1, 1]);
  const none = firingOf(new Float64Array(3), 7);
  assertEquals([none.dead, none.active, none.median, none.density.counts], [3, 0, 0, []]);
});

Deno.test("activations: dead units, zeros and saturation by hand; channels are units of a layer with a shape", () => {
  const layer = { name: "encoder.1", kind: "tanh", shape: [3], bounds: [-1, 1], outputs: 3 };
  // Unit 0 is always 0, unit 1 is near a bound in one of two rows, unit 2 changes.
  const found = activationsOf(Float32Array.from([0, 0.995, 0.25, 0, 0.5, -0.25]), 2, layer);
  assertEquals([found.units, found.dead, found.zeros, found.saturated], [3, 1, 0.333333, 0.166667]);
  assertEquals([found.active.counts[0], found.active.counts[19]], [1, 2]);
  assertAlmostEquals(found.mean, 1.495 / 6, 1e-6);
  const shaped = activationsOf(Float32Array.from([0, 0, 1, 2, 0, 0, 1, 2]), 2, {
    ...{ name: "encoder.0", kind: "relu", shape: [2, 2], bounds: null, outputs: 4 },
  });
  assertEquals([shaped.units, shaped.dead, shaped.zeros, shaped.saturated], [2, 1, 0.5, null]);
});

Deno.test("rows: columns of a row for comparisons are its largest values and what is furthest from the mean, whatever a run makes of it", () => {
  const columns = 200, rows = 10;
  const truth = new Float32Array(columns), sum = new Float64Array(columns);
  for (let j = 0; j < 16; j++) truth[j] = 5 + j; // the largest ones
  for (let j = 100; j < 108; j++) sum[j] = rows * 3; // zeros where other rows have something
  truth[150] = 1;
  const choose = characteristic({ rows, sum });
  const found = choose(truth, new Float32Array(columns), 24);
  assertEquals(found, [
    ...Array.from({ length: 16 }, (_, i) => 15 - i),
    ...Array.from({ length: 8 }, (_, i) => 100 + i),
  ]);
  assertEquals(choose(truth, new Float32Array(columns).fill(9), 24), found);
  assertEquals(choose(truth.subarray(0, 3), new Float32Array(3), 24), [2, 1, 0]);
});

Deno.test("rows: the worst, the middle and the best, none twice, as many as there are", () => {
  const errors = Float64Array.from([3, 9, 1, 7, 5, 4, 8]);
  assertEquals(ranked(errors, 2), [
    { rank: "worst", at: 1 },
    { rank: "worst", at: 6 },
    { rank: "median", at: 3 },
    { rank: "median", at: 4 },
    { rank: "best", at: 2 },
    { rank: "best", at: 0 },
  ]);
  assertEquals(ranked(Float64Array.of(2, 1), 3).map(({ at }) => at), [0, 1]);
  assertEquals(ranked(Float64Array.of(2), 3), [{ rank: "worst", at: 0 }]);
});

Deno.test("numbers: largest places, quantiles, bins and means", () => {
  assertEquals(largestOf([1, 5, 3, 5, 2], 3), [1, 3, 2]);
  assertEquals([largestOf([1, 2], 9), largestOf([1, 2], 0)], [[1, 0], []]);
  assertEquals(quantileOf(Float64Array.of(1, 2, 4), 0.75), 3);
  assertEquals(binned([0, 1, 1, 2], 2), { min: 0, max: 2, counts: [1, 3] });
  assertEquals(binned([7, 7], 2), { min: 7, max: 7, counts: [2, 0] });
  assertEquals(means([1, 3, 5, 7], 2), [2, 6]);
});

Deno.test("weights: of a large parameter evenly spread rows are looked at, its first and last among them", async () => {
  const asked: number[] = [];
  const parameter: ParameterAbout = {
    name: "decoder.0.weight",
    shape: [1000, 10],
    read: (first, rows) => {
      for (let i = 0; i < rows; i++) asked.push(first + i);
      return Promise.resolve(new Float32Array(rows * 10));
    },
  };
  assertEquals((await sampleOf(parameter, 2000)).length, 16 * 12 * 10);
  assertEquals([asked[0], asked.at(-1), new Set(asked).size], [0, 999, 192]);
  assertEquals((await sampleOf(parameter, 1)).length, 10);
  assertEquals((await sampleOf({ ...parameter, shape: [] }, 5)).length, 10);
});

Deno.test("drawing: what is an image and what a signal, and the colours of pixels", () => {
  assertEquals(rasterOf([3, 8, 8]), { channels: 3, height: 8, width: 8 });
  assertEquals(rasterOf([28, 28]), { channels: 1, height: 28, width: 28 });
  for (const signal of [[256], [1, 256], [2, 1408]]) assertEquals(rasterOf(signal), null);
  const colour = imageOf([1, 0, 0, 0, 0, 1], { channels: 3, width: 2, height: 1 }, [0, 1]);
  assertEquals([colour.at(0, 0), colour.at(1, 0)], [[255, 0, 0], [0, 0, 255]]);
  assertEquals([grey(0.5)[0], grey(9)[0], diverging(0.5)], [128, 255, [247, 247, 247]]);
  assert(diverging(1)[0] > diverging(1)[2] && diverging(0)[2] > diverging(0)[0]);
});

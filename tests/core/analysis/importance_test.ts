import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { uniforms } from "../../../core/uniforms.ts";
import { growForest } from "../../../core/analysis/forest.ts";
import { coordinates, importanceOf } from "../../../core/analysis/importance.ts";

const grid = (...axes: number[][]) =>
  axes.reduce<number[][]>((rows, axis) => rows.flatMap((row) => axis.map((value) => [...row, value])), [[]]);
const texts = (rows: readonly (readonly number[])[]) => rows.map((row) => row.map(String));

Deno.test("on a complete grid the shares are those of the analysis of variance", () => {
  const rows = grid([-1, 0, 1], [-1, 0, 1]);
  // Main effects of 3x and y: variances 9 V and V.
  const sum = importanceOf(texts(rows), rows.map(([x, y]) => 3 * x! + y!))!;
  assertEquals(sum.method, "grid");
  assertAlmostEquals(sum.shares[0]!, 0.9, 1e-12);
  assertAlmostEquals(sum.shares[1]!, 0.1, 1e-12);
  assertAlmostEquals(sum.together, 0, 1e-12);
  // A product of two centred parameters has no main effects.
  const product = importanceOf(texts(rows), rows.map(([x, y]) => x! * y!))!;
  assertEquals([product.shares.map((s) => Math.abs(s) < 1e-12), product.together], [[true, true], 1]);
  // x + y + xy with V(x) = V(y) = 2/3 and V(xy) = 4/9.
  const both = importanceOf(texts(rows), rows.map(([x, y]) => x! + y! + x! * y!))!;
  assertAlmostEquals(both.shares[0]!, (2 / 3) / (2 / 3 + 2 / 3 + 4 / 9), 1e-12);
});

Deno.test("points that are no grid are described by a forest, which finds the parameters that matter", () => {
  const random = uniforms(1);
  const rows = Array.from({ length: 200 }, () => [random(), random(), random()]);
  const found = importanceOf(texts(rows), rows.map(([x, y]) => 3 * x! + y!))!;
  assertEquals(found.method, "forest");
  assertAlmostEquals(found.shares[0]!, 0.9, 0.06);
  assertAlmostEquals(found.shares[1]!, 0.1, 0.05);
  assert(found.shares[2]! < 0.02, String(found.shares[2]));
  assert(found.outOfBagR2! > 0.9, String(found.outOfBagR2));
  assertEquals(importanceOf(texts(rows), rows.map(([x, y]) => 3 * x! + y!)), found, "the same points, the same shares");

  const noise = importanceOf(texts(rows), rows.map(() => random()))!;
  assert(noise.outOfBagR2! < 0.2, String(noise.outOfBagR2));
});

Deno.test("names are parameters too, and what cannot be told is null", () => {
  assertEquals(coordinates(["adam", "sgd", "adam"]), [0, 1, 0]);
  assertEquals(coordinates(["0.1", "1e-3"]), [0.1, 0.001]);
  const named = importanceOf([["adam"], ["sgd"]], [1, 2])!;
  assertEquals([named.shares, named.together], [[1], 0]);
  assertEquals(importanceOf([["1"], ["2"]], [3, 3]), null, "nothing differs");
  assertEquals(importanceOf([["1"]], [3]), null);
  assertEquals(importanceOf([], []), null);
  assertEquals(importanceOf([["1", "1"], ["2", "2"], ["3", "1"]], [1, 2, 3]), null, "too few for a forest");
});

Deno.test("a forest of one repeated point predicts it", () => {
  const forest = growForest([[1], [1], [1], [1], [1]], [2, 2, 2, 2, 2], uniforms(3));
  assertEquals(forest.predict([9]), 2);
});

/** Similarities of latent spaces against NumPy's and SciPy's, which tests/golden/make_latents.py has written. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { assign } from "../../../core/analysis/assignment.ts";
import { type Latents, similarityOf } from "../../../core/analysis/similarity.ts";
import golden from "../../golden/latents.json" with { type: "json" };

const latents = (rows: readonly (readonly number[])[]): Latents => (
  { values: Float32Array.from(rows.flat()), rows: rows.length, columns: rows[0]!.length }
);

Deno.test("CKA, Procrustes distance and matched correlations are those of NumPy and SciPy, in both orders", () => {
  assert(golden.pairs.length >= 6);
  for (const { a, b, cka, procrustes, matched } of golden.pairs) {
    for (const [x, y] of [[a, b], [b, a]] as const) {
      const ours = similarityOf(latents(x), latents(y));
      assertAlmostEquals(ours.cka!, cka, 1e-10);
      assertAlmostEquals(ours.procrustes!, procrustes, 1e-9);
      const sorted = (values: readonly number[]) => values.toSorted((p, q) => p - q);
      assertEquals(ours.matched.length, matched.length);
      for (const [i, value] of sorted(ours.matched).entries()) assertAlmostEquals(value, sorted(matched)[i]!, 1e-9);
    }
  }
});

Deno.test("the assignment is as good as SciPy's, and no column is taken twice", () => {
  assert(golden.assignments.length >= 7);
  for (const { gains, sum } of golden.assignments) {
    const columns = assign(gains);
    assertEquals(new Set(columns).size, gains.length);
    assertAlmostEquals(columns.reduce((total, column, row) => total + gains[row]![column]!, 0), sum, 1e-12);
  }
});

Deno.test("the same latents in another order are all found again; latents that never change are none", () => {
  const a = latents([[1, 2], [2, 0], [3, 5], [0, 1]]), swapped = latents([[-2, 1], [0, 2], [-5, 3], [-1, 0]]);
  for (const correlation of similarityOf(a, swapped).matched) assertAlmostEquals(correlation, 1, 1e-12);
  const still = latents([[1, 1], [1, 1], [1, 1], [1, 1]]);
  assertEquals(similarityOf(a, still), { cka: null, procrustes: null, matched: [0, 0] });
});

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { rocOf } from "../../../core/diagnostics/roc.ts";
import { rowErrors, type RowMeasures, rowMeasures } from "../../../core/diagnostics/row_measures.ts";

const golden = JSON.parse(Deno.readTextFileSync(new URL("../../golden/row_errors.json", import.meta.url)));
const { columns, length } = golden;
const truth = Float32Array.from(golden.truth), rebuilt = Float32Array.from(golden.rebuilt);

Deno.test("row errors: measures of reconstructions are NumPy's", () => {
  const found = rowMeasures(truth, rebuilt, columns, length);
  for (const [name, wanted] of Object.entries(golden.measures)) {
    assertAlmostEquals(
      found[name as keyof RowMeasures]!,
      wanted as number,
      1e-9 * Math.max(1, Math.abs(wanted as number)),
    );
  }
  assertEquals(Object.keys(found).sort(), Object.keys(golden.measures).sort());
  rowErrors(truth, rebuilt, columns).forEach((error, i) => assertAlmostEquals(error, golden.row_mse[i], 1e-9));
  assertEquals(rowMeasures(truth, rebuilt, columns, null).spectral_convergence, null);
});

Deno.test("row errors: ratios that are none are null, not infinite", () => {
  const perfect = rowMeasures(truth, truth, columns, length);
  assertEquals([perfect.mse, perfect.snr_db, perfect.psnr_db, perfect.spectral_convergence], [0, null, null, 0]);
  assertAlmostEquals(perfect.correlation!, 1, 1e-12);
  const zero = rowMeasures(new Float32Array(6), Float32Array.from([1, 0, 0, 0, 0, 1]), 3, 3);
  assertEquals([zero.snr_db, zero.psnr_db, zero.correlation, zero.spectral_convergence], [null, null, null, null]);
});

Deno.test("row errors: areas under ROC curves are scikit-learn's, their intervals DeLong's by its definition", () => {
  for (const { anomalies, ordinary, auc, interval } of golden.roc) {
    const found = rocOf(anomalies, ordinary);
    assertAlmostEquals(found.auc, auc, 1e-12);
    found.interval.forEach((bound, i) => assertAlmostEquals(bound, interval[i], 1e-9));
    assertEquals([found.curve[0], found.curve.at(-1)], [[0, 0], [1, 1]]);
    // The area below the points is the area, since equal scores are one point.
    const area = found.curve.slice(1).reduce((sum, [x, y], i) => {
      const [x0, y0] = found.curve[i]!;
      return sum + (x - x0) * (y + y0) / 2;
    }, 0);
    assertAlmostEquals(area, auc, 1e-12);
  }
  const one = rocOf([1], [0]);
  assertEquals([one.auc, one.interval], [1, [0, 1]], "one of each kind has no interval");
  const many = rocOf(Array.from({ length: 900 }, (_, i) => i + 0.5), Array.from({ length: 900 }, (_, i) => i));
  assert(many.curve.length === 200 && many.curve.at(-1)![1] === 1);
});

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { columnVariation, metricsOf } from "../../../core/evaluation/evaluate.ts";

/** Sums by column over rows of (truth, squared error) pairs. */
function sums(columns: readonly (readonly number[])[], sse: readonly number[]) {
  const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return {
    sse: Float64Array.from(sse),
    sum: Float64Array.from(columns.map(total)),
    sumsq: Float64Array.from(columns.map((values) => total(values.map((v) => v * v)))),
  };
}

const ALIKE = { weight: 2, weighted: null, sampledFrom: null };
const NO_LIKELIHOOD = { meanLoss: () => NaN };

Deno.test("variation by column: constant columns and those beneath f32's resolution have none", () => {
  const columns = [[0, 2], [3, 3], [0, 1e-20], [0, 1e-3]];
  const variation = columnVariation(sums(columns, [0, 0, 0, 0]), 2);
  assertEquals([...variation].map((v) => v > 0), [true, false, false, true]);
  assertAlmostEquals(variation[0]!, 2, 1e-12);
});

Deno.test("metrics: one hopeless column does not decide the mean R2", () => {
  const columns = sums([[0, 2], [0, 2], [0, 1e-3]], [1, 0, 1]); // R2 0.5, 1 and -2e6
  const metrics = metricsOf({ rows: 2, nnz: 3, loss: 1, sse: 2, columns, ...ALIKE }, NO_LIKELIHOOD)!;
  assertEquals(metrics.columns_varying, 3);
  assertAlmostEquals(metrics.column_r2_mean, (0.5 + 1 - 1) / 3, 1e-12);
  assertAlmostEquals(metrics.column_r2_median, 0.5, 1e-12);
  assertAlmostEquals(metrics.r2, 1 - 2 / (4 + 5e-7), 1e-9);
  assertAlmostEquals(metrics.mse, 2 / 6, 1e-12);
});

Deno.test("metrics: log-likelihood and deviance explained are there for a loss that is a likelihood only", () => {
  const columns = sums([[0, 2], [1, 3]], [1, 1]);
  const evaluation = { rows: 2, nnz: 3, loss: 1, sse: 2, columns, ...ALIKE };
  const plain = metricsOf({ ...evaluation, likelihood: null }, NO_LIKELIHOOD)!;
  assertEquals([plain.log_likelihood_per_row, plain.deviance_explained], [undefined, undefined]);
  const likelihood = { loss: 5, perfect: 3, constant: 2 };
  const model = {
    meanLoss(rows: number, sum: Float64Array) {
      assertEquals([rows, ...sum], [2, 2, 4]);
      return 9;
    },
  };
  const metrics = metricsOf({ ...evaluation, likelihood }, model)!;
  assertEquals([metrics.log_likelihood_per_row, metrics.log_likelihood_per_value], [-2.5, -1.25]);
  assertAlmostEquals(metrics.deviance_explained!, 1 - (5 - 3) / (9 + 2 - 3), 1e-12);
});

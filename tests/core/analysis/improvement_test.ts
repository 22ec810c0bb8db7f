/** Probability of improvement against SciPy's Mann-Whitney statistic, and the bootstrap within strata. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { bootstrapIqm, bootstrapMean } from "../../../core/analysis/bootstrap.ts";
import { improvement, shareSmaller } from "../../../core/analysis/improvement.ts";
import golden from "../../golden/improvement.json" with { type: "json" };

Deno.test("the share of smaller values is SciPy's Mann-Whitney U, divided by the number of pairs", () => {
  assert(golden.pairs.length >= 6);
  for (const { x, y, share } of golden.pairs) {
    assertAlmostEquals(shareSmaller(x, y), share, 1e-12);
    assertAlmostEquals(shareSmaller(x, y) + shareSmaller(y, x), 1, 1e-12);
  }
});

Deno.test("the probability of improvement is the mean over strata, in the direction of the metric", () => {
  const ours = [[1, 2], [10, 20]], theirs = [[3, 4], [5, 15]];
  assertEquals(improvement(ours, theirs, false).probability, (1 + 0.25) / 2);
  assertEquals(improvement(ours, theirs, true).probability, (0 + 0.75) / 2);
  const [low, high] = improvement(ours, theirs, false).interval!;
  assert(low >= 0.5 && low <= 0.625 && high >= 0.625 && high <= 1, `${low} ${high}`);
  assertEquals(improvement([[1]], [[2]], false), { probability: 1, interval: null });
});

Deno.test("the bootstrap draws within strata: differences between them do not widen an interval", () => {
  const strata = [[1, 1, 1], [50, 50, 50]];
  assertEquals(bootstrapMean(strata), [25.5, 25.5]);
  const [low, high] = bootstrapMean([strata.flat()]);
  assert(low < 10 && high > 40);
  assertEquals(bootstrapIqm([[0, 5, 5, 100]]).length, 2);
  const [least, most] = bootstrapIqm([[3, 3, 3, 3, 3, 3]]);
  assertEquals([least, most], [3, 3]);
});

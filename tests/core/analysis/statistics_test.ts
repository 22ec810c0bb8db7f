/** Statistics against SciPy's, which tests/golden/make_statistics.py has written. */
import { assert, assertEquals } from "@std/assert";
import { bootstrapMean } from "../../../core/analysis/bootstrap.ts";
import { statisticsOf } from "../../../core/analysis/statistics.ts";
import { studentQuantile } from "../../../core/analysis/student.ts";
import { smallestP, wilcoxon } from "../../../core/analysis/wilcoxon.ts";
import golden from "../../golden/statistics.json" with { type: "json" };

function close(ours: number, theirs: number, tolerance = 1e-12): void {
  const error = Math.abs(ours - theirs) / Math.max(Math.abs(theirs), 1e-300);
  assert(error <= tolerance, `${ours}, but SciPy has ${theirs}`);
}

Deno.test("quantiles of Student's t distribution are SciPy's", () => {
  assert(golden.quantiles.length > 40);
  for (const { probability, freedom, t } of golden.quantiles) close(studentQuantile(probability, freedom), t);
  assertEquals(studentQuantile(0.5, 4), 0);
});

Deno.test("mean, sd, median, IQM and t interval are SciPy's", () => {
  assert(golden.samples.length > 5);
  for (const sample of golden.samples) {
    const ours = statisticsOf(sample.values);
    for (const key of ["mean", "sd", "median", "iqm"] as const) close(ours[key]!, sample[key]);
    for (const bound of [0, 1] as const) close(ours.t_interval![bound], sample.t_interval[bound]!, 1e-11);
  }
});

Deno.test("the bootstrap interval is SciPy's up to the draw, and the same each time", () => {
  for (const { values, bootstrap_interval: [low, high] } of golden.samples) {
    const ours = bootstrapMean([values]);
    assertEquals(bootstrapMean([values]), ours);
    const width = high! - low!;
    for (const [bound, theirs] of [[ours[0], low!], [ours[1], high!]] as const) {
      assert(Math.abs(bound - theirs) <= 0.04 * width, `${bound}, but SciPy has ${theirs} of a width of ${width}`);
    }
  }
});

Deno.test("one value has no spread", () => {
  assertEquals(statisticsOf([3]), {
    n: 1,
    mean: 3,
    sd: null,
    median: 3,
    iqm: 3,
    t_interval: null,
    bootstrap_interval: null,
    iqm_interval: null,
  });
});

Deno.test("Wilcoxon's p values are SciPy's: exact, with equal sizes, and of many differences", () => {
  assert(golden.wilcoxon.length > 10);
  for (const { differences, p } of golden.wilcoxon) close(wilcoxon(differences)!, p, 1e-9);
});

Deno.test("Wilcoxon: five differences cannot have a p value below 0.0625, and zeros do not count", () => {
  assertEquals(wilcoxon([1, 2, 3, 4, 5]), 0.0625);
  assertEquals(smallestP(5), 0.0625);
  assertEquals(wilcoxon([1, 2, 0, 3, 4, 0, 5]), 0.0625);
  assertEquals(wilcoxon([0, 0]), null);
});

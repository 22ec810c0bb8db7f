/** Run folders to groups, statistics and paired comparisons. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { analyse } from "../../../core/analysis/groups.ts";
import { largerIsBetter, metricNamed, metricOf, METRICS, usualMetric } from "../../../core/analysis/metrics.ts";
import { analysedRun } from "../../../core/analysis/runs.ts";
import { meanInterval } from "../../../core/analysis/statistics.ts";
import type { SplitMetrics, Summary } from "../../../core/runs/types.ts";
import { temporary } from "../../helpers/cli.ts";

interface Given {
  readonly rate: number;
  readonly size: number;
  readonly seed: number;
  readonly loss: number | null;
  readonly status?: Summary["status"];
}

function summaryOf({ loss, status }: Given): Summary {
  const part = (loss: number | null): SplitMetrics => ({
    rows: 10,
    nnz: 100,
    loss: loss as number,
    mse: 0.1,
    rmse: 0.3,
    r2: 0.5,
    mse_mean_predictor: 0.2,
    column_r2_mean: 0.4,
    column_r2_median: 0.4,
    columns_varying: 8,
  });
  return {
    name: "a",
    status: status ?? "finished",
    reason: "epochs",
    started_at: "2026-01-01T00:00:00.000Z",
    ended_at: "2026-01-01T00:01:00.000Z",
    steps: 10,
    epochs: 2,
    best_epoch: 2,
    best_loss: loss,
    evaluated: null,
    parameters: 100,
    columns: 8,
    rows: { train: 8, validation: 1, test: 1 },
    metrics: { train: part(1), validation: part(loss), test: null },
    seconds: { total: 60, train: 50, wait: 1, validation: 2, checkpoint: 3, diagnostics: 4 },
    peak_memory_bytes: 1e6,
    resumed: 0,
  };
}

/** Writes run folders; without a summary for a loss of -1. */
async function runsOf(folder: string, given: readonly Given[]) {
  return await Promise.all(given.map((run, i) => {
    const path = join(folder, `run${i}`);
    Deno.mkdirSync(path);
    const config = {
      name: `run${i}`,
      seed: run.seed,
      optimizer: { learning_rate: run.rate },
      model: { encoder: [{ linear: run.size }, "relu"] },
      paths: { runs: path },
    };
    Deno.writeTextFileSync(join(path, "config.yaml"), JSON.stringify(config));
    if (run.loss !== -1) Deno.writeTextFileSync(join(path, "summary.json"), JSON.stringify(summaryOf(run)));
    return analysedRun(path);
  }));
}

Deno.test("groups are made of what differs; failed and unfinished runs are counted, not averaged", async () => {
  using folder = temporary();
  const runs = await runsOf(folder.path, [
    { rate: 0.1, size: 4, seed: 1, loss: 3 },
    { rate: 0.1, size: 4, seed: 2, loss: 5 },
    { rate: 0.1, size: 4, seed: 3, loss: 100, status: "failed" },
    { rate: 0.1, size: 4, seed: 4, loss: null },
    { rate: 0.01, size: 4, seed: 1, loss: 1 },
    { rate: 0.01, size: 4, seed: 2, loss: 2 },
    { rate: 0.01, size: 4, seed: 5, loss: -1 },
    { rate: 0.01, size: 4, seed: 6, loss: 50, status: "stopped" },
  ]);
  const { group_by, groups, comparisons } = analyse(runs, "validation.loss", null);
  assertEquals(group_by, ["optimizer.learning_rate"]);
  assertEquals(groups.map(({ values, runs, failed, unfinished }) => [values[0], runs, failed, unfinished]), [
    ["0.01", 4, 1, 1],
    ["0.1", 4, 2, 0],
  ]);
  assertEquals(groups.map(({ statistics }) => [statistics!.n, statistics!.mean]), [[2, 1.5], [2, 4]]);
  const [only, ...others] = comparisons;
  assertEquals(others, []);
  assertEquals([only!.group, only!.best, only!.seeds, only!.mean_difference], [["0.1"], ["0.01"], [1, 2], 2.5]);
  assertEquals(only!.t_interval, meanInterval([2, 3]));
  assertEquals([only!.wilcoxon_p, only!.smallest_p], [0.5, 0.5]);
});

Deno.test("pairs differ in nothing but the groups' key, and each seed counts once", async () => {
  using folder = temporary();
  const runs = await runsOf(folder.path, [
    { rate: 0.1, size: 4, seed: 1, loss: 1 },
    { rate: 0.1, size: 8, seed: 1, loss: 10 },
    { rate: 0.1, size: 4, seed: 2, loss: 2 },
    { rate: 0.2, size: 4, seed: 1, loss: 2 },
    { rate: 0.2, size: 8, seed: 1, loss: 13 },
    { rate: 0.2, size: 4, seed: 2, loss: 4 },
    { rate: 0.2, size: 8, seed: 2, loss: 1000 }, // has no partner
  ]);
  const { comparisons: [only] } = analyse(runs, "validation.loss", ["optimizer.learning_rate"]);
  assertEquals([only!.seeds, only!.mean_difference], [[1, 2], (mean(1, 3) + 2) / 2]);
  const every = analyse(runs, "validation.loss", null);
  assertEquals(new Set(every.group_by), new Set(["optimizer.learning_rate", "model.encoder.0.linear"]));
  assertEquals(every.groups.length, 4);
  assertThrows(() => analyse(runs, "validation.loss", ["optimizer.rate"]), Error, "no run has the key optimizer.rate");

  function mean(...values: number[]): number {
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }
});

Deno.test("one run is one group without intervals", async () => {
  using folder = temporary();
  const { groups, comparisons, group_by } = analyse(
    await runsOf(folder.path, [{ rate: 0.1, size: 4, seed: 1, loss: 3 }]),
    "validation.loss",
    null,
  );
  assertEquals([group_by, comparisons, groups.length, groups[0]!.statistics!.t_interval], [[], [], 1, null]);
});

Deno.test("metrics go by their names in summary.json", () => {
  const summary = summaryOf({ rate: 1, size: 1, seed: 1, loss: 0.25 });
  assertEquals(metricOf(summary, "validation.loss"), 0.25);
  assertEquals(metricOf(summary, "seconds.total"), 60);
  assertEquals(metricOf(summary, "best_loss"), 0.25);
  assertEquals(metricOf(summary, "test.r2"), null);
  assertEquals(metricOf(summary, "baseline.pca.test.r2"), null);
  assertEquals(usualMetric([summary]), "validation.loss");
  assertEquals(metricNamed("metrics.test.r2", "--metric"), "test.r2");
  assertAlmostEquals(metricOf(summary, "validation.rmse")!, 0.3);
  assert(METRICS.length > 40 && new Set(METRICS).size === METRICS.length);
  for (const [wrong, meant] of [["validation.los", "validation.loss"], ["r2", "validation.r2"]] as const) {
    const error = assertThrows(() => metricNamed(wrong, "--metric"), Error, `there is no metric ${wrong}`);
    assertEquals((error as Error & { hint?: string }).hint, `did you mean ${meant}?`);
  }
});

Deno.test("metrics: larger likelihoods, deviances explained and R2 are better, smaller losses, errors and times", () => {
  for (const name of ["r2", "column_r2_median", "log_likelihood_per_row", "deviance_explained"]) {
    assert(largerIsBetter(`validation.${name}`), name);
  }
  assert(largerIsBetter("baseline.pca.test.r2"));
  for (const name of ["validation.loss", "test.mse", "seconds.total", "best_loss", "baseline.pca.test.mse"]) {
    assert(!largerIsBetter(name), name);
  }
});

/** Learning curves of groups and times to a loss, of run folders that are made up. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { curveOf, timeToLoss } from "../../../core/analysis/curves.ts";
import { costOf } from "../../../core/analysis/cost.ts";
import type { AnalysedRun } from "../../../core/analysis/runs.ts";
import { meanInterval } from "../../../core/analysis/statistics.ts";
import { EPOCH_COLUMNS } from "../../../core/runs/schema.ts";
import type { EpochRow, Summary } from "../../../core/runs/types.ts";
import { temporary } from "../../helpers/cli.ts";

/** A run with 10 steps and some seconds an epoch. */
function runOf(folder: string, name: string, losses: readonly (number | null)[], seconds: number, threads?: number) {
  const path = join(folder, name);
  Deno.mkdirSync(path);
  const columns = Object.keys(EPOCH_COLUMNS) as (keyof EpochRow)[];
  const lines = losses.map((loss, i) => {
    const row: Partial<EpochRow> = { epoch: i, steps: i === 0 ? 0 : 10, elapsed_s: i * seconds, validation_loss: loss };
    return columns.map((column) => column === "validation_loss" ? loss ?? "" : row[column] ?? 0.5).join(",");
  });
  Deno.writeTextFileSync(join(path, "epochs.csv"), [columns.join(","), ...lines, ""].join("\n"));
  if (threads !== undefined) Deno.writeTextFileSync(join(path, "environment.json"), JSON.stringify({ threads }));
  const summary = { seconds: { total: seconds * (losses.length - 1) } } as Summary;
  return { name, path, config: {}, seed: 1, status: "finished", summary } satisfies AnalysedRun;
}

Deno.test("curves are aligned by epoch, step and seconds; a run that has ended keeps its last loss", async () => {
  using folder = temporary();
  const runs = [runOf(folder.path, "a", [8, 4, 2, 1], 1), runOf(folder.path, "b", [8, 6], 3)];
  const byEpoch = await curveOf(runs, "epoch");
  assertEquals(byEpoch.map(({ at, n, mean }) => [at, n, mean]), [[0, 2, 8], [1, 2, 5], [2, 2, 4], [3, 2, 3.5]]);
  assertEquals(byEpoch[2]!.t_interval, meanInterval([2, 6]));
  const bySteps = await curveOf(runs, "step");
  assertEquals(bySteps.at(-1), { at: 30, n: 2, mean: 3.5, t_interval: meanInterval([1, 6]) });
  assertEquals(bySteps.find(({ at }) => at === 9)!.mean, 8);
  const bySeconds = await curveOf(runs, "seconds");
  assertEquals(bySeconds.length, 100);
  const near = bySeconds.find(({ at }) => at > 2)!;
  assertEquals(near.mean, (2 + 8) / 2);
  assertEquals(await curveOf([], "step"), []);
});

Deno.test("without validation rows the training loss counts, from the first epoch on", async () => {
  using folder = temporary();
  const [point, ...more] = await curveOf([runOf(folder.path, "a", [null, null], 1)], "epoch");
  assertEquals([point!.at, point!.mean, more.length], [1, 0.5, 0]);
});

Deno.test("time to a loss is of the runs that reach it; costs are sums", async () => {
  using folder = temporary();
  const runs = [runOf(folder.path, "a", [8, 4, 2, 1], 1, 2), runOf(folder.path, "b", [8, 6], 3, 4)];
  assertEquals(await timeToLoss(runs, 4), { runs: 2, reached: 1, epochs: 1, steps: 10, seconds: 1 });
  assertEquals(await timeToLoss(runs, 6), { runs: 2, reached: 2, epochs: 1, steps: 10, seconds: 2 });
  assertEquals(await timeToLoss(runs, 0.5), { runs: 2, reached: 0, epochs: null, steps: null, seconds: null });
  const cost = await costOf(runs);
  assertEquals([cost.runs, cost.seconds], [2, 6]);
  assertAlmostEquals(cost.thread_seconds!, 3 * 2 + 3 * 4);
  assertEquals((await costOf([runOf(folder.path, "c", [1, 1], 1)])).thread_seconds, null);
});

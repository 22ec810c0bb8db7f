/** The tables of a sweep's folder: points.csv with one line per point, results.csv with one line per run. */
import { join } from "@std/path";
import { metricOf } from "../analysis/metrics.ts";
import { mean, standardDeviation } from "../analysis/statistics.ts";
import { formatCsvLine } from "../formats/csv.ts";
import { writeFileAtomic } from "../runs/atomic.ts";
import type { Outcome } from "./execute.ts";
import type { Plan, PlannedRun } from "./plan.ts";

/** The value of the metric of a run that is finished; null of any other. */
export function valueOf(outcome: Outcome | undefined, metric: string): number | null {
  return outcome?.kind === "finished" ? metricOf(outcome.summary, metric) : null;
}

export type Outcomes = ReadonlyMap<PlannedRun, Outcome>;

function resultLines({ keys, metric, runs }: Plan, outcomes: Outcomes): string[] {
  const others = keys.filter((key) => key !== "seed");
  const shown = (run: PlannedRun) => keys.flatMap((key, i) => key === "seed" ? [] : [run.values[i]!]);
  return [
    formatCsvLine(["point", "seed", ...others, "run", "identity", "status", metric, "epochs", "seconds", "error"]),
    ...runs.map((run) => {
      const outcome = outcomes.get(run);
      const summary = outcome?.kind === "finished" ? outcome.summary : null;
      const end = [summary?.epochs ?? null, summary?.seconds.total ?? null];
      const error = outcome?.kind === "failed" ? outcome.error : null;
      const status = outcome?.kind ?? "waiting";
      const value = valueOf(outcome, metric);
      return formatCsvLine([run.point, run.seed, ...shown(run), run.name, run.identity, status, value, ...end, error]);
    }),
  ];
}

function pointLines({ keys, points, metric, runs }: Plan, outcomes: Outcomes): string[] {
  return [
    formatCsvLine(["point", ...keys, "runs", "finished", "failed", "metric", "mean", "sd"]),
    ...points.map((values, i) => {
      const ours = runs.filter(({ point }) => point === i + 1).map((run) => outcomes.get(run));
      const count = (kind: Outcome["kind"]) => ours.filter((outcome) => outcome?.kind === kind).length;
      const found = ours.flatMap((outcome) => valueOf(outcome, metric) ?? []);
      const middle = found.length > 0 ? mean(found) : null;
      const sd = found.length > 1 ? standardDeviation(found) : null;
      return formatCsvLine([i + 1, ...values, ours.length, count("finished"), count("failed"), metric, middle, sd]);
    }),
  ];
}

export async function writeResults(plan: Plan, outcomes: Outcomes): Promise<void> {
  const text = (lines: readonly string[]) => lines.join("\n") + "\n";
  await writeFileAtomic(join(plan.folder, "results.csv"), text(resultLines(plan, outcomes)));
  await writeFileAtomic(join(plan.folder, "points.csv"), text(pointLines(plan, outcomes)));
}

/**
 * The tables of a sweep's folder: points.csv with one line per point, results.csv with one line per run, and rounds.csv with one
 * line for each point of each round in which points were compared.
 */
import { join } from "@std/path";
import { metricOf } from "../analysis/metrics.ts";
import { mean, standardDeviation } from "../analysis/statistics.ts";
import { formatCsvLine } from "../formats/csv.ts";
import { writeFileAtomic } from "../runs/atomic.ts";
import type { RoundResult } from "./course.ts";
import type { Outcome } from "./execute.ts";
import type { Plan, PlannedRun } from "./plan.ts";

/** The value of the metric of a run that is finished; null of any other. */
export function valueOf(outcome: Outcome | undefined, metric: string): number | null {
  return outcome?.kind === "finished" ? metricOf(outcome.summary, metric) : null;
}

export type Outcomes = ReadonlyMap<PlannedRun, Outcome>;

/** By points and seeds: where points are chosen on the way, which run begins first depends on the times that others take. */
function resultLines({ keys, metric, runs }: Plan, outcomes: Outcomes): string[] {
  const others = keys.filter((key) => key !== "seed");
  const shown = (run: PlannedRun) => keys.flatMap((key, i) => key === "seed" ? [] : [run.values[i] ?? null]);
  return [
    formatCsvLine([
      "point",
      "seed",
      ...others,
      "run",
      "identity",
      "status",
      metric,
      "epochs",
      "seconds",
      "error",
      "role",
    ]),
    ...runs.toSorted((a, b) => a.point - b.point || a.seed - b.seed).map((run) => {
      const outcome = outcomes.get(run);
      const summary = outcome?.kind === "finished" ? outcome.summary : null;
      const paused = outcome?.kind === "paused" ? outcome.epoch : null;
      const end = [summary?.epochs ?? paused, summary?.seconds.total ?? null];
      const error = outcome?.kind === "failed" ? outcome.error : null;
      const status = outcome?.kind ?? "waiting";
      const value = valueOf(outcome, metric);
      const about = [run.point, run.seed, ...shown(run), run.name, run.identity];
      return formatCsvLine([...about, status, value, ...end, error, run.role]);
    }),
  ];
}

/** The figures of runs that chose points are not among those of a point. */
function pointLines(plan: Plan, outcomes: Outcomes): string[] {
  const { keys, points, metric, runs } = plan;
  return [
    formatCsvLine(["point", ...keys, "runs", "finished", "failed", "metric", "mean", "sd"]),
    ...points.map((point, i) => {
      const values = plan.valuesOf(point);
      const ours = runs.filter((run) => run.point === i + 1 && run.role === "report").map((run) => outcomes.get(run));
      const count = (kind: Outcome["kind"]) => ours.filter((outcome) => outcome?.kind === kind).length;
      const found = ours.flatMap((outcome) => valueOf(outcome, metric) ?? []);
      const middle = found.length > 0 ? mean(found) : null;
      const sd = found.length > 1 ? standardDeviation(found) : null;
      return formatCsvLine([i + 1, ...values, ours.length, count("finished"), count("failed"), metric, middle, sd]);
    }),
  ];
}

function roundLines({ selectionSeeds }: Plan, results: readonly RoundResult[]): string[] {
  const losses = selectionSeeds.map((seed) => `loss seed ${seed}`);
  return [
    formatCsvLine(["round", "point", "epoch", ...losses, "mean", "kept"]),
    ...results.flatMap(({ round, compared }) =>
      compared.map(({ point, epoch, losses, keeps }) => {
        const cells = selectionSeeds.map((_, i) => losses[i] ?? null);
        const middle = losses.includes(null) ? null : mean(losses as number[]);
        return formatCsvLine([round.number, point, epoch ?? "end", ...cells, middle, keeps ? "yes" : "no"]);
      })
    ),
  ];
}

export async function writeResults(
  plan: Plan,
  outcomes: Outcomes,
  rounds: readonly RoundResult[] = [],
): Promise<void> {
  const text = (lines: readonly string[]) => lines.join("\n") + "\n";
  if (plan.rounds.length > 0) await writeFileAtomic(join(plan.folder, "rounds.csv"), text(roundLines(plan, rounds)));
  await writeFileAtomic(join(plan.folder, "results.csv"), text(resultLines(plan, outcomes)));
  await writeFileAtomic(join(plan.folder, "points.csv"), text(pointLines(plan, outcomes)));
}

/** The course of a sweep: which run is trained when, and what its result decides. */
import { largerIsBetter, metricOf } from "../analysis/metrics.ts";
import { mean } from "../analysis/statistics.ts";
import { type Execution, type Outcome, settled } from "./execute.ts";
import type { Plan, PlannedRun } from "./plan.ts";
import { pointName } from "./points.ts";
import { lossAtMost } from "./progress.ts";
import { type Round, survivors } from "./rounds.ts";
import { writeSweepJson } from "./sweep_json.ts";
import { Tpe } from "./tpe.ts";

export interface CourseObserver {
  /** A point was chosen by results. */
  chosen?(point: number): void;
  /** A round begins. */
  round?(round: Round): void;
  /** A round has ended. */
  compared?(result: RoundResult): void | Promise<void>;
  /** The points that are left are trained with the seeds of the report. */
  reporting?(points: readonly number[]): void;
}

/** What a round has found. */
export interface RoundResult {
  readonly round: Round;
  readonly compared: readonly {
    readonly point: number;
    /** One a seed; null where the run failed. */
    readonly losses: readonly (number | null)[];
    /** The epoch at which each run was compared; null: at its end. */
    readonly epoch: number | null;
    readonly keeps: boolean;
  }[];
}

/** Trains the runs of a sweep. It ends early where the execution stops. */
export async function follow(plan: Plan, execution: Execution, observer: CourseObserver = {}): Promise<void> {
  if (plan.sweep.method === "tpe") return await followTpe(plan, execution, observer);
  if (plan.rounds.length > 0) return await followRounds(plan, execution, observer);
  await execution.all(plan.runs.map((run) => ({ run, until: null })));
}

/** The mean of the metric over the finished runs of a point, so that smaller is better; Infinity if one of them failed. */
function lossOf(outcomes: readonly Outcome[], metric: string): number {
  const values = outcomes.map((outcome) => outcome.kind === "finished" ? metricOf(outcome.summary, metric) : null);
  if (values.some((value) => value === null)) return Infinity;
  const middle = mean(values as number[]);
  return largerIsBetter(metric) ? -middle : middle;
}

/**
 * Each point is chosen by the results of all points but the `tpe.parallel - 1` before it, so that the choice does not depend on
 * which run happens to end first.
 */
async function followTpe(plan: Plan, execution: Execution, observer: CourseObserver): Promise<void> {
  const { sweep, metric } = plan;
  const chooser = new Tpe(sweep.parameters, plan.whole, sweep.tpe);
  const results: Promise<Outcome[]>[] = [];
  const taken = new Set(plan.points.map(pointName));
  try {
    for (let number = 0; number < sweep.points!; number++) {
      const known = Math.max(0, number - sweep.tpe.parallel + 1);
      const outcomes = await Promise.all(results.slice(0, known));
      if (execution.isStopping) break;
      if (number >= plan.points.length) {
        const tried = outcomes.map((found, i) => ({ point: plan.points[i]!, loss: lossOf(found, metric) }));
        const point = chooser.next(number, tried, taken);
        if (point === null) break;
        plan.points.push(point);
        taken.add(pointName(point));
        observer.chosen?.(number + 1);
      }
      await writeSweepJson(plan);
      const runs = await Promise.all(plan.reportSeeds.map((seed) => plan.run(number + 1, seed, "report")));
      const ended = execution.all(runs.map((run) => ({ run, until: null })));
      ended.catch(() => {}); // told at the end
      results.push(ended);
    }
  } catch (error) {
    execution.stop();
    await Promise.allSettled(results);
    throw error;
  }
  await settled(results);
}

async function followRounds(plan: Plan, execution: Execution, observer: CourseObserver): Promise<void> {
  let left = plan.points.map((_, i) => i + 1);
  for (const round of plan.rounds) {
    observer.round?.(round);
    const entries = await Promise.all(left.map(async (point) => {
      const seeds = plan.selectionSeeds.slice(0, round.seeds);
      const runs = await Promise.all(seeds.map((seed) => plan.run(point, seed, "selection")));
      return { point, runs, epoch: await plan.budgets.epochAt(runs[0]!.loaded.config, round.share) };
    }));
    await execution.all(entries.flatMap(({ runs, epoch }) => runs.map((run) => ({ run, until: epoch }))));
    if (execution.isStopping) return;
    const compared = await Promise.all(entries.map(async ({ point, runs, epoch }) => {
      const losses = await Promise.all(runs.map((run) => lossAt(run, epoch, execution.outcomes.get(run))));
      return { point, losses, epoch, loss: losses.includes(null) ? Infinity : mean(losses as number[]) };
    }));
    const kept = survivors(compared.map(({ loss }) => loss), round.keep).map((i) => compared[i]!.point);
    await observer.compared?.({
      round,
      compared: compared.map((each) => ({ ...each, keeps: kept.includes(each.point) })),
    });
    left = kept;
    if (left.length === 0) return;
  }
  observer.reporting?.(left);
  const runs = await Promise.all(
    left.flatMap((point) => plan.reportSeeds.map((seed) => plan.run(point, seed, "report"))),
  );
  await execution.all(runs.map((run) => ({ run, until: null })));
}

/** The loss of a run by which a round compares it; null where it failed. */
async function lossAt(run: PlannedRun, epoch: number | null, outcome: Outcome | undefined): Promise<number | null> {
  if (outcome?.kind === "paused") return outcome.loss;
  if (outcome?.kind !== "finished") return null;
  return await lossAtMost(run.path, epoch ?? Infinity, run.loaded.config.checkpoint.best);
}

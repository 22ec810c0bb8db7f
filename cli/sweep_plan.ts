/** What `sweep --dry-run` prints: the runs, what has become of them, and the rounds in which points are left out. */
import { countText } from "../core/figures.ts";
import { runState } from "../core/runs/list.ts";
import { toUser } from "../core/paths.ts";
import type { Plan, PlannedRun } from "../core/sweep/plan.ts";
import { workOf } from "../core/sweep/rounds.ts";
import { print } from "../core/output.ts";
import { table } from "./dry_run.ts";

/** The rounds as lines of text; none where no points are left out. */
export async function roundLines(plan: Plan): Promise<string[]> {
  const { rounds, sweep: { prune, seeds }, runs } = plan;
  if (prune === null) return [];
  const rows = await Promise.all(rounds.map(async ({ number, points, share, seeds, keep }) => {
    const epochs = await Promise.all(
      runs.map(async ({ loaded: { config } }) =>
        await plan.budgets.epochAt(config, share) ?? await plan.budgets.epochsOf(config)
      ),
    );
    const [least, most] = [Math.min(...epochs), Math.max(...epochs)];
    const shown = least === most ? countText(least) : `${countText(least)} to ${countText(most)}`;
    return [String(number), countText(points), shown, String(seeds), countText(keep)];
  }));
  const [selection, report] = [plan.selectionSeeds.join(", "), plan.reportSeeds.join(", ")];
  const full = plan.points.length * seeds;
  const work = workOf(rounds) + prune.keep * seeds;
  return [
    ...table(["round", "points", "epochs", "seeds", "points that go on"], rows, [0, 1, 2, 3, 4])
      .map((line) => line.slice(2)),
    `Points are chosen with seed${prune.seeds > 1 ? "s" : ""} ${selection}. ` +
    `The figures of ${prune.keep > 1 ? `the ${prune.keep} points that are` : "the point that is"} left are of ` +
    `seed${seeds > 1 ? "s" : ""} ${report}.`,
    `In all it is the work of about ${work.toFixed(1)} whole runs; all points with all seeds would be ${
      countText(full)
    }.`,
  ];
}

/** Nothing is written. */
export async function printPlan(plan: Plan, json: boolean): Promise<void> {
  const { keys, metric, runs, folder, sweep } = plan;
  const states = await Promise.all(runs.map(async (run) => {
    const { status } = await runState(run.path);
    const isThere = await Deno.stat(run.path).then(() => true, () => false);
    return { run, status: isThere ? status : "new" };
  }));
  if (json) {
    const listed = states.map(({ run: { point, seed, values, name, identity }, status }) => ({
      ...{ point, seed, name, identity, status },
      values: Object.fromEntries(keys.map((key, i) => [key, values[i]])),
    }));
    const seeds = { report_seeds: plan.reportSeeds, selection_seeds: plan.selectionSeeds };
    return print(JSON.stringify({ event: "dry_run", folder, metric, runs: listed, rounds: plan.rounds, ...seeds }));
  }
  const others = keys.filter((key) => key !== "seed");
  const valuesOf = ({ values }: PlannedRun) => keys.flatMap((key, i) => key === "seed" ? [] : [values[i] ?? "-"]);
  const rows = states.map(({ run, status }) => [String(run.point), ...valuesOf(run), String(run.seed), status]);
  for (const line of table(["point", ...others, "seed", "status"], rows, [0, others.length + 1])) print(line.slice(2));
  const finished = states.filter(({ status }) => status === "finished").length;
  if (sweep.method === "tpe" && plan.points.length < plan.pointCount) {
    const left = plan.pointCount - plan.points.length;
    print(`${countText(left)} more point${left === 1 ? " is" : "s are"} chosen by the results of those before`);
  }
  for (const line of await roundLines(plan)) print(line);
  const first = plan.rounds.length > 0 ? " in the first round" : "";
  print(`${runs.length} runs${first}, ${finished} of them finished, in ${toUser(folder)}; nothing was started`);
}

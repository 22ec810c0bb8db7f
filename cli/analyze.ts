/** `analyze`: statistics of a metric over groups of runs. */
import { ALIGNMENTS } from "../core/analysis/curves.ts";
import { analyse, groupedRuns } from "../core/analysis/groups.ts";
import { metricNamed, METRICS, usualMetric } from "../core/analysis/metrics.ts";
import { analysedRun } from "../core/analysis/runs.ts";
import { withoutSelection } from "../core/analysis/selection.ts";
import { ensureEngine } from "../core/build/ensure.ts";
import { isGlob } from "@std/path";
import { UserError } from "../core/errors.ts";
import { exists, missingArgument } from "../core/missing.ts";
import { fromUser, toUser } from "../core/paths.ts";
import { findRuns } from "../core/runs/read.ts";
import { formatCsvLine } from "../core/formats/csv.ts";
import { costTable, curvesTable, type GroupTable, latentTable, sizesTable, timeTable } from "./analysis_more.ts";
import { csvLines, latexLines, textLines } from "./analysis_text.ts";
import { sweepMetric } from "../core/sweep/sweep_json.ts";
import { defineCommand, SHARED } from "./command.ts";
import { runCommand } from "./run_command.ts";
import { print, tell } from "../core/output.ts";

/** The metric of the sweeps whose folders are given; null where other folders are, or the sweeps differ in it. */
async function metricOfSweeps(folders: readonly string[]): Promise<string | null> {
  const metrics = new Set(await Promise.all(folders.map(sweepMetric)));
  const [metric] = metrics;
  return metrics.size === 1 && metric != null ? metricNamed(metric, "sweep.json") : null;
}

const analyze = defineCommand({
  name: "analyze",
  positional: ["runs"],
  options: {
    runs: {
      type: "path",
      value: "GLOB",
      many: true,
      help: "a folder of runs, a run folder or a glob; repeatable (default: runs)",
    },
    "group-by": {
      type: "text",
      value: "A.B",
      many: true,
      help:
        "a key of the config whose values make the groups; repeatable (default: all keys in which the runs differ, " +
        "besides seeds and names)",
    },
    metric: {
      type: "text",
      value: "M",
      values: METRICS,
      help:
        "a figure of summary.json, e.g. test.r2 or seconds.total (default: that of the sweep whose folder is given, else " +
        "validation.loss, or train.loss if there are no validation rows)",
    },
    selection: {
      type: "flag",
      help:
        "also take the runs by which a sweep with prune chose points; their figures favour the points that they chose",
    },
    curves: {
      type: "choice",
      value: "BY",
      values: ALIGNMENTS,
      help: "also print the mean loss of each group over its training, aligned by step, epoch or seconds",
    },
    "time-to": {
      type: "text",
      value: "LOSS",
      help: "also print how many epochs, steps and seconds the runs of each group take to reach this loss",
    },
    cost: {
      type: "flag",
      help: "also print the time that the runs of each group have taken, and that of their threads",
    },
    sizes: {
      type: "flag",
      help:
        "also print the MSE and R2 of the runs of each group by the size of their latent vector, beside those of PCA of " +
        "the same size",
    },
    latent: {
      type: "flag",
      help:
        "also compare the latent spaces of the runs of each group over the same rows: linear CKA, Procrustes distance, " +
        "and how many latents are found again",
    },
    json: SHARED.json,
    csv: { type: "flag", help: "print the groups as CSV, or the one other table that is asked for" },
    latex: { type: "flag", help: "print the groups as a LaTeX table" },
  },
  notes: [
    "Of each group it prints the number of finished runs, their mean, standard deviation, median and interquartile " +
    "mean, and two 95 % intervals of the mean: by Student's t distribution and by a percentile bootstrap with a fixed " +
    "seed. Runs that failed or died are counted, and so are those that are unfinished.",
    "Where a group's runs differ in other keys than seeds, the bootstrap draws them for one another only within the same " +
    "values of these.",
    "Each group is then compared with the one of the best mean over the seeds that both have: the mean difference with " +
    "its 95 % t interval, and the p value of Wilcoxon's signed-rank test. Five seeds cannot have a p value below 0.0625. " +
    "P(better) is the probability that a run of the group is better than one of the best group.",
  ],
  async run(options) {
    const { runs: globs, "group-by": groupBy, metric: named, selection, json, csv, latex } = options;
    const { curves, "time-to": timeTo, cost, sizes, latent } = options;
    const loss = timeTo === undefined ? null : Number(timeTo);
    if (loss !== null && (timeTo!.trim() === "" || !Number.isFinite(loss))) {
      throw new UserError("--time-to", `takes a number, got ${timeTo}`, "as in --time-to 0.02");
    }
    if (latent) await ensureEngine({ quiet: json || csv || latex });
    const forms = Object.entries({ json, csv, latex }).flatMap(([name, given]) => given ? [`--${name}`] : []);
    if (forms.length > 1) {
      throw new UserError(forms[0]!, `cannot be combined with ${forms[1]}`, "leave out one of them");
    }
    const metric = named === undefined ? null : metricNamed(named, "--metric");
    const given = globs.length > 0 ? globs : [fromUser("runs")];
    const paths = new Set<string>();
    for (const glob of given) {
      const found = await findRuns(glob);
      if (found.length === 0) {
        if (!isGlob(glob) && !exists(glob)) throw missingArgument("--runs", glob, "there is no such folder");
        throw new UserError(`--runs ${toUser(glob)}`, "there is no run folder", "name a folder of runs, or a glob");
      }
      for (const path of found) paths.add(path);
    }
    const all = await Promise.all([...paths].map(analysedRun));
    const { kept, left } = selection ? { kept: all, left: [] } : await withoutSelection(all);
    if (kept.length === 0) {
      tell("all of these runs chose points of a sweep, so that their figures favour what they chose");
    }
    const runs = kept.length > 0 ? kept : all;
    if (runs !== all && left.length > 0) {
      tell(`${left.length} runs by which a sweep chose points are left out; --selection takes them as well`);
    }
    const chosen = metric ?? await metricOfSweeps(given) ?? usualMetric(runs.flatMap(({ summary }) => summary ?? []));
    const analysis = analyse(runs, chosen, groupBy.length > 0 ? groupBy : null);
    const groups = groupedRuns(runs, groupBy.length > 0 ? groupBy : null), keys = analysis.group_by;
    const tables: GroupTable[] = [];
    if (curves !== undefined) tables.push(await curvesTable(groups, keys, curves));
    if (loss !== null) tables.push(await timeTable(groups, keys, loss));
    if (cost) tables.push(await costTable(groups, keys));
    if (sizes) tables.push(await sizesTable(groups, keys));
    if (latent) tables.push(await latentTable(groups, keys));
    if (json) {
      print(JSON.stringify({ ...analysis, ...Object.fromEntries(tables.map(({ name, rows }) => [name, rows])) }));
    } else if (csv && tables.length > 0) {
      const [{ columns, cells }, other] = tables as [GroupTable, GroupTable?];
      if (other) {
        throw new UserError(
          "--csv",
          "prints one table",
          "ask for one of --curves, --time-to, --cost, --sizes and --latent",
        );
      }
      for (const line of [[...keys, ...columns], ...cells]) print(formatCsvLine(line));
    } else {
      const write = csv ? csvLines : latex ? latexLines : textLines;
      for (const line of write(analysis)) print(line);
      if (!latex) { for (const { lines } of tables) for (const line of ["", ...lines]) print(line); }
    }
    return 0;
  },
});

export default analyze;

if (import.meta.main) Deno.exit(await runCommand(analyze, Deno.args));

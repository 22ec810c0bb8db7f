/** `analyze`: statistics of a metric over groups of runs. */
import { analyse } from "../core/analysis/groups.ts";
import { metricNamed, METRICS, usualMetric } from "../core/analysis/metrics.ts";
import { analysedRun } from "../core/analysis/runs.ts";
import { withoutSelection } from "../core/analysis/selection.ts";
import { isGlob } from "@std/path";
import { UserError } from "../core/errors.ts";
import { exists, missingArgument } from "../core/missing.ts";
import { fromUser, toUser } from "../core/paths.ts";
import { findRuns } from "../core/runs/read.ts";
import { csvLines, latexLines, textLines } from "./analysis_text.ts";
import { defineCommand, SHARED } from "./command.ts";
import { runCommand } from "./run_command.ts";
import { print, tell } from "../core/output.ts";

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
        "a figure of summary.json, e.g. test.r2 or seconds.total (default: validation.loss, or train.loss if there " +
        "are no validation rows)",
    },
    selection: {
      type: "flag",
      help:
        "also take the runs by which a sweep with prune chose points; their figures favour the points that they chose",
    },
    json: SHARED.json,
    csv: { type: "flag", help: "print the groups as CSV" },
    latex: { type: "flag", help: "print the groups as a LaTeX table" },
  },
  notes: [
    "Of each group it prints the number of finished runs, their mean, standard deviation, median and interquartile " +
    "mean, and two 95 % intervals of the mean: by Student's t distribution and by a percentile bootstrap with a fixed " +
    "seed. Runs that failed or died are counted, and so are those that are unfinished.",
    "Each group is then compared with the one of the best mean over the seeds that both have: the mean difference with " +
    "its 95 % t interval, and the p value of Wilcoxon's signed-rank test. Five seeds cannot have a p value below 0.0625.",
  ],
  async run({ runs: globs, "group-by": groupBy, metric: named, selection, json, csv, latex }) {
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
    const runs = kept.length > 0 ? kept : all;
    if (runs !== all && left.length > 0) {
      tell(`${left.length} runs by which a sweep chose points are left out; --selection takes them as well`);
    }
    const chosen = metric ?? usualMetric(runs.flatMap(({ summary }) => summary ?? []));
    const analysis = analyse(runs, chosen, groupBy.length > 0 ? groupBy : null);
    const write = csv ? csvLines : latex ? latexLines : textLines;
    if (json) print(JSON.stringify(analysis));
    else for (const line of write(analysis)) print(line);
    return 0;
  },
});

export default analyze;

if (import.meta.main) Deno.exit(await runCommand(analyze, Deno.args));

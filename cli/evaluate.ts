/** `evaluate`: computes the errors of a trained run on the parts of the data. */
import { basename } from "@std/path";
import { UserError } from "../core/errors.ts";
import { percentText } from "../core/figures.ts";
import { PARTS } from "../core/data/source.ts";
import type { SplitMetrics } from "../core/runs/types.ts";
import { evaluatePart, metricsOf } from "../core/evaluation/evaluate.ts";
import { requireAllCategories, requireHeldOut, splitParts } from "../core/train/restore.ts";
import { defineCommand, SHARED } from "./command.ts";
import { table } from "./dry_run.ts";
import { rowsText, short, showProgress } from "./progress.ts";
import { restored, restoreOptions } from "./restored.ts";
import { runCommand } from "./run_command.ts";
import { runTarget } from "./run_target.ts";
import { print } from "../core/output.ts";

const evaluate = defineCommand({
  name: "evaluate",
  positional: ["run"],
  options: {
    ...restoreOptions("train, validation, test or all (default: each part that has rows)"),
    json: { ...SHARED.json, help: "print JSON objects, one per line" },
  },
  async run(options) {
    using run = await restored(await runTarget(options.run), options);
    const { model, source, config, otherData } = run;
    requireAllCategories(run);
    const results: { split: string; metrics: SplitMetrics }[] = [];
    using progress = showProgress(!options.json && Deno.stderr.isTerminal() ? "live" : "quiet");
    progress.attach(model);
    for (const part of options.split === undefined ? PARTS : splitParts(options.split)) {
      requireHeldOut(run, part);
      const evaluation = await evaluatePart(model, source, part, config, {
        byColumn: true,
        progress: progress.observer.evaluating,
      });
      const metrics = metricsOf({ ...evaluation, columns: evaluation.columns! }, model);
      if (metrics) results.push({ split: otherData === null ? part : "new data", metrics });
    }
    if (results.length === 0) {
      throw new UserError("--split", `the part ${options.split} has no rows`, "choose another part");
    }
    if (options.json) {
      for (const { split, metrics } of results) {
        const about = otherData === null ? { split } : { data: otherData };
        print(JSON.stringify({ ...about, checkpoint: run.checkpoint, ...metrics }));
      }
      return 0;
    }
    progress[Symbol.dispose]();
    const likelihood = results.some(({ metrics }) => metrics.log_likelihood_per_row !== undefined);
    const head = ["split", "rows", "loss", "MSE", "RMSE", "R2", "mean predictor", "column R2 (median)"];
    if (likelihood) head.push("log-likelihood per row", "deviance explained");
    const sparse = results.some(({ metrics }) => typeof metrics.code_active === "number");
    if (sparse) head.push("L0", "dead units", "variance unexplained");
    const variational = results.some(({ metrics }) => typeof metrics.code_kl === "number");
    if (variational) head.push("KL (nats)", "collapsed units");
    const rows = results.map(({ split, metrics: m }) => [
      split,
      rowsText(m).replace(/ rows$/, ""),
      short(m.loss),
      short(m.mse),
      short(m.rmse),
      short(m.r2),
      short(m.mse_mean_predictor),
      short(m.column_r2_median),
      ...likelihood ? [short(m.log_likelihood_per_row ?? NaN), short(m.deviance_explained ?? NaN)] : [],
      ...sparse
        ? [short(m.code_active ?? NaN), percentText(m.code_dead ?? NaN), short(m.variance_unexplained ?? NaN)]
        : [],
      ...variational ? [short(m.code_kl ?? NaN), percentText(m.code_collapsed ?? NaN)] : [],
    ]);
    for (const text of table(head, rows, head.map((_, at) => at).slice(1))) print(text);
    const { weighted } = results[0]!.metrics;
    if (weighted) print(`  the loss is weighted by ${weighted}; all other figures count all of them alike`);
    print(`  weights: ${basename(run.checkpoint)}`);
    return 0;
  },
});

export default evaluate;

if (import.meta.main) Deno.exit(await runCommand(evaluate, Deno.args));

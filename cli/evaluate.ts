/** `evaluate`: computes the errors of a trained run on the parts of the data. */
import { basename } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { UserError } from "../core/errors.ts";
import { PARTS, SPLITS } from "../core/data/source.ts";
import type { SplitMetrics } from "../core/runs/types.ts";
import { evaluatePart, metricsOf } from "../core/evaluation/evaluate.ts";
import { requireHeldOut, restoreRun, splitParts } from "../core/train/restore.ts";
import { defineCommand, SHARED } from "./command.ts";
import { table } from "./dry_run.ts";
import { DATA_OPTIONS, givenData } from "./given_data.ts";
import { rowsText, short, showProgress } from "./progress.ts";
import { runCommand } from "./run_command.ts";
import { runTarget } from "./run_target.ts";
import { print, tell } from "../core/output.ts";

const evaluate = defineCommand({
  name: "evaluate",
  positional: ["run"],
  options: {
    run: SHARED.run,
    checkpoint: SHARED.checkpoint,
    split: {
      type: "choice",
      value: "S",
      values: SPLITS,
      help: "train, validation, test or all (default: each part that has rows)",
    },
    ...DATA_OPTIONS,
    override: { ...SHARED.override, help: "set a key of the config, e.g. data.path=...; repeatable" },
    json: { ...SHARED.json, help: "print JSON objects, one per line" },
  },
  async run(options) {
    await ensureEngine({ quiet: true });
    using restored = await restoreRun(await runTarget(options.run), {
      checkpoint: options.checkpoint,
      overrides: options.override,
      note: (text) => tell(`narrows: ${text}`),
      ...givenData(options),
    });
    const { model, source, config, otherData } = restored;
    const results: { split: string; metrics: SplitMetrics }[] = [];
    using progress = showProgress(!options.json && Deno.stderr.isTerminal() ? "live" : "quiet");
    progress.attach(model);
    for (const part of options.split === undefined ? PARTS : splitParts(options.split)) {
      requireHeldOut(restored, part);
      const evaluation = await evaluatePart(model, source, part, config, {
        byColumn: true,
        progress: progress.observer.evaluating,
      });
      const metrics = metricsOf({ ...evaluation, columns: evaluation.columns! });
      if (metrics) results.push({ split: otherData === null ? part : "new data", metrics });
    }
    if (results.length === 0) {
      throw new UserError("--split", `the part ${options.split} has no rows`, "choose another part");
    }
    if (options.json) {
      for (const { split, metrics } of results) {
        const about = otherData === null ? { split } : { data: otherData };
        print(JSON.stringify({ ...about, checkpoint: restored.checkpoint, ...metrics }));
      }
      return 0;
    }
    progress[Symbol.dispose]();
    const head = ["split", "rows", "loss", "MSE", "RMSE", "R2", "mean predictor", "column R2 (median)"];
    const rows = results.map(({ split, metrics: m }) => [
      split,
      rowsText(m).replace(/ rows$/, ""),
      short(m.loss),
      short(m.mse),
      short(m.rmse),
      short(m.r2),
      short(m.mse_mean_predictor),
      short(m.column_r2_median),
    ]);
    for (const text of table(head, rows, [1, 2, 3, 4, 5, 6, 7])) print(text);
    print(`  weights: ${basename(restored.checkpoint)}`);
    return 0;
  },
});

export default evaluate;

if (import.meta.main) Deno.exit(await runCommand(evaluate, Deno.args));

/** `evaluate`: error of a trained run on a split. */
import { ensureEngine } from "../core/build/ensure.ts";
import { UserError } from "../core/errors.ts";
import { PARTS } from "../core/data/source.ts";
import type { SplitMetrics } from "../core/runs/types.ts";
import { evaluatePart, metricsOf } from "../core/train/evaluate.ts";
import { restoreRun, splitParts } from "../core/train/restore.ts";
import { commandLine } from "./args.ts";
import { table } from "./dry_run.ts";
import { printError } from "./print.ts";
import { short } from "./progress.ts";
import { runTarget } from "./run_target.ts";

const HELP = `narrows evaluate: loss, MSE and R2 of a run

  --run D            the run folder (default: the newest in runs/)
  --checkpoint C     best (default where kept), latest or a checkpoint folder
  --split S          train, validation, test or all (default: every split that has rows)
  --override A.B=V   e.g. data.path=... for other data
  --json             one JSON object a line`;

export async function evaluateCommand(args: readonly string[]): Promise<number> {
  try {
    const line = commandLine("evaluate", args, {
      text: ["run", "checkpoint", "split"],
      lists: ["override"],
      flags: ["json"],
    });
    if (line.flags.help) return console.log(HELP), 0;
    await ensureEngine({ quiet: true });
    using restored = await restoreRun(await runTarget(line.text.run), {
      checkpoint: line.text.checkpoint,
      overrides: line.lists.override,
      note: (text) => console.error(`narrows: ${text}`),
    });
    const { model, source, config } = restored;
    const results: { split: string; metrics: SplitMetrics }[] = [];
    for (const part of line.text.split === undefined ? PARTS : splitParts(line.text.split)) {
      const evaluation = await evaluatePart(model, source, part, config.data, true);
      const metrics = metricsOf({ ...evaluation, columns: evaluation.columns! });
      if (metrics) results.push({ split: part, metrics });
    }
    if (results.length === 0) {
      throw new UserError("--split", `the split ${line.text.split} has no rows`, "choose another split");
    }
    if (line.flags.json) {
      for (const { split, metrics } of results) {
        console.log(JSON.stringify({ split, checkpoint: restored.checkpoint, ...metrics }));
      }
      return 0;
    }
    const head = ["split", "rows", "loss", "MSE", "RMSE", "R2", "mean predictor", "column R2 (median)"];
    const rows = results.map(({ split, metrics: m }) => [
      split,
      String(m.rows),
      short(m.loss),
      short(m.mse),
      short(m.rmse),
      short(m.r2),
      short(m.mse_mean_predictor),
      short(m.column_r2_median),
    ]);
    for (const text of table(head, rows, [1, 2, 3, 4, 5, 6, 7])) console.log(text);
    return 0;
  } catch (error) {
    return printError(error);
  }
}

if (import.meta.main) Deno.exit(await evaluateCommand(Deno.args));

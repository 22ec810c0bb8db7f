/** `train`: trains a run from a config and writes its report. */
import { countText, percentText } from "../core/figures.ts";
import "./early.ts";
import { UserError } from "../core/errors.ts";
import { ensureEngine } from "../core/build/ensure.ts";
import { findRun } from "../core/train/find_run.ts";
import { toUser } from "../core/paths.ts";
import { writeOutput } from "../core/results/output.ts";
import { resumeCommand } from "../core/runs/command.ts";
import { takeUserSignals } from "../core/train/signals.ts";
import { startRun } from "../core/train/start.ts";
import { END_REASONS } from "../core/runs/reasons.ts";
import type { Summary } from "../core/runs/types.ts";
import type { SessionResult } from "../core/train/session.ts";
import { defineCommand, SHARED } from "./command.ts";
import { drawReport } from "./draw_report.ts";
import { printDryRun } from "./dry_run.ts";
import { printError } from "./print.ts";
import { clock, rowsText, short, showProgress } from "./progress.ts";
import { QUICKSTART } from "./quickstart.ts";
import { runCommand } from "./run_command.ts";
import { print, tell } from "../core/output.ts";

/** What PCA of the same size explains of the same rows, and what to try where that is more. */
function baselineLines({ baseline }: Summary): string[] {
  const pca = baseline?.pca;
  if (!pca) return [];
  const parts = (["train", "validation", "test"] as const).filter((part) => Number.isFinite(pca[part]?.r2));
  if (parts.length === 0) return [];
  const shown = parts.map((part) => `${part} ${short(pca[part]!.r2)}`).join(", ");
  const lines = [`PCA        R2 ${shown}  (${countText(pca.components ?? 0)} components)`];
  if (baseline.advice) lines.push(`           PCA explains more than the network; ${baseline.advice}`);
  return lines;
}

/** How often the nearest rows have the row's label. */
function neighbourLines({ neighbours }: Summary): string[] {
  if (!neighbours) return [];
  const { latent, pca, rows, of } = neighbours;
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  const beside = pca ? `, PCA ${share(pca.accuracy)}` : "";
  const told = of === "held_out" ? "held-out rows" : "training rows, each told from the others";
  return [
    `labels     ${
      share(latent.accuracy)
    } told right by the ${neighbours.neighbours} nearest rows${beside}, commonest label ${
      share(neighbours.commonest)
    }  (${countText(rows)} ${told})`,
  ];
}

/** How well the error of a row tells anomalies from ordinary rows. */
function anomalyLines({ row_errors }: Summary): string[] {
  const found = row_errors?.anomalies;
  if (!found) return [];
  const { auc, auc_low, auc_high, ordinary_rows, anomalous_rows } = found;
  return [
    `anomalies  area under the ROC curve ${short(auc)} (95 % interval ${short(auc_low)} to ${short(auc_high)})  (${
      countText(anomalous_rows)
    } anomalies, ${countText(ordinary_rows)} ordinary rows)`,
  ];
}

function summaryLines(result: SessionResult, runDir: string): string[] {
  const { summary } = result;
  const lines = [
    `${summary.status}: ${countText(summary.epochs)} epochs, ${countText(summary.steps)} steps, ${
      clock(summary.seconds.total)
    } (${END_REASONS[summary.reason] ?? summary.reason})`,
  ];
  for (const part of ["train", "validation", "test"] as const) {
    const metrics = summary.metrics[part];
    if (metrics) {
      const { mse, r2, deviance_explained: d2 } = metrics;
      const fit = typeof d2 === "number" ? `  deviance explained ${short(d2)}` : "";
      const { code_active: active, code_dead: dead } = metrics;
      const code = typeof active === "number" && typeof dead === "number"
        ? `  L0 ${short(active)}  dead units ${percentText(dead)}`
        : "";
      const share = Number.isFinite(r2) ? `R2 ${short(r2)}` : "no R2, since no column varies";
      const { code_kl: kl, code_collapsed: collapsed } = metrics;
      const rate = typeof kl === "number" && typeof collapsed === "number"
        ? `  KL ${short(kl)} nats  collapsed units ${percentText(collapsed)}`
        : "";
      lines.push(`${part.padEnd(10)} MSE ${short(mse)}  ${share}${fit}${code}${rate}  (${rowsText(metrics)})`);
    }
  }
  lines.push(...baselineLines(summary), ...neighbourLines(summary), ...anomalyLines(summary));
  const { evaluated } = summary;
  if (evaluated?.checkpoint === "best") {
    lines.push(`weights    these figures are of epoch ${evaluated.epoch}, the best one`);
  }
  lines.push(`run        ${runDir}`);
  return lines;
}

const train = defineCommand({
  name: "train",
  leavesFiles: true,
  positional: ["config"],
  options: {
    config: { ...SHARED.config, help: "the config (default: configs/quickstart.yaml)" },
    override: SHARED.override,
    resume: {
      type: "path",
      value: "WHAT",
      values: ["auto"],
      bare: true,
      help:
        "resume a run folder, or from a checkpoint; with auto or without a value: the newest unfinished run of this " +
        "config, or a new run if there is none. The run's own config is used. --override may change what keeps " +
        "it the " +
        "same experiment; differences in --config are listed but not applied",
    },
    fork: {
      type: "path",
      value: "WHAT",
      help: "start a new run from a run's latest checkpoint, or from the checkpoint that is named, with that run's " +
        "config " +
        "or with --config",
    },
    replay: {
      type: "path",
      value: "F",
      help:
        "make the edits of another run's edits.jsonl again, at the same steps; with that run's config, the weights have the same bits",
    },
    "dry-run": {
      type: "flag",
      help: "check the data, shapes, memory and one batch of each part, and leave nothing behind",
    },
    "run-dir": { type: "path", value: "D", help: "use D as the run folder" },
    "set-name": { type: "text", value: "N", help: "set the name of the run" },
    "allow-run": {
      type: "flag",
      help: "let the commands and modules run that the config names in logging.sinks and diagnostics.kinds",
    },
    "until-epoch": {
      type: "whole",
      value: "N",
      least: 1,
      help:
        "end after epoch N with a save, so that the run can be resumed; the config's number of epochs stays as it is",
    },
    "no-report": { type: "flag", help: "do not write report.html at the end" },
    json: { ...SHARED.json, help: "print JSON objects on stdout, one per line" },
    quiet: { ...SHARED.quiet, help: "print no progress" },
    verbose: { type: "flag", help: "also print which engine library is used, and why" },
  },
  async run(options, args) {
    const { json, quiet } = options;
    takeUserSignals();
    await ensureEngine({ quiet: quiet || json });
    const mode = json ? "json" : quiet ? "quiet" : Deno.stderr.isTerminal() ? "live" : "lines";
    using progress = showProgress(mode);
    const target = await findRun({
      config: options.config ?? ((options.resume ?? options.fork) === undefined ? QUICKSTART : undefined),
      resume: options.resume,
      fork: options.fork,
      runDir: options["run-dir"],
      setName: options["set-name"],
      overrides: options.override,
      allowRun: options["allow-run"],
      note: progress.note,
      warn: progress.warn,
    });
    for (const warning of target.loaded.warnings) progress.note(warning);
    const locate = (error: unknown) => {
      throw target.loaded.locate(error);
    };
    if (options["dry-run"]) {
      const { config } = target.loaded;
      return await printDryRun(config, json, progress.note, progress.observer.preparing).catch(locate);
    }
    const { run, result } = await startRun({
      ...target,
      observer: progress.observer,
      onModel: progress.attach,
      note: progress.note,
      warn: progress.warn,
      detail: options.verbose ? progress.note : undefined,
      commandLine: ["train", ...args],
      untilEpoch: options["until-epoch"],
      replay: options.replay,
    }).catch(locate);
    progress[Symbol.dispose]();
    const shown = toUser(run.path);
    const report = options["no-report"] ? null : await drawReport(run.path, result);
    const { output } = target.loaded.config.paths;
    const written = output === null || result.untouched || result.status !== "finished"
      ? null
      : await writeOutput(run.path, output, progress.note);
    if (json) {
      const made = written === null ? {} : { output: written };
      print(JSON.stringify({ event: "end", run: run.path, report, ...made, summary: result.summary }));
    } else if (!quiet) {
      for (const text of summaryLines(result, shown)) print(text);
      if (written) print(`output     ${toUser(written)}`);
      if (report) print(`report     ${toUser(report)}`);
    }
    const resume = resumeCommand(target.loaded.config, shown);
    if (result.status === "stopped" && result.signal !== null) {
      tell(`narrows: stopped by ${result.signal}; resume with: ${resume}`);
    } else if (result.status === "stopped" && !json && !quiet) {
      print(`resume     ${resume}`);
    }
    if (result.error) {
      printError(result.error);
      const hinted = result.error instanceof UserError && result.error.hint !== undefined;
      if (!hinted) tell(`  hint: resume with: ${resume}`);
    }
    return result.exitStatus;
  },
});

export default train;

if (import.meta.main) Deno.exit(await runCommand(train, Deno.args));

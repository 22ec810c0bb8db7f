/** What `train` does and prints when a run has ended. */
import type { Config } from "../core/config/mod.ts";
import { UserError } from "../core/errors.ts";
import { countText, percentText, pluralText } from "../core/figures.ts";
import { print, tell } from "../core/output.ts";
import { toUser } from "../core/paths.ts";
import { writeOutput } from "../core/results/output.ts";
import { resumeCommand } from "../core/runs/command.ts";
import { divergedText, END_REASONS } from "../core/runs/reasons.ts";
import type { Summary } from "../core/runs/types.ts";
import type { SessionResult } from "../core/train/session.ts";
import { drawReport } from "./draw_report.ts";
import { printError } from "./print.ts";
import { clock, rowsText, short } from "./progress.ts";

/** What PCA of the same size explains of the same rows, and what to try where that is more. */
function baselineLines({ baseline }: Summary): string[] {
  const pca = baseline?.pca;
  if (!pca) return [];
  const parts = (["train", "validation", "test"] as const).filter((part) => Number.isFinite(pca[part]?.r2));
  if (parts.length === 0) return [];
  const shown = parts.map((part) => `${part} ${short(pca[part]!.r2)}`).join(", ");
  const lines = [`PCA        R2 ${shown}  (${pluralText(pca.components ?? 0, "component")})`];
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

/** The results in lines, and where the run lies. */
function summaryLines({ summary }: SessionResult, runDir: string, rate: number): string[] {
  const lines = [
    `${summary.status}: ${pluralText(summary.epochs, "epoch")}, ${pluralText(summary.steps, "step")}, ${
      clock(summary.seconds.total)
    } (${END_REASONS[summary.reason] ?? summary.reason})`,
  ];
  for (const part of ["train", "validation", "test"] as const) {
    const metrics = summary.metrics[part];
    if (metrics) {
      const { mse, r2, log_likelihood_per_row: likelihood, deviance_explained: d2 } = metrics;
      const fit = (typeof likelihood === "number" ? `  log-likelihood per row ${short(likelihood)}` : "") +
        (typeof d2 === "number" ? `  deviance explained ${short(d2)}` : "");
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
  if (summary.diverged) lines.push(`diverged   ${divergedText(summary.diverged, rate)}`);
  const { evaluated } = summary;
  if (evaluated?.checkpoint === "best") {
    lines.push(`weights    these figures are of epoch ${evaluated.epoch}, the best one`);
  }
  lines.push(`run        ${runDir}`);
  return lines;
}

/** How a run's end is told. */
export interface Telling {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Whether its report is drawn. */
  readonly report: boolean;
  readonly note: (text: string) => void;
  /** The number of the run among several. */
  readonly replica?: number;
}

/** Writes what follows training and says how it ended. @returns the exit status */
export async function tellEnd(
  { run, config, result }: { run: string; config: Config; result: SessionResult },
  { json, quiet, report: isDrawn, note, replica }: Telling,
): Promise<number> {
  const shown = toUser(run);
  const report = isDrawn ? await drawReport(run, result) : null;
  const { output } = config.paths;
  const written = output === null || result.untouched || result.status !== "finished"
    ? null
    : await writeOutput(run, output, note);
  if (json) {
    const made = written === null ? {} : { output: written };
    const of = replica === undefined ? {} : { replica };
    print(JSON.stringify({ event: "end", ...of, run, report, ...made, summary: result.summary }));
  } else if (!quiet) {
    if (replica !== undefined) print(`replica ${replica}`);
    for (const text of summaryLines(result, shown, config.optimizer.learning_rate)) print(text);
    if (written) print(`output     ${toUser(written)}`);
    if (report) print(`report     ${toUser(report)}`);
  }
  const resume = resumeCommand(config, shown);
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
}

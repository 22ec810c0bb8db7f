/** Name, state, one sentence and the key figures of a run. */
import type { RunData, SplitMetrics, Summary } from "../../core/runs/types.ts";
import { valueAt } from "../config_view.ts";
import { bytes, compact, count, date, duration, number, percent, plural, ratio } from "../format.ts";
import { type Content, type Html, html } from "../html.ts";
import { timeBudget } from "../time_budget.ts";

export const SPLITS = ["test", "validation", "train"] as const;

/** The split whose figures speak for the run: test, or else validation, or else train. */
export function headline(summary: Summary | null): { split: string; metrics: SplitMetrics } | null {
  for (const split of SPLITS) {
    const metrics = summary?.metrics[split];
    if (metrics) return { split, metrics };
  }
  return null;
}

/** Best epoch as recorded, or the one of lowest validation (else training) loss so far. */
export function bestEpoch(run: RunData): number | null {
  if (run.summary && run.summary.best_epoch !== null) return run.summary.best_epoch;
  let best: { epoch: number; loss: number } | null = null;
  for (const row of run.epochs) {
    const loss = row.validation_loss ?? row.train_loss;
    if (Number.isFinite(loss) && (!best || loss < best.loss)) best = { epoch: row.epoch, loss };
  }
  return best?.epoch ?? null;
}

/** Why a run ended, in words. */
export function reasonText(summary: Summary | null): string {
  if (!summary) return "no summary yet: running, or ended without one";
  switch (summary.reason) {
    case "epochs":
      return "all epochs done";
    case "max_steps":
      return "step limit reached";
    case "early_stopping":
      return "stopped early, no more improvement";
    default:
      return /^SIG[A-Z]+$/.test(summary.reason) ? `by ${summary.reason}` : summary.reason;
  }
}

export function badge(summary: Summary | null): Html {
  const status = summary?.status ?? "unfinished";
  return html`<span class="badge ${status}">${status}</span>`;
}

function stepsDone(run: RunData): number {
  return run.summary?.steps ?? run.steps.at(-1)?.step ?? 0;
}

function sentence(run: RunData): Html {
  const { summary } = run;
  const columns = summary?.columns ?? run.model[0]?.inputs;
  const widths = run.model.map((l) => l.outputs);
  const latent = widths.length > 0 ? Math.min(...widths) : null;
  const source = valueAt(run.config, "data.path");
  const epochs = summary?.epochs ?? run.epochs.length;
  const steps = stepsDone(run);
  const took = summary?.seconds.total ?? run.steps.at(-1)?.elapsed_s;
  const best = bestEpoch(run);
  const row = run.epochs.find((e) => e.epoch === best);
  const parts: Content[] = [html`An autoencoder${latent === null ? "" : html` with ${plural(latent, "latent unit")}`}`];
  if (summary) parts.push(html` trained on ${plural(summary.rows.train, "row")}`);
  else parts.push(" trained on rows");
  if (columns !== undefined) parts.push(html` of ${plural(columns, "column")}`);
  if (typeof source === "string" && source) parts.push(html` from <span class="mono">${source}</span>`);
  parts.push(steps === 0 ? html`; no step is recorded yet.` : html` for ${plural(epochs, "epoch")} (${plural(steps, "step")})`);
  if (steps > 0) parts.push(took === undefined ? "." : html` in ${duration(took)}.`);
  if (row) {
    const loss = row.validation_loss ?? row.train_loss;
    const which = row.validation_loss === null ? "training" : "validation";
    parts.push(html` The ${which} loss was lowest after epoch ${count(row.epoch)}, at ${number(loss)}.`);
  }
  return html`<p class="lede">${parts}</p>`;
}

function tile(name: string, value: Content, detail: Content): Html {
  return html`<div><dt>${name}</dt><dd>${value}<small>${detail}</small></dd></div>\n`;
}

function tiles(run: RunData): Html {
  const { summary } = run;
  const head = headline(summary);
  const split = head?.split ?? "";
  const budget = timeBudget(run);
  const samples = run.epochs.map((e) => e.samples_per_second).filter(Number.isFinite).sort((a, b) => a - b);
  const speed = samples[Math.floor(samples.length / 2)] ?? run.steps.at(-1)?.samples_per_second;
  const best = bestEpoch(run);
  const steps = stepsDone(run);
  const none = "not measured";
  const parameters = summary?.parameters ?? (run.model.length > 0 ? run.model.reduce((s, l) => s + l.parameters, 0) : null);
  return html`<dl class="tiles">
${tile("Mean squared error", number(head?.metrics.mse), head ? `${split} split` : none)}
${tile("R²", ratio(head?.metrics.r2), head ? `${split} split` : none)}
${
    tile(
      "Explained variance",
      head ? percent(head.metrics.r2) : "–",
      head ? `of the mean predictor’s error ${number(head.metrics.mse_mean_predictor)}` : none,
    )
  }
${tile("Epochs", count(summary?.epochs ?? run.epochs.length), best === null ? "none completed" : `best: ${count(best)}`)}
${tile("Steps", count(steps), plural(Number(valueAt(run.config, "data.batch_size") ?? NaN), "row") + " a batch")}
${tile("Time", duration(summary?.seconds.total ?? budget?.total), summary?.resumed ? `resumed ${plural(summary.resumed, "time")}` : "in one go")}
${tile("Samples per second", compact(speed), samples.length > 1 ? "median epoch" : "training")}
${tile("Waiting for data", percent(budget?.waitShare), budget?.waitShare == null ? none : "of the training time")}
${tile("Parameters", compact(parameters), run.model.length > 0 ? plural(run.model.length, "layer") : none)}
${tile("Peak memory", bytes(summary?.peak_memory_bytes), summary ? "of the process" : none)}
</dl>`;
}

function problems(run: RunData): Content {
  const { summary } = run;
  const failed = summary?.status === "failed";
  const ended = summary && summary.status !== "finished"
    ? html`<p><b>This run ${failed ? "failed" : summary.status === "stopped" ? "was stopped" : "had not ended when this was written"}.</b> ${
      summary.reason ? html`${reasonText(summary)}. ` : ""
    }The figures are those recorded until then.</p>`
    : null;
  const list = run.problems.length > 0
    ? html`<p><b>Not all of the run folder could be read:</b></p><ul>${run.problems.map((p) => html`<li>${p}</li>`)}</ul>`
    : null;
  if (!ended && !list) return null;
  return html`<div class="alert ${failed ? "failed" : ""}">${ended}${list}</div>`;
}

export function header(run: RunData): Html {
  const { summary } = run;
  const when = summary
    ? html`${date(summary.started_at)}${summary.ended_at ? html` to ${date(summary.ended_at)}` : ""}`
    : "no dates recorded";
  return html`<header>
<p class="kicker">Training report · ${when}${summary ? ` · ${reasonText(summary)}` : ""}</p>
<div class="title"><h1>${run.name}</h1>${badge(summary)}</div>
${sentence(run)}
${problems(run)}
${tiles(run)}
</header>`;
}

/** Name, state, one sentence and the key figures of a run. */
import type { RunData, SplitMetrics, Summary } from "../../core/runs/types.ts";
import { valueAt } from "../config_view.ts";
import { bytes, compact, count, dateRange, duration, number, percent, plural, ratio } from "../format.ts";
import { type Content, type Html, markup } from "../html.ts";
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
  return markup`<span class="badge ${status}">${status}</span>`;
}

function stepsDone(run: RunData): number {
  return run.summary?.steps ?? run.steps.at(-1)?.step ?? 0;
}

/** The data's path, from the folder in which the run was started where it lies below that; "" where there is none. */
function sourceText(run: RunData): string {
  const path = valueAt(run.config, "data.path");
  const folder = run.environment?.working_folder;
  if (typeof path !== "string") return "";
  return typeof folder === "string" && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}

/** Outputs of the encoder's last layer; null where there is no model table. */
function latentWidth(run: RunData): number | null {
  return run.model.findLast((layer) => layer.name.startsWith("encoder."))?.outputs ?? null;
}

function sentence(run: RunData): Html {
  const { summary } = run;
  const columns = summary?.columns ?? run.model[0]?.inputs;
  const latent = latentWidth(run);
  const source = sourceText(run);
  const epochs = summary?.epochs ?? run.epochs.length;
  const steps = stepsDone(run);
  const took = summary?.seconds.total ?? run.steps.at(-1)?.elapsed_s;
  const best = bestEpoch(run);
  const row = run.epochs.find((e) => e.epoch === best);
  const parts: Content[] = [
    markup`An autoencoder${latent === null ? "" : markup` with ${plural(latent, "latent unit")}`}`,
  ];
  if (summary) parts.push(markup` trained on ${plural(summary.rows.train, "row")}`);
  else parts.push(" trained on rows");
  if (columns !== undefined) parts.push(markup` of ${plural(columns, "column")}`);
  if (source) parts.push(markup` from <span class="mono">${source}</span>`);
  parts.push(
    steps === 0
      ? markup`; no step is recorded yet.`
      : markup` for ${epochs > 0 ? `${plural(epochs, "epoch")} (${plural(steps, "step")})` : plural(steps, "step")}`,
  );
  if (steps > 0) parts.push(took === undefined ? "." : markup` in ${duration(took)}.`);
  if (row) {
    const loss = row.validation_loss ?? row.train_loss;
    const which = row.validation_loss === null ? "training" : "validation";
    parts.push(markup` The ${which} loss was lowest after epoch ${count(row.epoch)}, at ${number(loss)}.`);
  }
  return markup`<p class="lede">${parts}</p>`;
}

function tile(name: string, value: Content, detail: Content): Html {
  return markup`<div><dt>${name}</dt><dd>${value}<small>${detail}</small></dd></div>\n`;
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
  const batch = valueAt(run.config, "data.batch_size");
  const parameters = summary?.parameters ??
    (run.model.length > 0 ? run.model.reduce((s, l) => s + l.parameters, 0) : null);
  return markup`<dl class="tiles">
${tile("Mean squared error", number(head?.metrics.mse), head ? `${split} split` : none)}
${
    head && head.metrics.r2 < 0
      ? tile("R²", ratio(head.metrics.r2), "worse than the mean predictor")
      : tile("Explained variance (R²)", percent(head?.metrics.r2), head ? "against the mean predictor" : none)
  }
${
    tile(
      "R² by column",
      ratio(head?.metrics.column_r2_median),
      head ? `median of ${plural(head.metrics.columns_varying, "column")}` : none,
    )
  }
${
    tile(
      "Epochs",
      count(summary?.epochs ?? run.epochs.length),
      best === null ? "none completed" : `best: ${count(best)}`,
    )
  }
${tile("Steps", count(steps), typeof batch === "number" ? `${plural(batch, "row")} a batch` : "batches")}
${
    tile(
      "Time",
      duration(summary?.seconds.total ?? budget?.total),
      summary?.resumed ? `resumed ${plural(summary.resumed, "time")}` : "in one go",
    )
  }
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
    ? markup`<p><b>This run ${
      failed
        ? "failed"
        : summary.status === "stopped"
        ? `was stopped${summary.reason ? ` ${reasonText(summary)}` : ""}`
        : "had not ended when this was written"
    }.</b> ${
      failed && summary.reason ? markup`${reasonText(summary)}. ` : ""
    }The figures are those recorded until then.</p>`
    : null;
  const list = run.problems.length > 0
    ? markup`<p><b>Not all of the run folder could be read:</b></p><ul>${
      run.problems.map((p) => markup`<li>${p}</li>`)
    }</ul>`
    : null;
  if (!ended && !list) return null;
  return markup`<div class="alert ${failed ? "failed" : ""}">${ended}${list}</div>`;
}

export function header(run: RunData): Html {
  const { summary } = run;
  const when = summary ? dateRange(summary.started_at, summary.ended_at) : "no dates recorded";
  const why = summary?.status === "finished" ? ` · ${reasonText(summary)}` : "";
  return markup`<header>
<p class="kicker">Training report · ${when}${why}</p>
<div class="title"><h1>${run.name}</h1>${badge(summary)}</div>
${sentence(run)}
${problems(run)}
${tiles(run)}
</header>`;
}

/** Heading, state, the result in one sentence and the key figures of a run. */
import { divergedText } from "../../core/runs/reasons.ts";
import type { RunData, Summary } from "../../core/runs/types.ts";
import { valueAt } from "../config_view.ts";
import { bytes, compact, count, dateRange, duration, error, plural, rate, ratio } from "../format.ts";
import { breakable, type Content, type Html, markup } from "../html.ts";
import { headline, isLikelihood, latentWidth, resultSentence } from "../result.ts";
import { timeBudget } from "../time_budget.ts";
import { forkOf } from "./sessions.ts";

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
  if (!summary) return "no summary yet, as the run is still going or ended without writing one";
  switch (summary.reason) {
    case "epochs":
      return "all epochs done";
    case "max_steps":
      return "step limit reached";
    case "early_stopping":
      return "stopped early, as the loss no longer improved";
    case "until_epoch":
      return "after the epoch that it was asked for";
    default:
      return /^SIG[A-Z0-9]+$/.test(summary.reason) ? `by ${summary.reason}` : summary.reason;
  }
}

export function badge(summary: Summary | null): Html {
  const status = summary?.status ?? "unfinished";
  return markup`<span class="badge ${status}">${status}</span>`;
}

function stepsDone(run: RunData): number {
  return run.summary?.steps ?? run.steps.at(-1)?.step ?? 0;
}

/** A text of the config; "" where there is none. */
function textAt(run: RunData, path: string): string {
  const value = valueAt(run.config, path);
  return typeof value === "string" ? value.trim() : "";
}

/** The run's heading: its title, or else its name. */
export function titleOf(run: RunData): string {
  return textAt(run, "title") || run.name;
}

/** The data's path, from the folder in which the run was started where it lies below that; "" where there is none. */
function sourceText(run: RunData): string {
  const path = textAt(run, "data.path");
  const folder = run.environment?.working_folder;
  return typeof folder === "string" && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}

/** Sentences that say what was trained, on what and for how long. */
function trainingText(run: RunData): Content {
  const { summary } = run;
  const columns = summary?.columns ?? run.model[0]?.inputs;
  const source = sourceText(run);
  const epochs = summary?.epochs ?? run.epochs.at(-1)?.epoch ?? 0;
  const steps = stepsDone(run);
  const took = summary?.seconds.total ?? run.steps.at(-1)?.elapsed_s;
  const best = bestEpoch(run);
  const row = run.epochs.find((e) => e.epoch === best);
  const latent = latentWidth(run);
  const measured = resultSentence(run) !== null;
  const parts: Content[] = [
    measured
      ? "It was trained"
      : markup`An autoencoder${latent === null ? "" : ` with ${plural(latent, "latent unit")}`} ${
        steps === 0 ? "is to be trained" : "was trained"
      }`,
    summary ? ` on ${plural(summary.rows.train, "row")}` : " on rows",
  ];
  if (columns !== undefined && !measured) parts.push(` with ${plural(columns, "column")} each`);
  if (source) parts.push(markup` from <span class="mono">${breakable(source)}</span>`);
  parts.push(
    steps === 0
      ? ". No step is recorded yet."
      : ` for ${epochs > 0 ? `${plural(epochs, "epoch")} (${plural(steps, "step")})` : plural(steps, "step")}`,
  );
  const fork = forkOf(run);
  if (steps > 0 && fork) {
    const own = took === undefined ? "" : ` The steps after the fork took ${duration(took)}.`;
    parts.push(
      markup`. The first ${plural(fork.first - 1, "step")} were made in the run <span class="mono">${
        breakable(fork.parent)
      }</span>, from which it was forked.${own}`,
    );
  } else if (steps > 0) parts.push(took === undefined ? "." : ` in ${duration(took)}.`);
  if (row) {
    const loss = row.validation_loss ?? row.train_loss;
    const which = row.validation_loss === null ? "training" : "validation";
    const when = row.epoch === 0 ? "before the first step" : `after epoch ${count(row.epoch)}`;
    parts.push(` The ${which} loss was lowest ${when}, at ${error(loss)}.`);
  }
  return parts;
}

function tile(name: string, value: Content, detail: Content): Html {
  return markup`<div><dt>${name}</dt><dd>${value}<small>${detail}</small></dd></div>\n`;
}

const NONE = "not measured";

/** The lowest loss so far, for a run whose errors are not measured. */
function lossTile(run: RunData): Html {
  const best = bestEpoch(run);
  const row = run.epochs.find((e) => e.epoch === best);
  const name = row && row.validation_loss === null ? "Lowest training loss" : "Lowest validation loss";
  return tile(
    name,
    error(row?.validation_loss ?? row?.train_loss),
    row ? (row.epoch === 0 ? "before the first step" : `after epoch ${count(row.epoch)}`) : NONE,
  );
}

function resultTiles(run: RunData): Content {
  const head = headline(run.summary);
  if (!head) return lossTile(run);
  const { metrics } = head;
  const split = `${head.split} part`;
  const squared = [
    tile("R²", ratio(metrics.r2), metrics.r2 < 0 ? `${split}, worse than the mean` : split),
    tile("Mean squared error", error(metrics.mse), split),
  ];
  if (isLikelihood(metrics)) {
    const { log_likelihood_per_row: likelihood, deviance_explained: deviance } = metrics;
    return [
      ...typeof deviance === "number" ? [tile("Deviance explained", ratio(deviance), split)] : [],
      tile("Log-likelihood", error(likelihood), `per row, ${split}`),
      ...squared,
    ];
  }
  return [
    ...squared,
    tile("Mean predictor’s error", error(metrics.mse_mean_predictor), split),
    tile("R² by column", ratio(metrics.column_r2_median), `median of ${plural(metrics.columns_varying, "column")}`),
  ];
}

function tiles(run: RunData): Html {
  const { summary } = run;
  const budget = timeBudget(run);
  const samples = run.epochs.filter((e) => e.steps > 0).map((e) => e.samples_per_second).filter(Number.isFinite).sort((
    a,
    b,
  ) => a - b);
  const speed = samples[Math.floor(samples.length / 2)] ?? run.steps.at(-1)?.samples_per_second;
  const best = bestEpoch(run);
  const batch = valueAt(run.config, "data.batch_size");
  const parameters = summary?.parameters ??
    (run.model.length > 0 ? run.model.reduce((s, l) => s + l.parameters, 0) : null);
  return markup`<dl class="tiles">
${resultTiles(run)}
${tile("Parameters", compact(parameters), run.model.length > 0 ? plural(run.model.length, "layer") : "not recorded")}
${
    tile(
      "Epochs",
      count(summary?.epochs ?? run.epochs.at(-1)?.epoch ?? 0),
      best === null ? "none completed" : `best epoch: ${count(best)}`,
    )
  }
${tile("Steps", count(stepsDone(run)), typeof batch === "number" ? `${plural(batch, "row")} per batch` : "batches")}
${
    tile(
      "Time",
      duration(summary?.seconds.total ?? budget?.total),
      summary?.resumed
        ? `resumed ${plural(summary.resumed, "time")}`
        : forkOf(run)
        ? "since the fork"
        : "without interruption",
    )
  }
${tile("Rows per second", rate(speed), samples.length > 1 ? "median of the epochs" : "while training")}
${tile("Peak memory", bytes(summary?.peak_memory_bytes), summary ? "of the process" : NONE)}
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
        : "had not ended when this report was written"
    }.</b> ${
      failed && summary.reason ? markup`${reasonText(summary)}. ` : ""
    }The figures are those recorded until then.</p>`
    : null;
  const diverged = summary?.diverged
    ? markup`<p><b>Training diverged:</b> ${
      divergedText(summary.diverged, Number(valueAt(run.config, "optimizer.learning_rate")), error)
    }.</p>`
    : null;
  const list = run.problems.length > 0
    ? markup`<p><b>Some files of the run folder could not be read completely:</b></p><ul>${
      run.problems.map((p) => markup`<li>${p}</li>`)
    }</ul>`
    : null;
  if (!ended && !diverged && !list) return null;
  return markup`<div class="alert ${failed || diverged ? "failed" : ""}">${ended}${diverged}${list}</div>`;
}

/** Paragraphs of the config's description, as they were written. */
function description(run: RunData): Content {
  const text = textAt(run, "description");
  return text === "" ? null : text.split(/\n\s*\n/).map((part) => markup`<p class="description">${part}</p>\n`);
}

/** The sentence on top, or why there is none. */
function result(run: RunData): Content {
  const sentence = resultSentence(run);
  if (sentence !== null) return sentence;
  return run.summary?.status === "finished"
    ? "No error was measured at the end of the run."
    : "No error has been measured yet. This is done when a run ends by itself.";
}

export function header(run: RunData): Html {
  const { summary } = run;
  const when = summary ? dateRange(summary.started_at, summary.ended_at) : "no dates recorded";
  const why = summary?.status === "finished" ? ` · ${reasonText(summary)}` : "";
  const title = titleOf(run);
  const name = title === run.name ? null : markup` · <span class="mono">${breakable(run.name)}</span>`;
  return markup`<header>
<p class="kicker">Training report · ${when}${why}${name}</p>
<div class="title"><h1>${breakable(title)}</h1>${badge(summary)}</div>
${description(run)}<p class="lede">${result(run)}</p>
<p>${trainingText(run)}</p>
${problems(run)}
${tiles(run)}
</header>`;
}

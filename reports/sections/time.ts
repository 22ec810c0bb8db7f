/** Where the time went: uses, throughput, waits. */
import type { RunData } from "../../core/runs/types.ts";
import { BATCH_WAIT_COLOR, CHUNK_WAIT_COLOR, chunkWait } from "../charts/chunk_wait.ts";
import { timeBar } from "../charts/time_bar.ts";
import { trace } from "../charts/trace.ts";
import { compact, count, duration, number, percent, timeUnit } from "../format.ts";
import { type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { extent, type Point, quantile } from "../series.ts";
import { timeBudget } from "../time_budget.ts";
import { TRAIN } from "../theme.ts";

export function swatch(fill: string): Html {
  return markup`<span class="key" style="background:${fill}"></span>`;
}

function budgetFigure(run: RunData, numbering: Numbering): Html {
  const budget = timeBudget(run);
  if (!budget) return missing("No times are recorded.");
  const legend = markup`<ul class="legend times">${
    budget.parts.map((p) =>
      markup`<li>${swatch(p.fill)}${p.name}<span class="v">${duration(p.seconds)} · ${
        percent(p.seconds / budget.total)
      }</span></li>`
    )
  }</ul>`;
  const figure = numbering.figure(
    timeBar(budget.parts),
    markup`Use of the run’s ${duration(budget.total)}, in the order of the bar. ${
      budget.waitShare === null ? "" : `Training waited for data during ${percent(budget.waitShare)} of its time.`
    }`,
    legend,
  );
  return markup`<div class="timebar">${figure}</div>`;
}

/** Samples a second over the run's seconds: by chunk where there are enough passes, else by step. */
function speeds(run: RunData): { points: Point[]; by: string } {
  const byChunk = run.chunks.length >= 8;
  const rows = byChunk ? run.chunks : run.steps;
  return {
    points: rows.map((r): Point => ({ x: r.elapsed_s, y: r.samples_per_second }))
      .filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y)),
    by: byChunk ? "pass over a chunk" : "step",
  };
}

function throughputFigure(run: RunData, numbering: Numbering): Html {
  const { points, by } = speeds(run);
  if (points.length === 0) return missing("No throughput is recorded.");
  const last = points.at(-1)!.x;
  const unit = timeUnit(last);
  const range = extent(points.map((p) => p.y))!;
  const svg = trace({
    title: "Throughput over time",
    description: `Samples a second by ${by}, from ${number(range[0], 3)} to ${number(range[1], 3)}.`,
    points: points.map((p) => ({ x: p.x / unit.seconds, y: p.y })),
    xLabel: `time since the start (${unit.name})`,
    yLabel: "samples per second",
    stroke: TRAIN,
    zero: true,
    smoothed: true,
  });
  return numbering.figure(
    svg,
    markup`Throughput by ${by}, waits included; median ${
      compact(quantile(points.map((p) => p.y), 0.5))
    } samples a second.`,
  );
}

function waitFigure(run: RunData, numbering: Numbering): Content {
  const { chunks } = run;
  if (chunks.length === 0) return missing("No pass over a chunk was completed, so waits by chunk are unknown.");
  const svg = chunkWait(chunks.map((c) => ({
    firstStep: c.first_step,
    steps: c.steps,
    openWaitMs: c.open_wait_ms,
    batchWaitMs: c.wait_ms,
  })));
  const worst = chunks.reduce((a, b) => (b.open_wait_ms + b.wait_ms > a.open_wait_ms + a.wait_ms ? b : a));
  return numbering.figure(
    svg,
    markup`Waiting in each of ${count(chunks.length)} passes over a chunk. Longest: ${
      duration((worst.open_wait_ms + worst.wait_ms) / 1000)
    } in epoch ${count(worst.epoch)} (${worst.file}).`,
    markup`<ul class="legend"><li>${swatch(CHUNK_WAIT_COLOR)}until the chunk was open</li><li>${
      swatch(BATCH_WAIT_COLOR)
    }for its batches</li></ul>`,
  );
}

export function timeSection(run: RunData, numbering: Numbering): Html {
  return markup`${budgetFigure(run, numbering)}<div class="grid">${throughputFigure(run, numbering)}${
    waitFigure(run, numbering)
  }</div>`;
}

/** How the time of a run was spent, its throughput and its waits for data. */
import type { RunData } from "../../core/runs/types.ts";
import { BATCH_WAIT_COLOR, CHUNK_WAIT_COLOR, chunkWait } from "../charts/chunk_wait.ts";
import { timeBar } from "../charts/time_bar.ts";
import { throughputChart } from "../charts/throughput.ts";
import { count, duration, percent, timeUnit } from "../format.ts";
import { breakable, type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { thinnedText } from "../thinned.ts";
import { throughput, throughputLine } from "../throughput.ts";
import { timeBudget } from "../time_budget.ts";
import { resumedAt } from "./sessions.ts";

function budgetFigure(run: RunData, numbering: Numbering): Html {
  const budget = timeBudget(run);
  if (!budget) return missing("No times are recorded.");
  const legend = budget.parts.map((p) => ({
    name: p.name,
    fill: p.fill,
    value: `${duration(p.seconds)} · ${percent(p.seconds / budget.total)}`,
  }));
  const figure = numbering.figure(
    timeBar(budget.parts),
    markup`How the ${duration(budget.total)} of the run were spent; the legend has the order of the bar. ${
      budget.waitShare === null ? "" : `Training waited for data during ${percent(budget.waitShare)} of its time.`
    }`,
    { legend, spread: true },
  );
  return markup`<div class="timebar">${figure}</div>`;
}

function throughputFigure(run: RunData, numbering: Numbering): Html {
  const { stretches, by } = throughput(run);
  if (stretches.length === 0) return missing("No throughput is recorded.");
  const unit = timeUnit(stretches.at(-1)!.to);
  const resumed = resumedAt(run).flatMap((r) => r.elapsed === null ? [] : [r.elapsed / unit.seconds]);
  return numbering.figure(
    throughputChart(throughputLine(stretches, unit.seconds), unit.name, resumed),
    markup`Training throughput in rows per second, including the waits for data. Each level is the mean over the time that it
spans, computed from <code>${
      by === "step" ? "steps.csv" : "chunks.csv"
    }</code>. The line is broken where the run did not
train.${resumed.length > 0 ? " Dotted lines mark where the run was resumed." : ""}${
      by === "step" ? thinnedText(run, "steps", "steps") : thinnedText(run, "chunks", "passes")
    }`,
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
    markup`Time spent waiting for data in ${
      chunks.length === 1 ? "the one pass" : `each of the ${count(chunks.length)} passes`
    } over a chunk (a data file). The longest wait was ${
      duration((worst.open_wait_ms + worst.wait_ms) / 1000)
    }, in epoch ${count(worst.epoch)} (${breakable(worst.file)}).${thinnedText(run, "chunks", "passes")}`,
    {
      legend: [
        { name: "until the chunk was open", fill: CHUNK_WAIT_COLOR },
        { name: "for batches of the chunk", fill: BATCH_WAIT_COLOR },
      ],
    },
  );
}

export function timeSection(run: RunData, numbering: Numbering): Html {
  return markup`${budgetFigure(run, numbering)}<div class="grid">${throughputFigure(run, numbering)}${
    waitFigure(run, numbering)
  }</div>`;
}

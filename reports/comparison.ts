/** The page that sets several runs side by side. */
import type { RunData } from "../core/runs/types.ts";
import { type CompareLine, compareLines } from "./charts/compare_lines.ts";
import { firstIsOutside } from "./charts/loss_by_epoch.ts";
import { flatten, valueText } from "./config_view.ts";
import { compact, count, duration, number, plural, ratio, timeUnit } from "./format.ts";
import { type Content, type Html, join, markup, raw } from "./html.ts";
import { Numbering, type Table } from "./numbering.ts";
import { missing, page, type Section } from "./page.ts";
import { badge, bestEpoch } from "./sections/header.ts";
import { finite, type Point, quantile } from "./series.ts";
import { SERIES_COLORS, seriesColor } from "./theme.ts";

/** Differing config keys shown beside the metrics; all of them have a table of their own. */
const KEYS_BESIDE = 4;
/** Longer values (layer lists) have their place in the table of configs only. */
const SHORT = 14;
/** Say nothing about how a run was trained. */
const IGNORED = new Set(["name", "paths.runs"]);
const DASHES = [null, "6,3", "2,3"] as const;

/** A, B, ..., Z, AA, ... */
function tagOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : tagOf(Math.floor(index / 26) - 1) + letter;
}

function strokeOf(index: number): { stroke: string; dash: string | null } {
  return { stroke: seriesColor(index), dash: DASHES[Math.floor(index / SERIES_COLORS) % DASHES.length]! };
}

function tagMark(index: number): Html {
  const { stroke, dash } = strokeOf(index);
  const line = `<svg class="key line" viewBox="0 0 22 8" aria-hidden="true"><path d="M0,4h22" stroke="${stroke}" ` +
    `stroke-width="3"${dash ? ` stroke-dasharray="${dash}"` : ""}/></svg>`;
  return markup`<span class="tag">${raw(line)}<b>${tagOf(index)}</b></span>`;
}

/** Paths whose values are not the same in all runs, in the order of the first run that has them. */
export function differingKeys(runs: readonly RunData[]): string[] {
  const all = runs.map((run) => flatten(run.config));
  const keys = new Set(all.flatMap((leaves) => [...leaves.keys()]));
  return [...keys].filter((key) =>
    !IGNORED.has(key) && new Set(all.map((leaves) => JSON.stringify(leaves.get(key)) ?? "")).size > 1
  );
}

interface Metric {
  readonly name: string;
  readonly of: (run: RunData) => number | null | undefined;
  readonly show: (value: number | null | undefined) => string;
  readonly better: "low" | "high" | null;
}

function medianSpeed(run: RunData): number | null {
  const value = quantile(run.epochs.map((e) => e.samples_per_second), 0.5);
  return Number.isFinite(value) ? value : null;
}

const METRICS: readonly Metric[] = [
  { name: "best epoch", of: bestEpoch, show: count, better: null },
  { name: "validation MSE", of: (r) => r.summary?.metrics.validation?.mse, show: number, better: "low" },
  { name: "test MSE", of: (r) => r.summary?.metrics.test?.mse, show: number, better: "low" },
  { name: "test R²", of: (r) => r.summary?.metrics.test?.r2, show: ratio, better: "high" },
  { name: "parameters", of: (r) => r.summary?.parameters, show: compact, better: null },
  { name: "samples/s", of: medianSpeed, show: compact, better: "high" },
  { name: "time", of: (r) => r.summary?.seconds.total, show: duration, better: null },
];

/** Cells of one metric, the best in bold where the runs differ. */
function metricCells(metric: Metric, runs: readonly RunData[]): Content[] {
  const values = runs.map(metric.of);
  const known = values.filter((v): v is number => typeof v === "number" && Number.isFinite(v));
  const best = metric.better === "low" ? Math.min(...known) : Math.max(...known);
  const marked = metric.better !== null && known.length > 1 && known.some((v) => v !== best);
  return values.map((v) => marked && v === best ? markup`<b class="best">${metric.show(v)}</b>` : metric.show(v));
}

function keysBeside(runs: readonly RunData[], keys: readonly string[]): string[] {
  return keys.filter((key) => runs.every((run) => configCell(run, key).length <= SHORT)).slice(0, KEYS_BESIDE);
}

function runsTable(runs: readonly RunData[], keys: readonly string[]): Table {
  const metrics = METRICS.filter((m) => runs.some((r) => Number.isFinite(m.of(r) ?? NaN)));
  const beside = keysBeside(runs, keys);
  const cells = metrics.map((m) => metricCells(m, runs));
  return {
    head: ["run", "status", ...beside.map(keyHead), ...metrics.map((m) => m.name)],
    rows: runs.map((run, i) => [
      markup`<span class="run">${tagMark(i)} ${run.name}</span>`,
      badge(run.summary),
      ...beside.map((key) => configCell(run, key)),
      ...cells.map((column) => column[i]!),
    ]),
    numeric: metrics.map((_, i) => 2 + beside.length + i),
  };
}

/** A dotted path that may be broken after its dots. */
function keyHead(key: string): Html {
  return join(key.split("."), raw(".<wbr>"));
}

function configCell(run: RunData, key: string): string {
  return valueText(flatten(run.config).get(key), key);
}

/** The losses that are drawn: validation where every run with epochs has it, else training, so that like meets like. */
function lossKind(runs: readonly RunData[]): "validation" | "training" {
  const trained = runs.filter((r) => r.epochs.length > 0);
  return trained.every((r) => r.epochs.some((e) => e.validation_loss !== null)) ? "validation" : "training";
}

type EpochOf = RunData["epochs"][number];

function lines(runs: readonly RunData[], x: (e: EpochOf) => number, y: (e: EpochOf) => number): CompareLine[] {
  return runs.map((run, i): CompareLine => ({
    name: run.name,
    tag: tagOf(i),
    ...strokeOf(i),
    points: finite(run.epochs.map((e): Point => ({ x: x(e), y: y(e) }))),
  })).filter((line) => line.points.length > 0);
}

function curves(runs: readonly RunData[], numbering: Numbering): Content {
  const kind = lossKind(runs);
  const loss = (e: EpochOf) => kind === "validation" ? e.validation_loss ?? NaN : e.train_loss;
  const byEpoch = lines(runs, (e) => e.epoch, loss);
  if (byEpoch.length === 0) return missing("None of these runs completed an epoch with a finite loss.");
  const yLabel = `${kind} loss`;
  const unit = timeUnit(Math.max(...runs.map((r) => r.epochs.at(-1)?.elapsed_s ?? 0)));
  const absent = runs.length - byEpoch.length;
  const figures: Content[] = [
    numbering.figure(
      compareLines(byEpoch, { title: `${kind} loss by epoch`, xLabel: "epoch", yLabel, whole: true, scale: "auto" }),
      markup`${kind === "validation" ? "Validation" : "Training"} loss by epoch; letters as in Table 1.${
        absent > 0 ? ` ${plural(absent, "run")} without a finite loss left out.` : ""
      }`,
    ),
    numbering.figure(
      compareLines(lines(runs, (e) => e.elapsed_s / unit.seconds, loss), {
        title: `${kind} loss by time`,
        xLabel: `time since the start (${unit.name})`,
        yLabel,
        scale: "auto",
      }),
      markup`The same by time. Runs on different machines, or at once on one, do not compare here.`,
    ),
  ];
  if (kind === "validation") {
    const options = { title: "training loss by epoch", xLabel: "epoch", yLabel: "training loss", whole: true } as const;
    const cut = runs.some((run) =>
      firstIsOutside(run.epochs.map((e) => ({ epoch: e.epoch, train: e.train_loss, validation: e.validation_loss })))
    );
    const training = lines(runs, (e) => e.epoch, (e) => cut && e.epoch === 1 ? NaN : e.train_loss);
    if (training.length > 0) {
      figures.push(
        numbering.figure(
          compareLines(training, { ...options, scale: "auto" }),
          `Training loss by epoch: the mean over its steps${
            cut ? ", the first epoch left out, which is far above the others" : ""
          }.`,
        ),
      );
    }
  }
  const speeds = lines(runs, (e) => e.epoch, (e) => e.samples_per_second);
  if (speeds.length > 0) {
    const options = {
      title: "Throughput by epoch",
      xLabel: "epoch",
      yLabel: "samples per second",
      whole: true,
    } as const;
    figures.push(
      numbering.figure(
        compareLines(speeds, { ...options, zero: true }),
        "Throughput of training by epoch, waits included.",
      ),
    );
  }
  return markup`<div class="grid">${figures}</div>`;
}

function differences(runs: readonly RunData[], keys: readonly string[], numbering: Numbering): Content {
  if (keys.length === 0) return missing("The configs of these runs are the same.");
  return numbering.table(
    {
      head: ["key", ...runs.map((_, i) => tagMark(i))],
      rows: keys.map((key) => [
        markup`<span class="mono">${keyHead(key)}</span>`,
        ...runs.map((run) => configCell(run, key)),
      ]),
    },
    `Config values that are not the same in all runs.`,
  );
}

function lede(runs: readonly RunData[], keys: readonly string[]): Html {
  const kind = lossKind(runs);
  const ranked = runs.map((run, i) => ({
    i,
    run,
    loss: Math.min(
      ...run.epochs.map((e) => (kind === "validation" ? e.validation_loss : e.train_loss) ?? NaN).filter(
        Number.isFinite,
      ),
    ),
  })).filter((r) => Number.isFinite(r.loss)).sort((a, b) => a.loss - b.loss);
  const best = ranked[0];
  return markup`<p class="lede">${
    best
      ? markup`The lowest ${kind} loss, ${number(best.loss)}, is that of run ${tagOf(best.i)}, ${best.run.name}.`
      : "None of these runs has a loss yet."
  } ${keys.length === 0 ? "The configs are the same." : `The configs differ in ${plural(keys.length, "key")}.`}</p>`;
}

/** One static HTML document that compares runs, in the order given. */
export function renderComparison(runs: readonly RunData[]): string {
  const numbering = new Numbering();
  const keys = differingKeys(runs);
  const problems = runs.flatMap((run, i) => run.problems.map((p) => `${tagOf(i)}: ${p}`));
  const header = markup`<header>
<p class="kicker">Comparison of training runs</p>
<div class="title"><h1>${plural(runs.length, "run")}</h1></div>
${lede(runs, keys)}
${
    problems.length > 0
      ? markup`<div class="alert"><p><b>Not everything could be read:</b></p><ul>${
        problems.map((p) => markup`<li>${p}</li>`)
      }</ul></div>`
      : null
  }
</header>`;
  const shown = keysBeside(runs, keys).length;
  const more = keys.length > shown
    ? shown === 0
      ? "; what differs in their configs is in the last table"
      : `; ${shown} of the ${keys.length} config keys that differ are shown, the rest is below`
    : "";
  const sections: Section[] = [
    {
      id: "runs",
      title: "Runs",
      body: numbering.table(
        runsTable(runs, keys),
        `The runs with their final metrics, the best of each in bold${more}.`,
      ),
    },
    { id: "loss", title: "Loss and throughput", body: curves(runs, numbering) },
    { id: "configs", title: "Configs", body: differences(runs, keys, numbering) },
  ];
  return page(`Comparison of ${plural(runs.length, "run")}`, header, sections);
}

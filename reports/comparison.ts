/** The page that sets several runs side by side, and compares those that can be. */
import type { RunData } from "../core/runs/types.ts";
import { type CompareLine, compareLines } from "./charts/compare_lines.ts";
import { firstIsOutside } from "./charts/loss_by_epoch.ts";
import { flatten, valueText } from "./config_view.ts";
import { dataDifferences, groupsOfRuns, lossDifferences, sameMachine } from "./comparable.ts";
import { compact, count, duration, error, plural, rate, ratio, timeUnit } from "./format.ts";
import { breakable, type Content, type Html, join, markup, raw } from "./html.ts";
import type { Legend } from "./legend.ts";
import { Numbering, type Table } from "./numbering.ts";
import { missing, page, type Section } from "./page.ts";
import { badge, bestEpoch, titleOf } from "./sections/header.ts";
import { finite, type Point, quantile } from "./series.ts";
import { byImportance } from "./settings_order.ts";
import { SERIES_COLORS, seriesColor } from "./theme.ts";
import { lossUnit } from "./units.ts";

/** Differing config keys shown beside the metrics; all of them have a table of their own. */
const KEYS_BESIDE = 3;
/** Longer values (layer lists) have their place in the table of configs only. */
const SHORT = 14;
/** Say nothing about how a run was trained. */
const IGNORED = new Set(["name", "title", "description", "paths.runs"]);
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
  const line = `<svg class="key" viewBox="0 0 14 14" aria-hidden="true"><path d="M0,7h14" stroke="${stroke}" ` +
    `stroke-width="3"${dash ? ` stroke-dasharray="${dash}"` : ""}/></svg>`;
  return markup`<span class="tag">${raw(line)}<b>${tagOf(index)}</b></span>`;
}

/** "run A", "runs A, B and C". */
function tagsText(indices: readonly number[]): string {
  const tags = indices.map(tagOf);
  if (tags.length === 1) return `run ${tags[0]}`;
  return `runs ${tags.slice(0, -1).join(", ")} and ${tags.at(-1)}`;
}

/** Paths whose values are not the same in all runs, the most important first. */
export function differingKeys(runs: readonly RunData[]): string[] {
  const all = runs.map((run) => flatten(run.config));
  const keys = new Set(all.flatMap((leaves) => [...leaves.keys()]));
  return byImportance(
    [...keys].filter((key) =>
      !IGNORED.has(key) && new Set(all.map((leaves) => JSON.stringify(leaves.get(key)) ?? "")).size > 1
    ),
  );
}

interface Metric {
  readonly name: string;
  readonly of: (run: RunData) => number | null | undefined;
  readonly show: (value: number | null | undefined) => string;
  readonly better: "low" | "high" | null;
  /** Compared only where all were made on one machine. */
  readonly speed?: boolean;
}

function medianSpeed(run: RunData): number | null {
  const value = quantile(run.epochs.map((e) => e.samples_per_second), 0.5);
  return Number.isFinite(value) ? value : null;
}

const METRICS: readonly Metric[] = [
  { name: "test R²", of: (r) => r.summary?.metrics.test?.r2, show: ratio, better: "high" },
  { name: "test MSE", of: (r) => r.summary?.metrics.test?.mse, show: error, better: "low" },
  { name: "validation MSE", of: (r) => r.summary?.metrics.validation?.mse, show: error, better: "low" },
  { name: "best epoch", of: bestEpoch, show: count, better: null },
  { name: "parameters", of: (r) => r.summary?.parameters, show: compact, better: null },
  { name: "rows/s", of: medianSpeed, show: rate, better: "high", speed: true },
  { name: "time", of: (r) => r.summary?.seconds.total, show: duration, better: null },
];

/** Cells of one metric, the best in bold among runs that can be compared and differ. */
function metricCells(metric: Metric, runs: readonly RunData[], groups: Groups): Content[] {
  const values = runs.map(metric.of);
  const known = (i: number) => typeof values[i] === "number" && Number.isFinite(values[i]);
  const best = new Set<number>();
  for (const group of metric.better === null || (metric.speed && !sameMachine(runs)) ? [] : groups) {
    const seen = group.filter(known).map((i) => values[i]!);
    const top = metric.better === "low" ? Math.min(...seen) : Math.max(...seen);
    if (seen.some((v) => v !== top)) { for (const i of group) if (values[i] === top) best.add(i); }
  }
  return values.map((v, i) => best.has(i) ? markup`<b class="best">${metric.show(v)}</b>` : metric.show(v));
}

type Groups = readonly (readonly number[])[];

function keysBeside(runs: readonly RunData[], keys: readonly string[]): string[] {
  return keys.filter((key) => runs.every((run) => configCell(run, key).length <= SHORT)).slice(0, KEYS_BESIDE);
}

function runsTable(runs: readonly RunData[], keys: readonly string[], groups: Groups): Table {
  const metrics = METRICS.filter((m) => runs.some((r) => Number.isFinite(m.of(r) ?? NaN)));
  const beside = keysBeside(runs, keys);
  const cells = metrics.map((m) => metricCells(m, runs, groups));
  return {
    head: ["run", "status", ...beside.map(breakable), ...metrics.map((m) => m.name)],
    rows: runs.map((run, i) => [
      markup`<span class="run">${tagMark(i)} ${breakable(titleOf(run))}</span>`,
      badge(run.summary),
      ...beside.map((key) => configCell(run, key)),
      ...cells.map((column) => column[i]!),
    ]),
    numeric: metrics.map((_, i) => 2 + beside.length + i),
  };
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

/** Lines of some of the runs; colours and letters are those of all of them. */
function lines(
  runs: readonly RunData[],
  chosen: readonly number[],
  x: (e: EpochOf) => number,
  y: (e: EpochOf) => number,
): CompareLine[] {
  return chosen.map((i): CompareLine => ({
    name: runs[i]!.name,
    tag: tagOf(i),
    ...strokeOf(i),
    points: finite(runs[i]!.epochs.map((e): Point => ({ x: x(e), y: y(e) }))),
  })).filter((line) => line.points.length > 0);
}

function legendOf(drawn: readonly CompareLine[]): Legend {
  return drawn.map((l) => ({ name: `${l.tag}: ${l.name}`, fill: l.stroke, shape: "line", dash: l.dash }));
}

/** The losses of runs that can be compared. */
function lossFigures(runs: readonly RunData[], group: readonly number[], numbering: Numbering): Content[] {
  const members = group.map((i) => runs[i]!);
  const kind = lossKind(members);
  const loss = (e: EpochOf) => kind === "validation" ? e.validation_loss ?? NaN : e.train_loss;
  const byEpoch = lines(runs, group, (e) => e.epoch, loss);
  if (byEpoch.length === 0) return [];
  const yUnit = lossUnit(members[0]!.config);
  const absent = group.length - byEpoch.length;
  const unit = timeUnit(Math.max(...members.map((r) => r.epochs.at(-1)?.elapsed_s ?? 0)));
  const name = kind === "validation" ? "Validation" : "Training";
  const figure = (drawn: CompareLine[], options: Parameters<typeof compareLines>[1], caption: Content) =>
    numbering.figure(compareLines(drawn, options), caption, { legend: legendOf(drawn) });
  const figures = [
    figure(
      byEpoch,
      { title: `${kind} loss by epoch`, xLabel: "epoch", yLabel: `${kind} loss`, yUnit, whole: true, scale: "auto" },
      `${name} loss by epoch of ${tagsText(group)}, which have the same data, rows and loss.${
        absent > 0 ? ` ${plural(absent, "run")} without a finite loss left out.` : ""
      }`,
    ),
    figure(
      lines(runs, group, (e) => e.elapsed_s / unit.seconds, loss),
      {
        title: `${kind} loss by time`,
        xLabel: `time since the start (${unit.name})`,
        yLabel: `${kind} loss`,
        yUnit,
        scale: "auto",
      },
      `The same by time.${
        sameMachine(members)
          ? " Runs that were made at once do not compare here."
          : " The runs were not all made on the same machine, or with as many threads: their times do not compare."
      }`,
    ),
  ];
  if (kind !== "validation") return figures;
  const cut = members.some((run) =>
    firstIsOutside(run.epochs.map((e) => ({ epoch: e.epoch, train: e.train_loss, validation: e.validation_loss })))
  );
  const training = lines(runs, group, (e) => e.epoch, (e) => cut && e.epoch === 1 ? NaN : e.train_loss);
  if (training.length > 0) {
    figures.push(figure(
      training,
      { title: "training loss by epoch", xLabel: "epoch", yLabel: "training loss", yUnit, whole: true, scale: "auto" },
      `Training loss by epoch: the mean over its steps${
        cut ? ", the first epoch left out, which is far above the others" : ""
      }.`,
    ));
  }
  return figures;
}

function speedFigure(runs: readonly RunData[], group: readonly number[], numbering: Numbering): Content {
  const speeds = lines(runs, group, (e) => e.epoch, (e) => e.samples_per_second);
  if (speeds.length === 0) return null;
  const options = { title: "Throughput by epoch", xLabel: "epoch", yLabel: "throughput", yUnit: "rows per second" };
  return numbering.figure(
    compareLines(speeds, { ...options, whole: true, zero: true }),
    `Throughput of training of ${tagsText(group)} by epoch, waits included.${
      sameMachine(group.map((i) => runs[i]!))
        ? ""
        : " Not all on the same machine, or with as many threads: the differences are not only the settings’."
    }`,
    { legend: legendOf(speeds) },
  );
}

function curves(runs: readonly RunData[], numbering: Numbering): Content {
  const groups = groupsOfRuns(runs, lossDifferences);
  const compared = groups.filter((g) => g.length > 1);
  const figures = compared.flatMap((group) => lossFigures(runs, group, numbering));
  const alone = groups.filter((g) => g.length === 1).flat();
  const why = compared.length === 0
    ? missing("No two of these runs have the same data, rows and loss, so their losses cannot be compared.")
    : figures.length === 0
    ? missing("None of these runs completed an epoch with a finite loss.")
    : alone.length > 0
    ? markup`<p>Not drawn with the others: ${tagsText(alone)}, which ${
      alone.length === 1 ? "has" : "have"
    } other data, rows or loss.</p>\n`
    : null;
  return markup`${why}<div class="grid">${figures}${
    groupsOfRuns(runs, dataDifferences).filter((g) => g.length > 1).map((group) => speedFigure(runs, group, numbering))
  }</div>`;
}

/** What of the runs cannot be compared, and why; null where everything can. */
function comparability(runs: readonly RunData[]): Content {
  const [first] = runs;
  const notes = runs.slice(1).flatMap((run, k): Content[] => {
    const data = dataDifferences(first!, run);
    const loss = lossDifferences(first!, run);
    if (loss.length === 0) return [];
    const keys = join(
      loss.map((key) => key.includes(".") ? markup`<span class="mono">${breakable(key)}</span>` : key),
      ", ",
    );
    const what = data.length > 0
      ? "was measured on other values than run A, so that neither errors nor losses can be compared"
      : "was trained on another loss than run A, so that errors can be compared, but not losses";
    return [markup`<li><b>Run ${tagOf(k + 1)}</b> ${what}. Not the same: ${keys}.</li>`];
  });
  if (notes.length === 0) return null;
  return markup`<div class="alert"><p><b>Not everything here can be compared:</b></p><ul>${notes}</ul></div>\n`;
}

function differences(runs: readonly RunData[], keys: readonly string[], numbering: Numbering): Content {
  if (keys.length === 0) return missing("The configs of these runs are the same.");
  return numbering.table(
    {
      head: ["key", ...runs.map((_, i) => tagMark(i))],
      rows: keys.map((key) => [
        markup`<span class="mono">${breakable(key)}</span>`,
        ...runs.map((run) => breakable(configCell(run, key))),
      ]),
    },
    `Settings that are not the same in all runs, those that matter most to the result first.`,
  );
}

/** The lowest loss, where it means something. */
function lede(runs: readonly RunData[], keys: readonly string[]): Html {
  const groups = groupsOfRuns(runs, lossDifferences);
  const settings = keys.length === 0
    ? "The configs are the same."
    : `The configs differ in ${plural(keys.length, "key")}.`;
  const sentences = groups.filter((g) => g.length > 1).map((group) => {
    const kind = lossKind(group.map((i) => runs[i]!));
    const ranked = group.map((i) => ({
      i,
      loss: Math.min(
        ...runs[i]!.epochs.map((e) => (kind === "validation" ? e.validation_loss : e.train_loss) ?? NaN)
          .filter(Number.isFinite),
      ),
    })).filter((r) => Number.isFinite(r.loss)).sort((a, b) => a.loss - b.loss);
    const best = ranked[0];
    const of = group.length === runs.length ? "" : ` of ${tagsText(group)}`;
    return best
      ? markup`The lowest ${kind} loss${of}, ${error(best.loss)}, is that of run ${tagOf(best.i)}, ${
        titleOf(runs[best.i]!)
      }. `
      : `None of ${group.length === runs.length ? "these runs" : tagsText(group)} has a loss yet. `;
  });
  const none = sentences.length === 0
    ? "No two of these runs have the same data, rows and loss, so none is called the best. "
    : null;
  return markup`<p class="lede">${none}${sentences}${settings}</p>`;
}

/** One static HTML document that compares runs, in the order given. */
export function renderComparison(runs: readonly RunData[]): string {
  const numbering = new Numbering("comparison");
  const keys = differingKeys(runs);
  const problems = runs.flatMap((run, i) => run.problems.map((p) => `${tagOf(i)}: ${p}`));
  const header = markup`<header>
<p class="kicker">Comparison of training runs</p>
<div class="title"><h1>${plural(runs.length, "run")}</h1></div>
${lede(runs, keys)}
${comparability(runs)}${
    problems.length > 0
      ? markup`<div class="alert"><p><b>Not everything could be read:</b></p><ul>${
        problems.map((p) => markup`<li>${p}</li>`)
      }</ul></div>`
      : null
  }
</header>`;
  const groups = groupsOfRuns(runs, dataDifferences);
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
        runsTable(runs, keys, groups),
        `The runs with their final metrics. In bold: the best ${
          groups.length > 1 ? "among runs of the same data and rows" : "of each"
        }${more}.`,
      ),
    },
    { id: "loss", title: "Loss and throughput", body: curves(runs, numbering) },
    { id: "configs", title: "Configs", body: differences(runs, keys, numbering) },
  ];
  return page(`Comparison of ${plural(runs.length, "run")}`, header, sections);
}

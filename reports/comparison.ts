/** The page that shows several runs side by side, and compares those that can be compared. */
import type { RunData } from "../core/runs/types.ts";
import { curves, lossKind } from "./compare_curves.ts";
import { compareRows } from "./compare_rows.ts";
import { flatten, valueText } from "./config_view.ts";
import { dataDifferences, groupsOfRuns, lossDifferences, sameMachine } from "./comparable.ts";
import { compact, count, duration, error, plural, rate, ratio } from "./format.ts";
import { breakable, type Content, type Html, join, markup } from "./html.ts";
import { Numbering, type Table } from "./numbering.ts";
import { missing, page, type Section } from "./page.ts";
import { badge, bestEpoch, titleOf } from "./sections/header.ts";
import { quantile } from "./series.ts";
import { byImportance } from "./settings_order.ts";
import { tagMark, tagOf, tagsText } from "./tags.ts";

/** The largest number of differing config keys beside the metrics; another table has all of them. */
const KEYS_BESIDE = 2;
/** Longer values, such as lists of layers, are only in the table of configs. */
const SHORT = 14;
/** Keys that do not affect training. */
const IGNORED = new Set(["name", "title", "description", "paths.runs"]);

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
  /** Whether the metric is compared only if all runs used the same machine. */
  readonly speed?: boolean;
}

function medianSpeed(run: RunData): number | null {
  const value = quantile(run.epochs.filter((e) => e.steps > 0).map((e) => e.samples_per_second), 0.5);
  return Number.isFinite(value) ? value : null;
}

const METRICS: readonly Metric[] = [
  { name: "test R²", of: (r) => r.summary?.metrics.test?.r2, show: ratio, better: "high" },
  { name: "test MSE", of: (r) => r.summary?.metrics.test?.mse, show: error, better: "low" },
  {
    name: "test deviance explained",
    of: (r) => r.summary?.metrics.test?.deviance_explained,
    show: ratio,
    better: "high",
  },
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
    stacked: true,
  };
}

/** Sentences that name the runs of which only a sample of a part's rows was measured. */
function sampledText(runs: readonly RunData[]): string {
  const isSampled = ({ summary }: RunData, part: "test" | "validation") => {
    const metrics = summary?.metrics[part];
    return typeof metrics?.sampled_from === "number" && metrics.sampled_from > metrics.rows;
  };
  return (["test", "validation"] as const).map((part) => {
    const which = runs.flatMap((run, i) => isSampled(run, part) ? [i] : []);
    return which.length === 0
      ? ""
      : ` The ${part} metrics of ${tagsText(which)} were measured on a sample of the ${part} rows.`;
  }).join("");
}

function configCell(run: RunData, key: string): string {
  return valueText(flatten(run.config).get(key), key);
}

/** What cannot be compared between the runs, and why; null if everything can. */
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
      ? "was measured on other values than run A, so neither its errors nor its losses can be compared with those of run A"
      : "was trained with another loss than run A, so its errors can be compared with those of run A, but not its losses";
    return [markup`<li><b>Run ${tagOf(k + 1)}</b> ${what}. They differ in: ${keys}.</li>`];
  });
  if (notes.length === 0) return null;
  return markup`<div class="alert"><p><b>Some of these runs cannot be compared:</b></p><ul>${notes}</ul></div>\n`;
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
    `The settings that are not the same in all runs, in the order of their importance for the result.`,
  );
}

/** The sentences at the top: the run with the lowest loss in each group of runs that can be compared. */
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

/** Reconstructions side by side, where there are any. */
function sameRows(runs: readonly RunData[], numbering: Numbering): Section[] {
  const body = compareRows(runs, numbering);
  return body === null ? [] : [{ id: "rows", title: "The same rows", body }];
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
      ? markup`<div class="alert"><p><b>Some files could not be read completely:</b></p><ul>${
        problems.map((p) => markup`<li>${p}</li>`)
      }</ul></div>`
      : null
  }
</header>`;
  const groups = groupsOfRuns(runs, dataDifferences);
  const shown = keysBeside(runs, keys).length;
  const more = keys.length > shown
    ? shown === 0
      ? " The last table shows where their configs differ."
      : ` Their configs differ in ${plural(keys.length, "key")}, of which ${
        shown === 1 ? "one is" : `${shown} are`
      } shown here and all in the last table.`
    : "";
  const sections: Section[] = [
    {
      id: "runs",
      title: "Runs",
      body: numbering.table(
        runsTable(runs, keys, groups),
        `The runs with their final metrics: R² is the share of the variance that is explained, MSE the mean squared error. The best value of a metric${
          groups.length > 1 ? " among the runs with the same data and rows" : ""
        } is bold.${more}${sampledText(runs)}`,
      ),
    },
    { id: "loss", title: "Loss and throughput", body: curves(runs, numbering) },
    ...sameRows(runs, numbering),
    { id: "configs", title: "Configs", body: differences(runs, keys, numbering) },
  ];
  return page(`Comparison of ${plural(runs.length, "run")}`, header, sections);
}

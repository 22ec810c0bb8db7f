/** The statistics of all points of a sweep, and each point against the best one over the seeds that both have. */
import type { Analysis, Comparison, Group } from "../../core/analysis/groups.ts";
import type { Interval } from "../../core/analysis/statistics.ts";
import { count, number, plural } from "../format.ts";
import { breakable, type Content, markup } from "../html.ts";
import type { Numbering, Table } from "../numbering.ts";
import { cut } from "./points.ts";

const NAME_LENGTH = 120;
/** Lines of a table at most. */
const LINES_MAX = 200;

const interval = (bounds: Interval | null | undefined): Content =>
  bounds == null ? "–" : markup`<span class="nowrap">${number(bounds[0])} to ${number(bounds[1])}</span>`;
const values = (texts: readonly (string | null)[]): Content[] =>
  texts.map((text) => breakable(cut(text ?? "–", NAME_LENGTH)));

function groupTable({ group_by }: Analysis, groups: readonly Group[]): Table {
  const names = [
    "n",
    "failed",
    "unfinished",
    "mean",
    "SD",
    "median",
    "IQM",
    "95\u202f% t interval",
    "95\u202f% bootstrap",
  ];
  return {
    head: [...group_by.map(breakable), ...names],
    rows: groups.map(({ values: own, failed, unfinished, statistics: found }) => [
      ...values(own),
      count(found?.n ?? 0),
      count(failed),
      count(unfinished),
      ...[found?.mean, found?.sd, found?.median, found?.iqm].map((value) => number(value)),
      interval(found?.t_interval),
      interval(found?.bootstrap_interval),
    ]),
    numeric: names.map((_, i) => group_by.length + i),
  };
}

function comparisonTable({ group_by }: Analysis, comparisons: readonly Comparison[]): Table {
  return {
    head: [...group_by.map(breakable), "seeds", "mean difference", "95\u202f% t interval", "Wilcoxon p"],
    rows: comparisons.map(({ group, seeds, mean_difference, t_interval, wilcoxon_p }) => [
      ...values(group),
      count(seeds.length),
      number(mean_difference),
      interval(t_interval),
      wilcoxon_p === null ? "–" : number(wilcoxon_p, 3),
    ]),
    numeric: [0, 1, 2, 3].map((i) => group_by.length + i),
  };
}

export function groupsSection(analysis: Analysis, numbering: Numbering): Content {
  const { groups, comparisons, metric } = analysis;
  const shown = groups.slice(0, LINES_MAX);
  const table = numbering.table(
    groupTable(analysis, shown),
    `${metric} of the finished runs of each point (${
      analysis.larger_is_better ? "larger" : "smaller"
    } is better): their number n, mean, standard deviation (SD), median, interquartile mean (IQM), and 95\u202f% intervals of the mean by Student’s t distribution and by a percentile bootstrap with a fixed seed. With few runs the bootstrap interval is too narrow.${
      shown.length < groups.length
        ? ` The first ${count(shown.length)} of ${plural(groups.length, "point")} are listed.`
        : ""
    }`,
  );
  if (comparisons.length === 0) return table;
  const least = comparisons.reduce((a, b) => b.seeds.length < a.seeds.length ? b : a);
  const note = least.smallest_p > 0.05
    ? ` ${plural(least.seeds.length, "seed")} cannot have a p value below ${
      number(least.smallest_p, 3)
    }, so go by the interval.`
    : "";
  const nearest = comparisons.toSorted((a, b) => Math.abs(a.mean_difference) - Math.abs(b.mean_difference)).slice(
    0,
    LINES_MAX,
  );
  return markup`${table}${
    numbering.table(
      comparisonTable(analysis, nearest),
      `Each point against the best one (${
        analysis.group_by.map((key, i) => `${key} ${comparisons[0]!.best[i] ?? "–"}`).join(", ")
      }), paired by seed, the smallest difference first: the mean difference of ${metric} with its 95\u202f% interval by Student’s t distribution, and the p value of Wilcoxon’s signed-rank test (two-sided). The best point was chosen by the same runs, so its lead is somewhat overstated.${note}`,
    )
  }`;
}

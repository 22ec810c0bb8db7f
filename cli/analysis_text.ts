/** An analysis as a table of text, as CSV and as LaTeX. */
import type { Analysis, Group } from "../core/analysis/groups.ts";
import type { Interval } from "../core/analysis/statistics.ts";
import { formatCsvLine } from "../core/formats/csv.ts";
import { table } from "./dry_run.ts";
import { short } from "./progress.ts";

const number = (value: number | null | undefined) => value == null ? "-" : short(value);
const interval = (bounds: Interval | null | undefined) =>
  bounds == null ? "-" : `${short(bounds[0])} .. ${short(bounds[1])}`;
const value = (text: string | null) => text ?? "-";

/** The last part of a dotted key is enough for a column where no other key ends alike. */
export function titles(keys: readonly string[]): string[] {
  const last = (key: string) => key.slice(key.lastIndexOf(".") + 1);
  return keys.map((key) =>
    keys.filter((each) => last(each) === last(key)).length > 1 || /^\d+$/.test(last(key)) ? key : last(key)
  );
}

const counts = ({ statistics, failed, unfinished }: Group) => [statistics?.n ?? 0, failed, unfinished];

/** A probability. */
const share = (value: number) => value.toFixed(2);

const COMPARED = ["seeds", "mean difference", "95 % t interval", "Wilcoxon p", "P(better)", "95 % bootstrap"];

function comparisonLines({ comparisons, group_by }: Analysis): string[] {
  if (comparisons.length === 0) return [];
  const head = titles(group_by);
  const named = (values: readonly (string | null)[]) => values.map((text, i) => `${head[i]} ${value(text)}`).join(", ");
  const rows = comparisons.map(({ group, seeds, mean_difference, t_interval, wilcoxon_p, improvement }) => [
    ...group.map(value),
    String(seeds.length),
    number(mean_difference),
    interval(t_interval),
    wilcoxon_p === null ? "-" : wilcoxon_p.toPrecision(3),
    improvement === null ? "-" : share(improvement.probability),
    improvement?.interval ? `${share(improvement.interval[0])} .. ${share(improvement.interval[1])}` : "-",
  ]);
  const right = Array.from({ length: 6 }, (_, i) => head.length + i);
  const least = Math.min(...comparisons.map(({ seeds }) => seeds.length));
  const { smallest_p } = comparisons.find(({ seeds }) => seeds.length === least)!;
  const note = smallest_p > 0.05
    ? [
      `  ${least === 1 ? "One seed" : `${least} seeds`} cannot have a p value below ${smallest_p}; go by the interval.`,
    ]
    : [];
  return [
    "",
    `differences from the best group (${named(comparisons[0]!.best)}), paired by seed`,
    ...table([...head, ...COMPARED], rows, right),
    ...note,
  ];
}

/** A table of the groups, and below it one of the comparisons. */
export function textLines(analysis: Analysis): string[] {
  const head = titles(analysis.group_by);
  const rows = analysis.groups.map((group) => {
    const { statistics: found, values } = group;
    return [
      ...values.map(value),
      ...counts(group).map(String),
      ...[found?.mean, found?.sd, found?.median, found?.iqm].map(number),
      interval(found?.t_interval),
      interval(found?.bootstrap_interval),
      interval(found?.iqm_interval),
    ];
  });
  const names = [
    "n",
    "failed",
    "unfinished",
    "mean",
    "sd",
    "median",
    "IQM",
    "95 % t interval",
    "95 % bootstrap",
    "of the IQM",
  ];
  const right = names.map((_, i) => head.length + i);
  return [
    `${analysis.metric} (${analysis.larger_is_better ? "larger" : "smaller"} is better)`,
    ...table([...head, ...names], rows, right),
    ...comparisonLines(analysis),
  ];
}

/** One line per group, with all digits. */
export function csvLines({ group_by, groups, metric }: Analysis): string[] {
  const names = [
    "mean",
    "sd",
    "median",
    "iqm",
    "t_low",
    "t_high",
    "bootstrap_low",
    "bootstrap_high",
    "iqm_low",
    "iqm_high",
  ];
  return [
    formatCsvLine([...group_by, "metric", "n", "failed", "unfinished", ...names]),
    ...groups.map((group) => {
      const found = group.statistics;
      const bounds = (pair: Interval | null | undefined) => pair ?? [null, null];
      return formatCsvLine([
        ...group.values,
        metric,
        ...counts(group),
        ...[found?.mean ?? null, found?.sd ?? null, found?.median ?? null, found?.iqm ?? null],
        ...bounds(found?.t_interval),
        ...bounds(found?.bootstrap_interval),
        ...bounds(found?.iqm_interval),
      ]);
    }),
  ];
}

const LATEX: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
};

/** Text as LaTeX prints it: no character of it is a command. */
const latex = (text: string) => text.replace(/[\\~^&%$#_{}]/g, (character) => LATEX[character] ?? `\\${character}`);

/** The differences from the best group, as a tabular. */
function latexComparisons({ group_by, comparisons }: Analysis): string[] {
  if (comparisons.length === 0) return [];
  const row = (cells: readonly string[]) => `  ${cells.join(" & ")} \\\\`;
  const head = [...titles(group_by), "seeds", "mean difference", "95 % interval", "Wilcoxon p", "P(better)"].map(latex);
  return [
    "",
    `\\begin{tabular}{${"l".repeat(group_by.length)}rrrrr}`,
    "  \\hline",
    row(head),
    "  \\hline",
    ...comparisons.map(({ group, seeds, mean_difference, t_interval: bounds, wilcoxon_p, improvement }) =>
      row([
        ...group.map((text) => latex(value(text))),
        String(seeds.length),
        number(mean_difference),
        bounds ? `[${short(bounds[0])}, ${short(bounds[1])}]` : "-",
        wilcoxon_p === null ? "-" : wilcoxon_p.toPrecision(3),
        improvement === null ? "-" : share(improvement.probability),
      ])
    ),
    "  \\hline",
    "\\end{tabular}",
  ];
}

/** Tabulars of the groups and of their differences from the best one, without packages. */
export function latexLines(analysis: Analysis): string[] {
  const { group_by, groups, metric } = analysis;
  const row = (cells: readonly string[]) => `  ${cells.join(" & ")} \\\\`;
  const head = [...titles(group_by), "n", "failed", `mean ${metric}`, "sd", "95 % interval", "IQM"].map(latex);
  return [
    `\\begin{tabular}{${"l".repeat(group_by.length)}rrrrrr}`,
    "  \\hline",
    row(head),
    "  \\hline",
    ...groups.map((group) => {
      const found = group.statistics, bounds = found?.t_interval;
      return row([
        ...group.values.map((text) => latex(value(text))),
        ...counts(group).slice(0, 2).map(String),
        number(found?.mean),
        number(found?.sd),
        bounds ? `[${short(bounds[0])}, ${short(bounds[1])}]` : "-",
        number(found?.iqm),
      ]);
    }),
    "  \\hline",
    "\\end{tabular}",
    ...latexComparisons(analysis),
  ];
}

/** What the parameters of a sweep do to its metric. */
import { type Importance, importanceOf, LEAST_POINTS } from "../../core/analysis/importance.ts";
import { largerIsBetter } from "../../core/analysis/metrics.ts";
import type { SweepData } from "../../core/sweep/read.ts";
import { prefersLog } from "../charts/axis.ts";
import { type HeatCell, heatMap } from "../charts/heat_map.ts";
import { parallel, rankColor } from "../charts/parallel.ts";
import { pointMap } from "../charts/point_map.ts";
import { response } from "../charts/response.ts";
import { shareBars } from "../charts/share_bars.ts";
import { valuesAxis } from "../charts/values_axis.ts";
import { count, number, plural, ratio } from "../format.ts";
import { type Content, type Html, markup } from "../html.ts";
import type { Legend } from "../legend.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { sum } from "../series.ts";
import { cut, keyParts, type MeasuredPoint, ranked, shortKey, type SweepPoint } from "./points.ts";

/** Points drawn at most on the parallel axes, and parameters at most. */
const LINES_MAX = 400, AXES_MAX = 10;
/** A heat map has at most this many rows and columns. */
const CELLS_MAX = 12;
const NAME_LENGTH = 16;

/** The indices of the parameters that have more than one value among the points. */
function varying(points: readonly MeasuredPoint[], keys: readonly string[]): number[] {
  return keys.flatMap((_, k) => new Set(points.map((point) => point.values[k]!)).size > 1 ? [k] : []);
}

/** Colours of ranks with the range of the metric that each stands for. */
function rankLegend(points: readonly MeasuredPoint[]): Legend {
  const groups = new Map<string, MeasuredPoint[]>();
  for (const [rank, point] of points.entries()) {
    const fill = rankColor(rank, points.length);
    groups.set(fill, [...groups.get(fill) ?? [], point]);
  }
  return [...groups].map(([fill, members]) => {
    const [first, last] = [number(members[0]!.mean, 3), number(members.at(-1)!.mean, 3)];
    return { name: first === last ? first : `${first} to ${last}`, fill, shape: "line" as const };
  });
}

function parallelFigure(
  points: readonly MeasuredPoint[],
  shown: readonly number[],
  sweep: SweepData,
  numbering: Numbering,
) {
  const better = largerIsBetter(sweep.metric) ? "largest" : "smallest";
  const some = points.length > LINES_MAX
    ? points.filter((_, rank) => rank < LINES_MAX / 2 || rank % Math.ceil(2 * points.length / LINES_MAX) === 0)
    : points;
  const lines = some.map((point) => ({
    values: shown.map((k) => point.values[k]!),
    metric: point.mean,
    rank: points.indexOf(point),
  }));
  const names = shown.map((k) => {
    const { before, last } = keyParts(sweep.keys[k]!);
    return { before: cut(before, 24), last: cut(last, 20) };
  });
  const scale = prefersLog(points.map((p) => p.mean)) ? "auto" : "linear";
  return numbering.figure(
    parallel(lines, points.length, { names, metric: sweep.metric, scale }),
    markup`Parallel coordinates: each line is ${
      some.length < points.length
        ? `one of ${count(some.length)} of the ${
          count(points.length)
        } points, the best half of which are the best points`
        : `one of the ${plural(points.length, "point")}`
    }, through the values of its parameters to the mean of ${sweep.metric} over its seeds. The thick line is the best point, with the ${better} mean. The legend has the metric’s range of each colour.`,
    { legend: rankLegend(points), wide: true },
  );
}

function importanceFigure(
  importance: Importance,
  shown: readonly number[],
  sweep: SweepData,
  numbering: Numbering,
): Html {
  const bars = shown.map((k, i) => ({ name: cut(sweep.keys[k]!, 60), share: importance.shares[i]! }))
    .sort((a, b) => b.share - a.share);
  const rest = { name: "several parameters together", share: importance.together, isRest: true };
  return numbering.figure(
    shareBars(shown.length > 1 ? [...bars, rest] : bars, "Importance of the parameters"),
    markup`Importance: the share of the variance of ${sweep.metric} between the points that each parameter explains by itself, by
a functional analysis of variance (Hutter, Hoos and Leyton-Brown, 2014). ${
      importance.method === "grid"
        ? "The points are a complete grid, so the shares are those of the points’ means themselves."
        : markup`The points are no complete grid, so a random forest of them is taken instead. Of points that a tree has not seen, it explains ${
          ratio(importance.outOfBagR2)
        } of the variance (out-of-bag R²)${
          (importance.outOfBagR2 ?? 0) < 0.3 ? ", which is so little that the shares should not be relied on" : ""
        }.`
    } The spread between seeds is in the means as well, so small shares may be chance.`,
  );
}

/** The two parameters that are drawn as a table or a map: the most important ones. */
function pairOf(importance: Importance | null, shown: readonly number[]): readonly [number, number] {
  const order = shown.map((k, i) => ({ k, share: importance?.shares[i] ?? 0 })).sort((a, b) => b.share - a.share);
  return [order[0]!.k, order[1]!.k];
}

function pairFigure(
  points: readonly MeasuredPoint[],
  [a, b]: readonly [number, number],
  shown: readonly number[],
  sweep: SweepData,
  numbering: Numbering,
): Html {
  const { keys, metric } = sweep;
  const [columns, rows] = [a, b].map((k) => valuesAxis(points.map((point) => point.values[k!]!)));
  const others = shown.length > 2
    ? " over the points that have these two values, whatever their other parameters"
    : " over the seeds";
  const which = shown.length > 2 ? "the two most important parameters" : "the two parameters";
  const fits = columns!.values.length <= CELLS_MAX && rows!.values.length <= CELLS_MAX;
  if (!fits) {
    const ranks = points.map((point, rank) => ({ x: point.values[a]!, y: point.values[b]!, rank }));
    return numbering.figure(
      pointMap(ranks, points.length, shortKey(keys[a]!, keys), shortKey(keys[b]!, keys)),
      `The points by ${which}, in the colours of the legend of the parallel coordinates. The ring marks the best point.`,
    );
  }
  const cells = columns!.values.flatMap((x, column) =>
    rows!.values.toReversed().flatMap((y, row) => {
      const inside = points.filter((point) => point.values[a] === x && point.values[b] === y);
      return inside.length === 0 ? [] : [{ column, row, mean: sum(inside.map((p) => p.mean)) / inside.length }];
    })
  );
  const sign = largerIsBetter(metric) ? 1 : -1;
  const means = cells.map((cell) => sign * cell.mean);
  const [worst, best] = [Math.min(...means), Math.max(...means)];
  const drawn = cells.map((cell, i): HeatCell => ({
    ...cell,
    text: number(cell.mean, 3),
    depth: best > worst ? (means[i]! - worst) / (best - worst) : 1,
    isBest: means[i] === best,
  }));
  const label = (values: readonly string[]) => values.map((value) => cut(value, NAME_LENGTH));
  return numbering.figure(
    heatMap(drawn, {
      title: `${metric} by ${keys[a]} and ${keys[b]}`,
      description: drawn.map((c) => `${columns!.values[c.column]}, ${rows!.values.toReversed()[c.row]}: ${c.text}`)
        .join("; "),
      columns: label(columns!.values),
      rows: label(rows!.values.toReversed()),
      columnLabel: keys[a]!,
      rowLabel: keys[b]!,
    }),
    `${metric} by ${which}: the mean${others}. The deeper the colour, the better; the best cell has a frame.`,
    { wide: columns!.values.length > 6 },
  );
}

function responsePanels(
  points: readonly MeasuredPoint[],
  shown: readonly number[],
  sweep: SweepData,
  numbering: Numbering,
) {
  const scale = prefersLog(points.map((p) => p.mean)) ? "auto" : "linear";
  return numbering.panels(
    shown.map((k) => ({
      title: shortKey(sweep.keys[k]!, sweep.keys),
      note: plural(new Set(points.map((p) => p.values[k])).size, "value"),
      svg: response(
        points.map((point) => ({ value: point.values[k]!, metric: point.mean })),
        { name: shortKey(sweep.keys[k]!, sweep.keys), metric: sweep.metric, scale },
      ),
    })),
    `${sweep.metric} against each parameter. Each dot is the mean of a point over its seeds, and a line joins the means of all points with the same value.`,
    null,
    { title: `${sweep.metric} against each parameter` },
  );
}

export function parametersSection(sweep: SweepData, all: readonly SweepPoint[], numbering: Numbering): Content {
  const points = ranked(all, sweep.metric);
  if (points.length < 2) {
    return missing(
      sweep.rounds.length > 0
        ? "One point is left, so parameters cannot be compared by figures of the same seeds; the rounds above compare the points."
        : "Fewer than two points have a finished run, so nothing can be compared yet.",
    );
  }
  const every = varying(points, sweep.keys);
  if (every.length === 0) return missing("No parameter has more than one value among the finished points.");
  const values = points.map((point) => every.map((k) => point.values[k]!));
  const importance = importanceOf(values, points.map((point) => point.mean));
  // Of very many parameters, the most important ones are drawn.
  const order = every.map((k, i) => ({ k, share: importance?.shares[i] ?? 0 })).sort((a, b) => b.share - a.share);
  const shown = order.slice(0, AXES_MAX).map(({ k }) => k).sort((a, b) => a - b);
  const left = every.length - shown.length;
  return markup`${parallelFigure(points, shown, sweep, numbering)}${
    left > 0
      ? markup`<p>${plural(left, "less important parameter")} ${left === 1 ? "is" : "are"} not drawn.</p>\n`
      : null
  }<div class="grid">${
    importance === null
      ? missing(
        points.length < LEAST_POINTS
          ? `The importance of parameters needs a complete grid, or at least ${LEAST_POINTS} points that are finished.`
          : "The metric is the same at all points, so no parameter has an importance.",
      )
      : importanceFigure(importance, every, sweep, numbering)
  }${every.length > 1 ? pairFigure(points, pairOf(importance, every), every, sweep, numbering) : null}</div>
${responsePanels(points, shown, sweep, numbering)}`;
}

import * as Plot from "@observablehq/plot";
import { finite, keepExtremes } from "../series.ts";
import { seriesColor } from "../theme.ts";
import { axis } from "./axis.ts";
import { cloud } from "./marks.ts";
import { chart } from "./plot.ts";

export interface Series {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface SeriesOptions {
  readonly kind: "lines" | "points";
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Axes with a logarithmic scale. */
  readonly log: readonly ("x" | "y")[];
}

/** Points of a line that are drawn at most; the lowest and the highest of neighbouring ones are kept. */
const DRAWN = 800;

/** Lines or points of several series over two axes. What cannot be placed on them is not drawn. */
export function seriesChart(all: readonly Series[], options: SeriesOptions): string {
  const type = (name: "x" | "y") => options.log.includes(name) ? "log" as const : "linear" as const;
  const placed = all.map(({ name, x, y }) => ({
    name,
    points: finite(x.map((value, i) => ({ x: value, y: y[i]! })))
      .filter((p) => (type("x") === "linear" || p.x > 0) && (type("y") === "linear" || p.y > 0)),
  }));
  const points = placed.flatMap(({ points }) => points), isLines = options.kind === "lines";
  const x = {
    ...axis(points.map((p) => p.x), { type: type("x"), pad: isLines ? 0.015 : 0.04 }),
    label: options.xLabel,
  };
  const y = { ...axis(points.map((p) => p.y), { type: type("y") }), label: options.yLabel };
  return chart({
    title: options.title,
    description: placed.map(({ name, points }) => `${name}: ${points.length} points`).join("; "),
    x,
    y,
    marks: placed.flatMap(({ points, name }, i): Plot.Markish[] => {
      const stroke = seriesColor(i);
      if (!isLines) return [cloud(points, { fill: stroke, radius: points.length > 500 ? 1.4 : 2.4 })];
      const line = Plot.line(keepExtremes(points, DRAWN), { x: "x", y: "y", stroke, strokeWidth: 1.7 });
      const few = points.length <= 3
        ? [Plot.dot(points, { x: "x", y: "y", r: 2.6, fill: stroke, title: () => name })]
        : [];
      return [line, ...few];
    }),
    grid: isLines ? "y" : "both",
    height: 300,
  });
}

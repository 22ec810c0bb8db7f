import * as Plot from "@observablehq/plot";
import { finite } from "../series.ts";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";
import { valuesAxis } from "./values_axis.ts";

export interface SizedLine {
  readonly name: string;
  readonly stroke: string;
  readonly dash: string | null;
  readonly points: readonly {
    readonly size: number;
    readonly mean: number;
    /** Bounds of an interval; null where there is none. */
    readonly interval: readonly [number, number] | null;
    /** Each run's; drawn as dots where there are several. */
    readonly values: readonly number[];
  }[];
}

export interface BySizeOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly scale: "auto" | "linear";
}

/** A figure against a size: a line through the means with the band of their intervals, and a dot for each run. */
export function bySizeChart(lines: readonly SizedLine[], options: BySizeOptions): string {
  const sizes = valuesAxis(lines.flatMap(({ points }) => points.map(({ size }) => String(size))));
  const values = lines.flatMap(({ points }) => points.flatMap((point) => [point.mean, ...point.values]));
  const y = { ...axis(values, { type: options.scale }), label: options.yLabel };
  const inside = (value: number) => Math.min(y.domain[1], Math.max(y.domain[0], value));
  const canBe = (value: number) => Number.isFinite(value) && (y.type === "linear" || value > 0);
  const marks = lines.flatMap(({ name, stroke, dash, points }): Plot.Markish[] => {
    const seen = points.filter(({ mean }) => canBe(mean)).map((point) => ({
      ...point,
      x: sizes.at(String(point.size)),
    }));
    const area = seen.flatMap(({ x, interval }) =>
      interval && Number.isFinite(interval[1] - interval[0])
        ? [{ x, low: inside(interval[0]), high: inside(interval[1]) }]
        : []
    );
    const means = finite(seen.map(({ x, mean }) => ({ x, y: mean })));
    const dots = seen.flatMap(({ x, values }) =>
      values.length > 1 ? values.filter(canBe).map((value) => ({ x, y: value })) : []
    );
    return [
      ...area.length > 1 ? [Plot.areaY(area, { x: "x", y1: "low", y2: "high", fill: stroke, fillOpacity: 0.16 })] : [],
      Plot.line(means, { x: "x", y: "y", stroke, strokeWidth: 1.9, ...dash ? { strokeDasharray: dash } : {} }),
      ...dash === null
        ? [Plot.dot(dots, { x: "x", y: "y", r: 2, fill: stroke, fillOpacity: 0.75, title: () => name })]
        : [],
      Plot.dot(means, { x: "x", y: "y", r: 3, fill: stroke, title: () => `${name}, mean` }),
    ];
  });
  return chart({
    title: options.title,
    description: lines.map(({ name, points }) => `${name}: ${points.length} sizes`).join("; "),
    x: { ...sizes.axis, label: options.xLabel },
    y,
    marks,
    height: 320,
  });
}

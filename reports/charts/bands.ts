import * as Plot from "@observablehq/plot";
import { axis, yAxis } from "./axis.ts";
import { chart } from "./plot.ts";
import { finite } from "../series.ts";
import { color } from "../theme.ts";

export interface Band {
  readonly name: string;
  readonly stroke: string;
  readonly points: readonly {
    readonly x: number;
    readonly y: number;
    /** The interval; null where there is none. */
    readonly low: number | null;
    readonly high: number | null;
  }[];
}

export interface BandOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yUnit?: string;
  /** Lines of others, for comparison: grey, without bands. */
  readonly behind?: readonly Band[];
  /** The ends of the y axis, which several charts share; by default those of the lines. */
  readonly from?: readonly [number, number];
  readonly width?: number;
  readonly height?: number;
}

/** Lines with the band of an interval around each. What a band has outside the frame of the lines is cut off. */
export function bands(all: readonly Band[], options: BandOptions): string {
  const points = all.flatMap((band) => finite(band.points));
  const y = yAxis([...options.from ?? points.map((p) => p.y)], { ...options, scale: "auto" });
  const x = { ...axis(points.map((p) => p.x), { whole: true, pad: 0.015 }), label: options.xLabel };
  const inside = (value: number) => Math.min(y.domain[1], Math.max(y.domain[0], value));
  const drawable = (p: { y: number }) => Number.isFinite(p.y) && (y.type === "linear" || p.y > 0);
  const marks: Plot.Markish[] = (options.behind ?? []).map(({ points }) =>
    Plot.line(points.filter(drawable), { x: "x", y: "y", stroke: color("muted"), strokeWidth: 1, strokeOpacity: 0.6 })
  );
  for (const { points, stroke } of all) {
    const area = points.flatMap((p) =>
      drawable(p) && p.low !== null && p.high !== null && Number.isFinite(p.high - p.low)
        ? [{ x: p.x, low: inside(p.low), high: inside(p.high) }]
        : []
    );
    if (area.length > 1) {
      marks.push(Plot.areaY(area, { x: "x", y1: "low", y2: "high", fill: stroke, fillOpacity: 0.16 }));
    }
  }
  for (const { points, stroke, name } of all) {
    const seen = points.filter(drawable);
    marks.push(Plot.line(seen, { x: "x", y: "y", stroke, strokeWidth: 1.9 }));
    if (seen.length <= 3) marks.push(Plot.dot(seen, { x: "x", y: "y", r: 2.6, fill: stroke, title: () => name }));
  }
  return chart({
    title: options.title,
    description: all.map((band) => band.name).join("; "),
    x,
    y,
    marks,
    width: options.width,
    height: options.height ?? 320,
  });
}

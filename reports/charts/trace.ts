import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";
import { bin, finite, keepExtremes, type Point, smooth, thin } from "../series.ts";

export interface TraceOptions {
  readonly title: string;
  readonly description: string;
  readonly points: readonly Point[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly stroke: string;
  /** `auto` takes a log scale where it reads better; the smoothing is then of logarithms. */
  readonly scale?: "auto" | "linear";
  /** The y axis begins at zero. */
  readonly zero?: boolean;
  /** x is a count: ticks at whole numbers. */
  readonly whole?: boolean;
  /** Draws the points thin and their smoothed course over them. */
  readonly smoothed?: boolean;
}

/** Points drawn at most: about one a pixel, lowest and highest of each kept. */
const DRAWN = 700;
/** Buckets smoothed over, and the Gaussian's standard deviation in buckets. */
const BUCKETS = 1000;

/** Standard deviation of the smoothing in points, for a caption; 0 where there are too few points to smooth. */
export function smoothingWidth(points: number): number {
  return points < 30 ? 0 : Math.max(1, points / 60);
}

/** One quantity over steps or time. Values that are not finite (not positive on a log scale) are left out. */
export function trace(options: TraceOptions): string {
  const all = finite(options.points);
  const y = {
    ...axis(all.map((p) => p.y), { type: options.scale ?? "linear", zero: options.zero }),
    label: options.yLabel,
  };
  const points = y.type === "log" ? all.filter((p) => p.y > 0) : all;
  const x = { ...axis(points.map((p) => p.x), { whole: options.whole, pad: 0.015 }), label: options.xLabel };
  const width = options.smoothed ? smoothingWidth(points.length) : 0;
  const drawn = keepExtremes(points, DRAWN);
  const marks: Plot.Markish[] = [
    Plot.line(drawn, {
      x: "x",
      y: "y",
      stroke: options.stroke,
      strokeWidth: width > 0 ? 0.8 : 1.8,
      strokeOpacity: width > 0 ? 0.45 : 1,
    }),
  ];
  if (drawn.length < 30) marks.push(Plot.dot(drawn, { x: "x", y: "y", r: 2.5, fill: options.stroke }));
  if (width > 0) {
    const binned = bin(points, BUCKETS);
    const [to, from] = y.type === "log" ? [Math.log, Math.exp] : [Number, Number];
    const scaled = binned.map((p) => ({ x: p.x, y: to(p.y) }));
    const course = thin(smooth(scaled, width * (binned.length / points.length)), 240)
      .map((p) => ({ x: p.x, y: from(p.y) }));
    marks.push(Plot.line(course, { x: "x", y: "y", stroke: options.stroke, strokeWidth: 2 }));
  }
  return chart({ title: options.title, description: options.description, x, y, marks });
}

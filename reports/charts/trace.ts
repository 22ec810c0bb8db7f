import * as Plot from "@observablehq/plot";
import { axis, yAxis } from "./axis.ts";
import { chart, frameOf } from "./plot.ts";
import { color } from "../theme.ts";
import { bin, broken, finite, keepExtremes, type Point, smooth, stretches, thin } from "../series.ts";

export interface TraceOptions {
  readonly title: string;
  readonly description: string;
  readonly points: readonly Point[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yUnit?: string;
  readonly stroke: string;
  /** `auto` takes a log scale where that is easier to read, and then smooths the logarithms. */
  readonly scale?: "auto" | "linear";
  /** The y axis begins at zero. */
  readonly zero?: boolean;
  /** Whether x is a count, with ticks at whole numbers. */
  readonly whole?: boolean;
  /** Places on the x axis with a dotted line, such as where a run was resumed. */
  readonly marked?: readonly number[];
  /** Places on the x axis with a short line at the lower edge, such as where a command changed something. */
  readonly ticked?: readonly number[];
  /** Draws a smoothed line over a thin line through the points. */
  readonly smoothed?: boolean;
}

/** The largest number of points drawn, about one for each pixel. The lowest and the highest of each bucket are kept. */
const DRAWN = 700;
/** Length of a short line at the lower edge, in px. */
const TICKED_LENGTH = 12;
/** The largest number of buckets over which a line is smoothed. */
const BUCKETS = 1000;

/** Standard deviation of the smoothing in points, for a caption; 0 if there are too few points to smooth. */
export function smoothingWidth(points: number): number {
  return points < 30 ? 0 : Math.max(1, points / 60);
}

/**
 * One quantity over steps or time. The line is broken where values are missing. Values that are not finite, or not
 * positive on a log scale, are left out.
 */
export function trace(options: TraceOptions): string {
  const all = finite(options.points);
  const y = yAxis(all.map((p) => p.y), options);
  const points = y.type === "log" ? all.filter((p) => p.y > 0) : all;
  const x = { ...axis(points.map((p) => p.x), { whole: options.whole, pad: 0.015 }), label: options.xLabel };
  const width = options.smoothed ? smoothingWidth(points.length) : 0;
  const parts = stretches(points);
  const share = (part: readonly Point[], of: number) => Math.max(4, Math.round((of * part.length) / points.length));
  const drawn = parts.map((part) => keepExtremes(part, share(part, DRAWN)));
  const marks: Plot.Markish[] = [
    Plot.line(broken(drawn), { x: "x", y: "y", stroke: options.stroke, strokeWidth: width > 0 ? 0.8 : 1.8 }),
  ];
  // A stretch of one point is drawn as a dot.
  const dots = points.length < 30 ? points : drawn.filter((part) => part.length === 1).flat();
  if (dots.length > 0) marks.push(Plot.dot(dots, { x: "x", y: "y", r: 2.5, fill: options.stroke }));
  if (width > 0) {
    const [to, from] = y.type === "log" ? [Math.log, Math.exp] : [Number, Number];
    const courses = parts.map((part) => {
      const binned = bin(part, share(part, BUCKETS)).map((p) => ({ x: p.x, y: to(p.y) }));
      return thin(smooth(binned, width * (binned.length / part.length)), share(part, 240))
        .map((p) => ({ x: p.x, y: from(p.y) }));
    });
    marks.push(Plot.line(broken(courses), { x: "x", y: "y", stroke: color("ink"), strokeWidth: 1.8 }));
  }
  for (const at of options.marked ?? []) {
    marks.push(Plot.ruleX([at], { stroke: color("muted"), strokeDasharray: "2,3" }));
  }
  const { top, bottom } = frameOf({ x, y });
  for (const at of options.ticked ?? []) {
    marks.push(Plot.ruleX([at], { stroke: color("ink"), strokeWidth: 1.5, insetTop: bottom - top - TICKED_LENGTH }));
  }
  return chart({ title: options.title, description: options.description, x, y, marks });
}

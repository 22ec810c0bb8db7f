import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";
import { count } from "../format.ts";
import { finite, type Point } from "../series.ts";
import { color, TRAIN } from "../theme.ts";

/** A single level that is shorter than this share of the axis is drawn as a dot. */
const SHORT = 0.012;

/**
 * Rows per second over time.
 * @param points the ends of level stretches, with a point at NaN where the line is broken
 * @param resumed when the run was resumed, in the same unit of time
 */
export function throughputChart(points: readonly Point[], unit: string, resumed: readonly number[]): string {
  const seen = finite(points);
  const x = axis(seen.map((p) => p.x), { pad: 0.015 });
  const least = SHORT * (x.domain[1] - x.domain[0]);
  // A single level is two points with breaks on both sides.
  const breaks = (i: number) => !Number.isFinite(points[i]?.y ?? NaN);
  const short = points.flatMap((p, i) => {
    const alone = !breaks(i) && breaks(i - 1) && !breaks(i + 1) && breaks(i + 2);
    return alone && points[i + 1]!.x - p.x < least ? [{ x: (p.x + points[i + 1]!.x) / 2, y: p.y }] : [];
  });
  return chart({
    title: "Throughput over time",
    description: `Rows per second, from ${count(Math.min(...seen.map((p) => p.y)))} to ${
      count(Math.max(...seen.map((p) => p.y)))
    }.`,
    x: { ...x, label: `time since the start (${unit})` },
    y: { ...axis(seen.map((p) => p.y), { zero: true }), label: "throughput", unit: "rows per second" },
    marks: [
      ...resumed.map((at) => Plot.ruleX([at], { stroke: color("muted"), strokeDasharray: "2,3" })),
      Plot.line(points, { x: "x", y: "y", stroke: TRAIN, strokeWidth: 1.8 }),
      ...(short.length > 0 ? [Plot.dot(short, { x: "x", y: "y", r: 1.8, fill: TRAIN })] : []),
    ],
  });
}

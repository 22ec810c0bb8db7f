import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";
import { count } from "../format.ts";
import { finite, type Point } from "../series.ts";
import { color, TRAIN } from "../theme.ts";

/**
 * Rows a second over time.
 * @param points level stretches, with a point that is no number where the line is broken
 * @param resumed when the run was resumed, in the same unit of time
 */
export function throughputChart(points: readonly Point[], unit: string, resumed: readonly number[]): string {
  const seen = finite(points);
  return chart({
    title: "Throughput over time",
    description: `Rows a second, from ${count(Math.min(...seen.map((p) => p.y)))} to ${
      count(Math.max(...seen.map((p) => p.y)))
    }.`,
    x: { ...axis(seen.map((p) => p.x), { pad: 0.015 }), label: `time since the start (${unit})` },
    y: { ...axis(seen.map((p) => p.y), { zero: true }), label: "throughput", unit: "rows per second" },
    marks: [
      ...resumed.map((at) => Plot.ruleX([at], { stroke: color("muted"), strokeDasharray: "2,3" })),
      Plot.line(points, { x: "x", y: "y", stroke: TRAIN, strokeWidth: 1.8 }),
    ],
  });
}

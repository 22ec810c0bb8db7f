import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";
import { cloud } from "./marks.ts";
import { valuesAxis } from "./values_axis.ts";
import { finite, quantile, sum } from "../series.ts";
import { color, TRAIN } from "../theme.ts";

export interface ResponsePoint {
  readonly value: string;
  readonly metric: number;
}

/**
 * The metric against one parameter, with one dot for each point. Where values repeat, a line joins their means.
 * @param scale of the metric
 */
export function response(
  points: readonly ResponsePoint[],
  options: { readonly name: string; readonly metric: string; readonly scale: "auto" | "linear" },
): string {
  const found = valuesAxis(points.map((p) => p.value), 0.1);
  const y = {
    ...axis(points.map((p) => p.metric), { type: options.scale, ticks: 4, pad: 0.08 }),
    label: options.metric,
  };
  const placed = finite(points.map((p) => ({ x: found.at(p.value), y: p.metric })))
    .filter((p) => y.type === "linear" || p.y > 0);
  const means = found.values.map((value) => {
    const same = points.filter((p) => p.value === value).map((p) => p.metric);
    return { x: found.at(value), y: sum(same) / same.length };
  });
  const repeated = points.length > found.values.length;
  return chart({
    title: `${options.metric} against ${options.name}`,
    description: `${points.length} points; the median is ${quantile(points.map((p) => p.metric), 0.5)}.`,
    // A long list of names would not be readable below so small a chart.
    x: { ...found.axis, ticks: found.isNumeric ? found.axis.ticks.slice(0, 5) : found.axis.ticks, label: options.name },
    y,
    marks: [
      ...(repeated && (found.isNumeric || means.length <= 8)
        ? [Plot.line(means, { x: "x", y: "y", stroke: color("muted"), strokeWidth: 1.4 })]
        : []),
      cloud(placed, { fill: TRAIN, radius: 2.6 }),
    ],
    width: 220,
    height: 220,
  });
}

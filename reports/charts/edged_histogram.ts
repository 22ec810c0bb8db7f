import * as Plot from "@observablehq/plot";
import { count } from "../format.ts";
import { axis } from "./axis.ts";
import type { HistogramOptions } from "./histogram.ts";
import { chart } from "./plot.ts";

/** Numbers in bins whose edges are given, as bars; on a logarithmic axis where the edges rise by a factor. */
export function edgedHistogram(
  { edges, counts, log }: { edges: readonly number[]; counts: readonly number[]; log: boolean },
  options: HistogramOptions,
): string {
  const bars = counts.map((n, i) => ({ from: edges[i]!, to: edges[i + 1]!, n }));
  const ends = [edges[0]!, edges.at(-1)!];
  const whole = edges.every((edge) => Number.isInteger(edge) || Number.isInteger(edge + 0.5));
  const x = { ...axis(ends, { type: log ? "log" : "linear", ticks: 5, pad: 0.01, whole }), label: options.xLabel };
  return chart({
    title: options.title,
    description: options.description,
    x,
    y: { ...axis(counts, { zero: true, ticks: 4, whole: true, pad: 0.04 }), label: options.yLabel },
    marks: [
      Plot.rect(bars, {
        ...{ x1: "from", x2: "to", y1: () => 0, y2: "n", fill: options.fill },
        insetLeft: 0.5,
        title: (bar) => count(bar.n),
      }),
    ],
    width: options.width,
    height: options.height,
  });
}

import * as Plot from "@observablehq/plot";
import type { Bins } from "../../core/diagnostics/numbers.ts";
import { count } from "../format.ts";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";

export interface HistogramOptions {
  readonly title: string;
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly fill: string;
  readonly width?: number;
  readonly height?: number;
}

/** Numbers in bins of the same width, as bars. */
export function histogram({ min, max, counts }: Bins, options: HistogramOptions): string {
  const width = max > min ? (max - min) / counts.length : 1;
  const bars = counts.map((n, i) => ({ from: min + i * width, to: min + (i + 1) * width, n }));
  const last = max > min ? max : min + width;
  const x = { ...axis([min, last], { ticks: options.width ? 3 : 5, pad: 0.01 }), label: options.xLabel };
  const y = { ...axis(counts, { zero: true, ticks: 4 }), label: options.yLabel };
  return chart({
    title: options.title,
    description: options.description,
    x,
    y,
    marks: [
      Plot.rect(bars, {
        ...{ x1: "from", x2: "to", y1: () => 0, y2: "n", fill: options.fill },
        insetLeft: counts.length > 30 ? 0 : 0.5,
        title: (bar) => count(bar.n),
      }),
    ],
    width: options.width,
    height: options.height,
  });
}

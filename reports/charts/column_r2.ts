import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";
import { note } from "./marks.ts";
import { count, ratio } from "../format.ts";
import { quantile } from "../series.ts";
import { TRAIN } from "../theme.ts";

const BINS = 40;

/** Where the scale begins: between -1 and 0, so that a few very bad columns do not compress the rest of the scale. */
export function r2Floor(values: readonly number[]): number {
  return Math.min(0, Math.max(-1, Math.floor(quantile(values, 0.002) * 10) / 10));
}

/** Distribution of the columns' R2. What lies under r2Floor is counted in the first bar. */
export function columnR2(values: readonly number[]): string {
  const seen = values.filter(Number.isFinite);
  const low = r2Floor(seen);
  const size = (1 - low) / BINS;
  const counts = new Array<number>(BINS).fill(0);
  for (const value of seen) {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor((value - low) / size)));
    counts[bin]!++;
  }
  const bars = counts.map((n, i) => ({ from: low + i * size, to: low + (i + 1) * size, n })).filter((b) => b.n > 0);
  const median = quantile(seen, 0.5), drawn = Math.max(low, median);
  const x = { ...axis([low, 1], { pad: 0.01, ticks: 8 }), label: "R² of the column" };
  const y = { ...axis(counts, { zero: true, ticks: 5, whole: true, pad: 0.1 }), label: "number of columns" };
  const marks: Plot.Markish[] = [
    Plot.rect(bars, {
      x1: "from",
      x2: "to",
      y1: () => 0,
      y2: "n",
      fill: TRAIN,
      insetLeft: 0.5,
      insetRight: 0.5,
      title: (b: { from: number; to: number; n: number }) => `R² ${ratio(b.from)} to ${ratio(b.to)}: ${count(b.n)}`,
    }),
    Plot.ruleX([drawn], { stroke: "currentColor", strokeWidth: 1.2, strokeDasharray: "2,3" }),
    note(`median ${ratio(median)}`, { x: drawn, y: y.domain[1] }, {
      textAnchor: median > low + 0.6 * (1 - low) ? "end" : "start",
      dx: median > low + 0.6 * (1 - low) ? -6 : 6,
      dy: 8,
    }),
  ];
  return chart({
    title: "Distribution of the columns' R²",
    description: `${seen.length} columns, median R² ${
      ratio(median)
    }. 0 is the mean predictor, 1 is a perfect reconstruction.`,
    x,
    y,
    marks,
    height: 340,
  });
}

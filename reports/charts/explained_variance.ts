import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart, textWidth, WIDTH } from "./plot.ts";
import { note } from "./marks.ts";
import { percent } from "../format.ts";
import { seriesColor, TRAIN } from "../theme.ts";

const SHOWN = 24, HEIGHT = 300;

/** Share of the variance of the latent vectors by component as bars, and its cumulative sum as a line. */
export function explainedVariance(shares: readonly number[]): string {
  let total = 0;
  const rows = shares.map((share, i) => ({ k: i + 1, share, total: total += share })).slice(0, SHOWN);
  const last = rows.at(-1)!;
  const x = { ...axis([0.5, last.k + 0.5], { whole: true, pad: 0.005, ticks: 8 }), label: "principal component" };
  const y = { ...axis([0, 1], { zero: true, ticks: 5 }), label: "share of the latent’s variance" };
  // Below the line, which rises over the width of the text.
  const under = rows[Math.max(0, rows.length - 1 - Math.ceil(rows.length * textWidth("cumulative") / WIDTH))]!;
  const fallen = (last.total - under.total) * HEIGHT;
  return chart({
    title: "Explained variance by component",
    description: `The first component has ${percent(shares[0])} of the variance; ${last.k} have ${
      percent(last.total)
    }.`,
    x,
    y: { ...y, format: (v) => percent(v, 0) },
    marks: [
      Plot.rect(rows, {
        x1: (r) => r.k - 0.5,
        x2: (r) => r.k + 0.5,
        y1: () => 0,
        y2: "share",
        fill: TRAIN,
        insetLeft: 1,
        insetRight: 1,
        title: (r) => `component ${r.k}: ${percent(r.share)}`,
      }),
      Plot.line(rows, { x: "k", y: "total", stroke: seriesColor(1), strokeWidth: 1.8 }),
      Plot.dot(rows, {
        x: "k",
        y: "total",
        r: 2.2,
        fill: seriesColor(1),
        title: (r) => `first ${r.k}: ${percent(r.total)}`,
      }),
      note("cumulative", { x: last.k, y: last.total }, {
        textAnchor: "end",
        dy: last.total > 0.9 ? 14 + fallen : -12,
        fill: seriesColor(1),
      }),
    ],
    height: HEIGHT,
  });
}

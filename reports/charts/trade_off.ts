import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";
import { color, seriesColor } from "../theme.ts";

export interface TradeOff {
  readonly name: string;
  /** The mean of the runs. */
  readonly x: number;
  readonly y: number;
  readonly runs: readonly { readonly x: number; readonly y: number }[];
  /** Whether it lies on the line. */
  readonly best: boolean;
}

export interface TradeOffOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
}

/** One figure against another, both better where smaller: a number for each group, a dot for each run, a line along the best groups. */
export function tradeOffChart(groups: readonly TradeOff[], options: TradeOffOptions): string {
  const runs = groups.flatMap((group) => group.runs.length > 1 ? group.runs : []);
  const all = [...groups, ...runs];
  const y = axis(all.map((point) => point.y), { type: "auto", pad: 0.08 });
  const said = ({ name, x, y }: TradeOff) => `${name}: ${Number(x.toPrecision(4))}, ${Number(y.toPrecision(4))}`;
  return chart({
    title: options.title,
    description: groups.map(said).join("; "),
    x: { ...axis(all.map((point) => point.x), { type: "auto", pad: 0.06 }), label: options.xLabel },
    y: { ...y, label: options.yLabel },
    marks: [
      Plot.line(groups.filter(({ best }) => best), { x: "x", y: "y", stroke: color("muted"), strokeWidth: 1.5 }),
      Plot.dot(runs, { x: "x", y: "y", r: 2, fill: seriesColor(0), fillOpacity: 0.6 }),
      Plot.dot(groups, { x: "x", y: "y", r: 4, fill: seriesColor(0), title: said }),
      Plot.text(groups, { x: "x", y: "y", text: "name", dx: 9, dy: -9, fill: color("ink"), fontSize: 12 }),
    ],
    height: 340,
  });
}

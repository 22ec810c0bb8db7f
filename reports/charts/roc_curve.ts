import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";
import { note } from "./marks.ts";
import { percent, ratio } from "../format.ts";
import { color, TRAIN } from "../theme.ts";

/** The ROC curve, with the diagonal of a score that tells nothing. */
export function rocCurve(points: readonly (readonly number[])[], auc: number): string {
  const both = { ...axis([0, 1], { pad: 0.02 }), format: (value: number) => percent(value, 0) };
  const line = points.map(([x, y]) => ({ x: x!, y: y! }));
  return chart({
    title: "ROC curve of the error of a row",
    description: `The area under the curve is ${ratio(auc)}.`,
    x: { ...both, label: "ordinary rows above the threshold" },
    y: { ...both, label: "anomalies above the threshold" },
    marks: [
      Plot.line([[0, 0], [1, 1]], { stroke: color("muted"), strokeDasharray: "4,4" }),
      Plot.line(line, { x: "x", y: "y", stroke: TRAIN, strokeWidth: 2, curve: "linear" }),
      note(`area ${ratio(auc)}`, { x: 0.97, y: 0.06 }, { textAnchor: "end", fontWeight: 600 }),
    ],
    grid: "both",
    height: 380,
  });
}

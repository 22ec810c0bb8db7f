import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";
import { cloud } from "./marks.ts";
import { finite, type Point } from "../series.ts";
import { ratio } from "../format.ts";
import { color, TRAIN } from "../theme.ts";

/**
 * Reconstruction against truth of one column, with one point for each row, equal axes and the diagonal. It is small, since
 * many are drawn side by side.
 */
export function reconstructionPanel(
  name: string,
  truth: readonly number[],
  reconstruction: readonly number[],
  r2: number,
  unit: string,
): string {
  const points = finite(truth.map((x, i): Point => ({ x, y: reconstruction[i] ?? NaN })));
  const both = axis(points.flatMap((p) => [p.x, p.y]), { ticks: 4, pad: 0.05 });
  const [low, high] = both.domain;
  return chart({
    title: `Reconstruction against truth: ${name}`,
    description: `${points.length} rows, R² ${ratio(r2)}, in ${unit}.`,
    x: { ...both, label: "truth", unit },
    y: { ...both, label: "reconstruction", unit },
    marks: [
      Plot.line([[low, low], [high, high]], { stroke: color("muted"), strokeDasharray: "4,4" }),
      cloud(points, { fill: TRAIN, radius: points.length > 500 ? 1.3 : 1.8 }),
    ],
    grid: "both",
    width: 220,
    height: 250,
  });
}

import * as Plot from "@observablehq/plot";
import { chart } from "./plot.ts";
import { cloud } from "./marks.ts";
import { rankColor } from "./parallel.ts";
import { valuesAxis } from "./values_axis.ts";
import { color, RAMP_COLORS } from "../theme.ts";

export interface RankedPoint {
  readonly x: string;
  readonly y: string;
  /** 0 for the best. */
  readonly rank: number;
}

/** Points by the values of two parameters, coloured by their rank; the best one has a ring. */
export function pointMap(points: readonly RankedPoint[], of: number, xLabel: string, yLabel: string): string {
  const [x, y] = [valuesAxis(points.map((p) => p.x)), valuesAxis(points.map((p) => p.y))];
  const at = (point: RankedPoint) => ({ x: x.at(point.x), y: y.at(point.y) });
  const best = points.find((point) => point.rank === 0);
  const colors = [...new Set(points.map((point) => rankColor(point.rank, of)))];
  return chart({
    title: `Points by ${xLabel} and ${yLabel}`,
    description: `${points.length} points in ${RAMP_COLORS} colours by rank.`,
    x: { ...x.axis, label: xLabel },
    y: { ...y.axis, label: yLabel },
    marks: [
      ...colors.map((fill) =>
        cloud(points.filter((point) => rankColor(point.rank, of) === fill).map(at), { fill, radius: 4 })
      ),
      ...(best ? [Plot.dot([at(best)], { x: "x", y: "y", r: 8, stroke: color("ink"), strokeWidth: 2 })] : []),
    ],
    grid: "both",
    height: 340,
  });
}

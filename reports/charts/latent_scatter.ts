import { type Axis, axis } from "./axis.ts";
import { chart, FONT_SIZE, frameOf } from "./plot.ts";
import { cloud, type Shape } from "./marks.ts";
import { percent } from "../format.ts";
import { finite, type Point } from "../series.ts";

export interface LatentGroup {
  readonly name: string;
  readonly fill: string;
  readonly shape: Shape;
  readonly points: readonly Point[];
}

const WIDTH = 540;

/** Widens the shorter axis until a unit is as long on both, so that distances can be compared. */
function sameUnit(a: Axis, pixels: number, other: Axis, otherPixels: number): Axis {
  const unit = (other.domain[1] - other.domain[0]) / otherPixels;
  const middle = (a.domain[0] + a.domain[1]) / 2;
  const half = (unit * pixels) / 2;
  if (half * 2 <= a.domain[1] - a.domain[0]) return a;
  return { ...axis([middle - half, middle + half], { pad: 0 }), domain: [middle - half, middle + half] };
}

/**
 * Rows on the first two principal components of their latent codes, the larger groups under the smaller. Both axes have
 * the same unit. A latent of size one is drawn against the rows' order instead.
 * @param explained share of variance of the drawn components
 */
export function latentScatter(groups: readonly LatentGroup[], explained: readonly number[], single: boolean): string {
  const points = groups.flatMap((g) => finite(g.points));
  const rows = points.length;
  let x = axis(points.map((p) => p.x), { whole: single });
  let y = axis(points.map((p) => p.y));
  const spanX = x.domain[1] - x.domain[0];
  const spanY = y.domain[1] - y.domain[0];
  const height = single ? 340 : Math.round(Math.min(1, Math.max(0.4, spanY / spanX)) * (WIDTH - 60)) + 72;
  const yLabel = single ? "latent unit" : `component 2 (${percent(explained[1])})`;
  const xLabel = single ? "row" : `component 1 (${percent(explained[0])})`;
  const frame = frameOf({ y: { ...y, label: yLabel }, width: WIDTH, height });
  if (!single) {
    x = sameUnit(x, frame.right - frame.left, y, frame.bottom - frame.top);
    y = sameUnit(y, frame.bottom - frame.top, x, frame.right - frame.left);
  }
  const radius = rows > 2000 ? 1.6 : rows > 600 ? 2.2 : 3;
  const order = [...groups].sort((a, b) => b.points.length - a.points.length);
  return chart({
    title: "Latent codes on their principal components",
    description: `${rows} rows in ${groups.length} group${groups.length === 1 ? "" : "s"}` +
      (groups.length > 1 ? `: ${groups.map((g) => g.name).join(", ")}.` : "."),
    x: { ...x, label: xLabel },
    y: { ...y, label: yLabel },
    marks: order.map((g) =>
      cloud(finite(g.points), { fill: g.fill, shape: g.shape, radius, opacity: rows > 600 ? 0.75 : 0.85 })
    ),
    grid: "both",
    width: WIDTH,
    height: Math.max(height, 16 * FONT_SIZE),
  });
}

import { type Axis, axis } from "./axis.ts";
import type * as Plot from "@observablehq/plot";
import { chart, FONT_SIZE, type Frame, frameOf, place, textWidth } from "./plot.ts";
import { cloud, note, type Shape } from "./marks.ts";
import { type Density, densityOf, pixelsOf } from "./density.ts";
import { percent } from "../format.ts";
import { extent, finite, type Point, quantile } from "../series.ts";

export interface LatentGroup {
  readonly name: string;
  readonly fill: string;
  readonly shape: Shape;
  readonly points: readonly Point[];
}

const WIDTH = 460;
/** If there are fewer groups than this, no names are drawn, as the legend is enough. */
const NAMED_FROM = 7;
/** Longer names stand in the legend only. */
const NAME_LENGTH = 10;
/** The height that a name takes, in px. */
const NAME_HEIGHT = 15;

/**
 * Names of the groups at the medians of their points, the larger groups first. Names that would overlap one before them
 * are left out, and all names if that is most of them.
 */
function names(groups: readonly LatentGroup[], x: Axis, y: Axis, frame: Frame): Plot.Markish[] {
  const taken: { at: Point; width: number }[] = [];
  const marks: Plot.Markish[] = [];
  for (const { name, points } of groups) {
    if (name.length > NAME_LENGTH) continue;
    const seen = finite(points);
    const middle = { x: quantile(seen.map((p) => p.x), 0.5), y: quantile(seen.map((p) => p.y), 0.5) };
    const at = { x: place(x, middle.x, frame.left, frame.right), y: place(y, middle.y, frame.bottom, frame.top) };
    const width = textWidth(name) + 4;
    const free = taken.every((t) =>
      Math.abs(t.at.y - at.y) > NAME_HEIGHT || Math.abs(t.at.x - at.x) > (t.width + width) / 2
    );
    if (!free || seen.length === 0) continue;
    taken.push({ at, width });
    marks.push(note(name, middle, { fontWeight: 700, fontSize: FONT_SIZE + 1 }));
  }
  return marks.length > groups.length / 2 ? marks : [];
}

/** Share of the rows, at each end of an axis, that may lie outside the frame. */
const TAIL = 0.005;
/** Rows are left out only if all rows span more than this many times the range of the others. */
const FAR = 2.5;

/**
 * Which points are inside the frame: all, or all but a few that are so far away that the others would fill only a corner.
 */
export function latentFrame(groups: readonly LatentGroup[]): { inside: (p: Point) => boolean; outside: number } {
  const points = groups.flatMap((g) => finite(g.points));
  const range = (pick: (p: Point) => number): readonly [number, number] => {
    const values = points.map(pick);
    const [low, high] = [quantile(values, TAIL), quantile(values, 1 - TAIL)];
    const all = extent(values) ?? [0, 0];
    const room = (high - low) / 2;
    return high > low && all[1] - all[0] > FAR * (high - low) ? [low - room, high + room] : all;
  };
  const [x, y] = [range((p) => p.x), range((p) => p.y)];
  const inside = (p: Point) => p.x >= x[0] && p.x <= x[1] && p.y >= y[0] && p.y <= y[1];
  return { inside, outside: points.filter((p) => !inside(p)).length };
}

/** Widens the shorter axis until a unit is as long on both, so that distances can be compared. */
function sameUnit(a: Axis, pixels: number, other: Axis, otherPixels: number): Axis {
  const unit = (other.domain[1] - other.domain[0]) / otherPixels;
  const middle = (a.domain[0] + a.domain[1]) / 2;
  const half = (unit * pixels) / 2;
  if (half * 2 <= a.domain[1] - a.domain[0]) return a;
  return { ...axis([middle - half, middle + half], { pad: 0 }), domain: [middle - half, middle + half] };
}

/**
 * Rows on the first two principal components of their latent vectors, with the smaller groups above the larger ones. If
 * there are many groups, those with short names are named at their medians. Both axes have the same unit, and rows far from
 * all others are left out. A latent vector of size one is drawn against the rows' order instead. Rows that would lie on one another
 * as points are drawn by hexagons, and `density` says how to read them.
 * @param explained share of variance of the drawn components; null of a map whose axes mean nothing by themselves
 */
export function latentScatter(
  groups: readonly LatentGroup[],
  explained: readonly number[] | null,
  single: boolean,
): { readonly svg: string; readonly density: Density | null } {
  const shown = latentFrame(groups);
  const inside = (p: Point) => shown.inside(p);
  const points = groups.flatMap((g) => finite(g.points)).filter(inside);
  const rows = points.length;
  let x = axis(points.map((p) => p.x), { whole: single });
  let y = axis(points.map((p) => p.y));
  const spanX = x.domain[1] - x.domain[0];
  const spanY = y.domain[1] - y.domain[0];
  const height = single ? 340 : Math.round(Math.min(1, Math.max(0.4, spanY / spanX)) * (WIDTH - 60)) + 72;
  const component = (k: number) =>
    explained ? `principal component ${k + 1} (${percent(explained[k])} of the variance)` : `UMAP ${k + 1}`;
  const yLabel = single ? "latent unit" : component(1);
  const xLabel = single ? "row" : component(0);
  const size = { width: WIDTH, height: Math.max(height, 16 * FONT_SIZE) };
  const frame = frameOf({ x: { ...x, label: xLabel }, y: { ...y, label: yLabel }, ...size });
  if (!single) {
    x = sameUnit(x, frame.right - frame.left, y, frame.bottom - frame.top);
    y = sameUnit(y, frame.bottom - frame.top, x, frame.right - frame.left);
  }
  // Shapes can be distinguished only from a certain size on.
  const radius = (rows > 2000 ? 1.6 : rows > 600 ? 2.2 : 3) + (groups.some((g) => g.shape !== "circle") ? 0.4 : 0);
  const order = [...groups].sort((a, b) => b.points.length - a.points.length);
  const drawn = frameOf({ x: { ...x, label: xLabel }, y: { ...y, label: yLabel }, ...size });
  const within = groups.map((g) => ({ ...g, points: finite(g.points).filter(inside) }));
  const density = densityOf(within, pixelsOf(x, y, drawn), radius);
  const svg = chart({
    title: explained ? "Latent vectors on their principal components" : "Latent vectors by UMAP",
    description: `${rows} rows in ${groups.length} group${groups.length === 1 ? "" : "s"}` +
      (groups.length > 1 ? `: ${groups.map((g) => g.name).join(", ")}.` : ".") + (density ? ` ${density.said}` : ""),
    x: { ...x, label: xLabel },
    y: { ...y, label: yLabel },
    marks: [
      ...density
        ? [density.mark]
        : order.map((g) => cloud(finite(g.points).filter(inside), { fill: g.fill, shape: g.shape, radius })),
      ...(single || groups.length < NAMED_FROM ? [] : names(order, x, y, drawn)),
    ],
    grid: "both",
    ...size,
  });
  return { svg, density };
}

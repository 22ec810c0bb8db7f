/** The rows of a latent map by label: the groups, their order and their marks. */
import type { LatentDiagnostic } from "../core/runs/types.ts";
import type { LatentGroup } from "./charts/latent_scatter.ts";
import { SHAPES } from "./charts/marks.ts";
import { count, number } from "./format.ts";
import { leadingNumber, naturalOrder } from "./natural.ts";
import { type Point, quantile } from "./series.ts";
import { color, RAMP_COLORS, rampColor, SERIES_COLORS, seriesColor, TRAIN } from "./theme.ts";

/** The number of different marks (colours times shapes); rarer labels are drawn as "other". */
const GROUPS = SERIES_COLORS * SHAPES.length;

/** What a map of rows is drawn from: their coordinates and labels. */
export type MapData = Pick<LatentDiagnostic, "scores" | "labels" | "latent_size">;

export function pointsOf(latent: MapData): Point[] {
  return latent.scores.map((s, i): Point => latent.latent_size === 1 ? { x: i, y: s[0]! } : { x: s[0]!, y: s[1]! });
}

/** Groups of labels that are many different numbers: bands with equal numbers of rows, coloured from low to high. */
function bands(points: readonly Point[], values: readonly number[]): LatentGroup[] {
  const edges = Array.from({ length: RAMP_COLORS + 1 }, (_, i) => quantile(values, i / RAMP_COLORS));
  const groups = Array.from({ length: RAMP_COLORS }, (_, i) => ({
    name: `${number(edges[i], 3)} to ${number(edges[i + 1], 3)}`,
    fill: rampColor(i),
    shape: "circle" as const,
    points: [] as Point[],
  }));
  for (const [i, point] of points.entries()) {
    let band = 0;
    while (band < RAMP_COLORS - 1 && values[i]! > edges[band + 1]!) band++;
    groups[band]!.points.push(point);
  }
  return groups.filter((g) => g.points.length > 0);
}

/**
 * One group for each label, in natural order, with a new colour for each and then a new shape. A few labels that begin with
 * different numbers ("0 h", "24 h") are coloured from low to high. If there are more labels than marks, the rarest are one
 * group.
 */
export function groupsOf(latent: MapData): LatentGroup[] {
  const points = pointsOf(latent);
  const { labels } = latent;
  if (!labels) return [{ name: "rows", fill: TRAIN, shape: "circle", points }];
  const byLabel = new Map<string, Point[]>();
  for (const [i, point] of points.entries()) {
    const label = labels[i] ?? "";
    const group = byLabel.get(label);
    if (group) group.push(point);
    else byLabel.set(label, [point]);
  }
  const values = labels.map((l) => l.trim() === "" ? NaN : Number(l));
  if (byLabel.size > GROUPS && values.every(Number.isFinite)) return bands(points, values);

  const byCount = [...byLabel].sort((a, b) => b[1].length - a[1].length || naturalOrder(a[0], b[0]));
  const kept = (byCount.length > GROUPS ? byCount.slice(0, GROUPS - 1) : byCount)
    .sort((a, b) => naturalOrder(a[0], b[0]));
  const leading = kept.map(([name]) => leadingNumber(name));
  const ramp = leading.every(Number.isFinite) && new Set(leading).size === leading.length && kept.length > 2 &&
    kept.length <= RAMP_COLORS;
  const groups = kept.map(([name, members], i): LatentGroup => ({
    name: name || "no label",
    fill: ramp ? rampColor(Math.round(i * (RAMP_COLORS - 1) / (kept.length - 1))) : seriesColor(i),
    shape: SHAPES[Math.floor(i / SERIES_COLORS)]!,
    points: members,
  }));
  const rest = byCount.slice(kept.length);
  if (rest.length > 0) {
    groups.push({
      name: `${count(rest.length)} other labels`,
      fill: color("muted"),
      shape: "circle",
      points: rest.flatMap(([, members]) => members),
    });
  }
  return groups;
}

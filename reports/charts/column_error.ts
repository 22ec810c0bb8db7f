import * as Plot from "@observablehq/plot";
import { type Axis, axis } from "./axis.ts";
import { chart, place, textWidth } from "./plot.ts";
import type { Legend } from "../legend.ts";
import { cloud, note } from "./marks.ts";
import { extent, type Point, quantile } from "../series.ts";
import { color, densityColor } from "../theme.ts";

export interface ColumnPoint {
  readonly name: string;
  readonly variance: number;
  readonly mse: number;
}

/** Side of a cell in which columns are counted, in px of the view box. */
const CELL = 2.5;
const FRAME = 420;
const NAMED = 5;
/** A longer name is shortened, since it would reach beyond the figure. */
const NAME_LENGTH = 24;

/** At most NAMED candidates, in their order, without those that are too near to one that was taken before. */
function apart(candidates: readonly ColumnPoint[], x: Axis, y: Axis): ColumnPoint[] {
  const taken: { column: ColumnPoint; at: Point }[] = [];
  for (const column of candidates) {
    if (!(column.variance > 0 && column.mse > 0)) continue;
    const at = { x: place(x, column.variance, 0, FRAME), y: place(y, column.mse, 0, FRAME / 2) };
    const free = taken.every((t) => Math.abs(t.at.y - at.y) > 15 || Math.abs(t.at.x - at.x) > 90);
    if (free) taken.push({ column, at });
    if (taken.length === NAMED) break;
  }
  return taken.map((t) => t.column);
}

/** What the three colours of points stand for. */
export const DENSITY_LEGEND: Legend = (["1 column", "2 to 4", "5 or more in one place"] as const).map((name, i) => ({
  name,
  fill: densityColor(i as 0 | 1 | 2),
  shape: "circle",
}));

/** Points by the number of points in their cell: one, a few, many. One point is drawn for each cell. */
function byDensity(points: readonly Point[], cellOf: (p: Point) => string): [Point[], Point[], Point[]] {
  const cells = new Map<string, { at: Point; size: number }>();
  for (const at of points) {
    const key = cellOf(at);
    const cell = cells.get(key);
    if (cell) cell.size++;
    else cells.set(key, { at, size: 1 });
  }
  const levels: [Point[], Point[], Point[]] = [[], [], []];
  for (const { at, size } of cells.values()) levels[size === 1 ? 0 : size < 5 ? 1 : 2].push(at);
  return levels;
}

/**
 * Share of the columns, those of least variance or error, that may be left out so that the others are not in a corner.
 */
const TAIL = 0.01;
/** A log axis whose ends have a larger ratio than this is cut at TAIL. */
const SPAN = 1e6;

/** The columns that are drawn: all of them, or, if the axes would be very long, those above the TAIL of variance and error. */
export function drawnColumns<C extends ColumnPoint>(columns: readonly C[]): readonly C[] {
  const positive = columns.filter((c) => c.variance > 0 && c.mse > 0);
  const least = (values: readonly number[]) => {
    const low = quantile(values, TAIL);
    return (extent(values)?.[1] ?? 0) / (extent(values)?.[0] ?? 1) > SPAN ? low : 0;
  };
  const [variance, mse] = [least(positive.map((c) => c.variance)), least(positive.map((c) => c.mse))];
  return positive.filter((c) => c.variance >= variance && c.mse >= mse);
}

/**
 * Error of each column against its variance, both on log scales. On the diagonal a column is predicted as well as by
 * its mean. Those of `candidates` whose names do not overlap are named.
 * Columns without error or variance cannot be drawn on log scales and are left out, as is the tail of {@link drawnColumns}.
 */
export function columnError(
  columns: readonly ColumnPoint[],
  candidates: readonly ColumnPoint[],
  unit: string,
): string {
  const points = drawnColumns(columns).map((c): Point => ({ x: c.variance, y: c.mse }));
  const x = { ...axis(points.map((p) => p.x), { type: "log" }), label: "variance of the column", unit };
  const y = { ...axis(points.map((p) => p.y), { type: "log" }), label: "mean squared error of the column", unit };
  const cell = (p: Point) =>
    `${Math.round(place(x, p.x, 0, FRAME) / CELL)},${Math.round(place(y, p.y, 0, FRAME / 2) / CELL)}`;
  const [single, few, many] = byDensity(points, cell);
  const low = Math.max(x.domain[0], y.domain[0]);
  const high = Math.min(x.domain[1], y.domain[1]);
  const marks: Plot.Markish[] = [];
  for (const [i, level] of [single, few, many].entries()) {
    if (level.length > 0) marks.push(cloud(level, { fill: densityColor(i as 0 | 1 | 2), radius: 1.3 }));
  }
  if (high > low) {
    marks.push(Plot.line([[low, low], [high, high]], { stroke: color("ink"), strokeDasharray: "5,4", strokeWidth: 1 }));
    const at = high / (high / low) ** 0.68;
    // Left of the line where there is room, else right of it.
    const isRoom = place(x, at, 0, FRAME) > textWidth("mean predictor") + 20;
    marks.push(
      note("mean predictor", { x: at, y: at }, {
        ...isRoom ? { textAnchor: "end", dx: -10, dy: -4 } : { textAnchor: "start", dx: 10, dy: 6 },
      }),
    );
  }
  for (const column of apart(candidates, x, y)) {
    const at = { x: column.variance, y: column.mse };
    marks.push(Plot.dot([at], { x: "x", y: "y", r: 2.6, stroke: "currentColor", strokeWidth: 1.2 }));
    const right = place(x, column.variance, 0, 1) > 0.75;
    const name = column.name.length > NAME_LENGTH ? `${column.name.slice(0, NAME_LENGTH - 1)}…` : column.name;
    marks.push(note(name, at, { textAnchor: right ? "end" : "start", dx: right ? -6 : 6, dy: 9, fontSize: 11 }));
  }
  return chart({
    title: "Error of each column against its variance",
    description: `${points.length} columns. A column below the diagonal is predicted better than by its mean.`,
    x,
    y,
    marks,
    grid: "both",
    height: 340,
  });
}

/** Rows of a map by hexagons, where they lie on one another as points. */
import type * as Plot from "@observablehq/plot";
import {
  type Cell,
  cellsOf,
  commonest,
  hiddenShare,
  isCrowded,
  type Lattice,
  type Level,
  levelOf,
  levelsOf,
} from "../../core/diagnostics/crowding.ts";
import { count, percent, plural } from "../format.ts";
import type { Legend } from "../legend.ts";
import { finite, type Point } from "../series.ts";
import { color, SCALE_COLORS, scaleColor } from "../theme.ts";
import { type Axis, axis } from "./axis.ts";
import type { LatentGroup } from "./latent_scatter.ts";
import { marker, markerStyle } from "./marks.ts";
import { type Frame, place, short } from "./plot.ts";

/** The hexagons of a map, those of a small one, and the radii of marks in them by level, as shares of half their width. */
export const LARGE: Lattice = { half: 5, rise: 3 }, SMALL: Lattice = { half: 3.5, rise: 2 };
const SIZES = [0.34, 0.54, 0.74, 0.96];

/** How rows by hexagons are to be read. */
export interface Density {
  readonly legend: Legend;
  readonly said: string;
}

/** Paths in the pixels of a chart, each with its attributes. */
export function pathsMark(paths: readonly { readonly d: string; readonly style: Record<string, string> }[]) {
  const draw: Plot.RenderFunction = (_index, _scales, _values, _dimensions, context) => {
    const group = context.document.createElementNS("http://www.w3.org/2000/svg", "g");
    for (const { d, style } of paths) {
      const path = context.document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", d);
      for (const [name, value] of Object.entries(style)) path.setAttribute(name, value);
      group.appendChild(path);
    }
    return group;
  };
  return draw;
}

/** Hexagons of some cells, each in the colour of its level, from 0. */
export function hexagons(cells: readonly Cell[], { half, rise }: Lattice, levelFor: (cell: Cell) => number) {
  const paths = new Map<number, string>();
  for (const cell of cells) {
    const level = levelFor(cell);
    const d = `M${short(cell.x)},${short(cell.y - 2 * rise)}l${half},${rise}v${
      2 * rise
    }l-${half},${rise}-${half}-${rise}v-${2 * rise}z`;
    paths.set(level, (paths.get(level) ?? "") + d);
  }
  return pathsMark(
    [...paths].sort(([a], [b]) => a - b).map(([level, d]) => ({
      d,
      style: { fill: scaleColor(level), stroke: color("page"), "stroke-width": "0.5" },
    })),
  );
}

/** Marks of some cells: in the colour and shape of the commonest group, the larger, the more rows there are. */
function sized(
  cells: readonly Cell[],
  lattice: Lattice,
  groups: readonly LatentGroup[],
  groupOf: readonly number[],
  levels: readonly Level[],
) {
  const paths = new Map<string, { d: string; style: Record<string, string> }>();
  for (const cell of cells) {
    const { group } = commonest(cell, groupOf), level = levelOf(cell.members.length, levels);
    const { shape, fill } = groups[group]!, radius = SIZES[level]! * lattice.half, key = `${group},${level}`;
    const path = paths.get(key) ?? { d: "", style: markerStyle(shape, fill, radius) };
    path.d += marker(shape, cell.x, cell.y, radius);
    paths.set(key, path);
  }
  return pathsMark([...paths.values()]);
}

const levelName = ({ from, to }: Level, isLast: boolean) => {
  const range = from === to ? count(from) : `${count(from)} to ${count(to)}`;
  return isLast ? `${range} rows in a hexagon` : range === "1" ? "1 row" : range;
};

/**
 * What draws groups of rows by hexagons, and how it is to be read; null where so few of them lie on others that they are points.
 * @param radius of a point, in px
 * @param always whether they are drawn by hexagons even so
 */
export function densityOf(
  groups: readonly LatentGroup[],
  at: (point: Point) => Point,
  radius: number,
  lattice: Lattice = LARGE,
  always = false,
): (Density & { readonly mark: Plot.RenderFunction }) | null {
  const rows = groups.flatMap(({ points }, group) => finite(points).map((point) => ({ group, ...at(point) })));
  if (rows.length === 0 || !(always || isCrowded(rows, 2 * radius))) return null;
  const cells = cellsOf(rows, lattice), groupOf = rows.map(({ group }) => group);
  const most = Math.max(...cells.map(({ members }) => members.length)), isLabelled = groups.length > 1;
  const levels = levelsOf(most, isLabelled ? SIZES.length : SCALE_COLORS);
  const colorOf = (level: number) =>
    levels.length > 1 ? Math.round(level * (SCALE_COLORS - 1) / (levels.length - 1)) : SCALE_COLORS - 1;
  const legend: Legend = levels.map((level, i) => ({
    name: levelName(level, i === levels.length - 1),
    ...isLabelled
      ? { fill: color("muted"), shape: "circle" as const, radius: SIZES[i]! * LARGE.half }
      : { fill: scaleColor(colorOf(i)) },
  }));
  const hidden = `As points, ${percent(hiddenShare(rows, 2 * radius), 0)} of the rows would lie on others.`;
  const others = rows.length - cells.reduce((sum, cell) => sum + commonest(cell, groupOf).count, 0);
  const said = isLabelled
    ? `${hidden} So each mark stands for all rows in its hexagon of the map, up to ${
      count(most)
    } of them: the larger, the more. It has the mark of their commonest label; ${
      others === 0
        ? "none has another"
        : `${plural(others, "row")} (${percent(others / rows.length)}) ${others === 1 ? "has" : "have"} another`
    }.`
    : `${hidden} So each hexagon stands for all rows in it, up to ${
      count(most)
    } of them, and its colour says how many there are.`;
  return {
    legend,
    said,
    mark: isLabelled
      ? sized(cells, lattice, groups, groupOf, levels)
      : hexagons(cells, lattice, ({ members }) => colorOf(levelOf(members.length, levels))),
  };
}

/** Pixels of points in a frame. */
export function pixelsOf(x: Axis, y: Axis, frame: Frame): (point: Point) => Point {
  return (point) => ({
    x: place(x, point.x, frame.left, frame.right),
    y: place(y, point.y, frame.bottom, frame.top),
  });
}

/** The axes of a small map, without ticks. */
export function bareAxes(points: readonly Point[]) {
  const none = { ticks: [], label: "" };
  return {
    x: { ...axis(points.map(({ x }) => x), { pad: 0.06 }), ...none },
    y: { ...axis(points.map(({ y }) => y), { pad: 0.06 }), ...none },
  };
}

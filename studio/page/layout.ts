/**
 * Where the grid of each stage lies. Lengths are pixels of the page at zoom 1. A stage is made of maps of equal size (the channels of
 * a picture or a signal, or one map of all units), side by side in rows; a map is a grid of cells, one for each unit.
 */
import type { About, Stage } from "./types.ts";

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly units: number;
  /** Cells of a map. */
  readonly columns: number;
  readonly rows: number;
  readonly maps: number;
  readonly perRow: number;
  /** Between maps, in cells. */
  readonly gapX: number;
  readonly gapY: number;
  /** Cells from edge to edge, gaps included. */
  readonly cellsX: number;
  readonly cellsY: number;
  /** Whether the cells of a map are drawn as bars from a middle line: signals. */
  readonly trace: boolean;
  /** Of neurons of a free graph, which are drawn as points, a map for each part: their cells, and the units of all cells. */
  readonly points: { readonly cells: Uint32Array; readonly units: Uint32Array } | null;
}

/** A cell without a unit. */
export const NONE = 0xFFFFFFFF;
/** Of a point, in cells. */
export const POINT_RADIUS = 0.34;

/** Number of cells that hold values. */
export const cellsOf = ({ units, points }: Place): number => points?.units.length ?? units;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

type Grid = Omit<Place, "x" | "y" | "width" | "height"> & { readonly aspect: number };

/** Layers of at most so many units are one column, as networks are drawn in books; a row where layers lie below each other. */
const COLUMN_MOST = 16;
const LANES = 24;
const CELL_MOST = 26;
/** Between the parts of a graph, in cells. */
export const PART_GAP = 1.5;

/** Each part of a graph is a map; in it neurons are in the order of their numbers. */
function gridOfParts(parts: Uint32Array, down: boolean): Grid {
  const members = new Map<number, number[]>();
  for (const [unit, part] of parts.entries()) {
    const own = members.get(part);
    if (own) own.push(unit);
    else members.set(part, [unit]);
  }
  const all = [...members].sort(([a], [b]) => a - b).map(([, own]) => own), maps = all.length;
  const most = Math.max(...all.map(({ length }) => length));
  const columns = Math.ceil(Math.sqrt(most)), rows = Math.ceil(most / columns);
  const perRow = Math.max(1, Math.round(Math.sqrt(maps * (down ? 2 : 0.6))));
  const cells = new Uint32Array(parts.length), units = new Uint32Array(maps * columns * rows).fill(NONE);
  for (const [map, own] of all.entries()) {
    for (const [place, unit] of own.entries()) {
      cells[unit] = map * columns * rows + place;
      units[cells[unit]!] = unit;
    }
  }
  const gap = maps === 1 ? 0 : PART_GAP, [cellsX, cellsY] = extent(columns, rows, maps, perRow, gap, gap);
  return {
    ...{ units: parts.length, columns, rows, maps, perRow, gapX: gap, gapY: gap, cellsX, cellsY, trace: false },
    ...{ points: { cells, units }, aspect: cellsX / cellsY },
  };
}

function gridOf({ shape, units, parts }: Stage, down: boolean): Grid {
  if (parts !== null && parts.length > 0) return gridOfParts(parts, down);
  if (shape.length === 3) {
    const [maps, rows, columns] = shape as [number, number, number];
    const perRow = maps === 1 ? 1 : Math.max(1, Math.round(Math.sqrt(maps * rows / columns * (down ? 2 : 0.6))));
    const gap = maps === 1 ? 0 : rows * columns === 1 ? 0.2 : Math.max(1, Math.round(0.08 * columns));
    const [cellsX, cellsY] = extent(columns, rows, maps, perRow, gap, gap);
    return {
      units,
      columns,
      rows,
      maps,
      perRow,
      gapX: gap,
      gapY: gap,
      cellsX,
      cellsY,
      trace: false,
      points: null,
      aspect: cellsX / cellsY,
    };
  }
  if (shape.length === 2) {
    const [maps, columns] = shape as [number, number];
    const perRow = Math.ceil(maps / LANES), gapX = 0.06 * columns, gapY = 0.25;
    const [cellsX, cellsY] = extent(columns, 1, maps, perRow, gapX, gapY);
    const aspect = Math.min(1.4, Math.max(0.35, 2.4 * perRow / Math.ceil(maps / perRow)));
    return { units, columns, rows: 1, maps, perRow, gapX, gapY, cellsX, cellsY, trace: true, points: null, aspect };
  }
  const short = units <= COLUMN_MOST ? 1 : Math.ceil(Math.sqrt((down ? 0.4 : 0.5) * units)),
    long = Math.ceil(units / short);
  const [columns, rows] = down ? [long, short] : [short, long];
  return {
    ...{ units, columns, rows, maps: 1, perRow: 1, gapX: 0, gapY: 0, cellsX: columns, cellsY: rows, trace: false },
    points: null,
    aspect: columns / rows,
  };
}

const extent = (columns: number, rows: number, maps: number, perRow: number, gapX: number, gapY: number) => {
  const across = Math.min(maps, perRow), down = Math.ceil(maps / perRow);
  return [across * (columns + gapX) - gapX, down * (rows + gapY) - gapY] as const;
};

/**
 * Stages as they are drawn: signals whose data have no shape but their length are one trace, and rows of height and width one image.
 */
export function drawnStages({ data, network: { stages } }: About): readonly Stage[] {
  const axes = { signals: 1, images: 2, sparse: 0, table: 0 }[data.kind];
  return stages.map((stage, i) => {
    const isRow = (i === 0 || i === stages.length - 1) && stage.units === data.columns && stage.shape.length === axes;
    return isRow ? { ...stage, shape: [1, ...stage.shape] } : stage;
  });
}

/** Space for names above and below a stage. */
const LABELS = 46;
const EDGE = 14;
/** Width of names beside stages that lie below each other. */
const NAMES = 110;
/** Width that a stage has for its name, however narrow its grid is. */
const SLOT_LEAST = 46;

/** Share of the room between stages, at least. */
const BETWEEN = 0.36;

/**
 * Stages from left to right, or from top to bottom where the canvas is higher than wide. Larger layers are drawn larger; all are as large
 * as the room allows.
 */
export function layOut(stages: readonly Stage[], width: number, height: number): Place[] {
  const down = height > 1.15 * width;
  const grids = stages.map((stage) => gridOf(stage, down));
  const most = Math.max(...grids.map(({ units }) => units), 2), count = Math.max(1, grids.length);
  const along = (down ? height : width) - 2 * EDGE, gap = BETWEEN * along / count;
  const across = down ? width - 2 * EDGE - NAMES : height - 2 * LABELS;
  /** Sizes where a full share of the room across is `full`. */
  const sizesOf = (full: number) =>
    grids.map(({ units, aspect, columns, rows, trace, cellsY }) => {
      const share = 0.5 + 0.5 * Math.log2(units + 1) / Math.log2(most + 1);
      const isLine = Math.min(columns, rows) === 1 && !trace;
      let h = isLine && !down ? Math.min(0.95 * across, 4 * full) * share : full * share / (down ? aspect : 1);
      if (down) h = Math.min(h, across * share / aspect);
      if (!trace) h = Math.min(h, CELL_MOST * cellsY);
      return { width: h * aspect, height: h };
    });
  const slotOf = (size: Size) => down ? size.height : Math.max(Math.min(SLOT_LEAST, 0.6 * along / count), size.width);
  const lengthOf = (sizes: readonly Size[]) => sizes.reduce((sum, size) => sum + slotOf(size), 0);
  let [low, high] = [0, 0.86 * across];
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (lengthOf(sizesOf(middle)) <= along - gap * (count - 1)) low = middle;
    else high = middle;
  }
  const sizes = sizesOf(low), between = (along - lengthOf(sizes)) / count;
  let at = EDGE + between / 2;
  return grids.map(({ aspect: _, ...grid }, i) => {
    const size = sizes[i]!, middle = at + slotOf(size) / 2;
    at += slotOf(size) + between;
    const x = (down ? (width - NAMES) / 2 : middle) - size.width / 2,
      y = (down ? middle : height / 2) - size.height / 2;
    return { ...grid, x, y, ...size };
  });
}

type Size = Pick<Box, "width" | "height">;

/** The cell of a unit. */
export function unitBox(place: Place, unit: number): Box {
  const size = place.columns * place.rows, cell = place.points?.cells[unit] ?? unit;
  const map = Math.floor(cell / size), within = cell % size;
  const column = within % place.columns, row = Math.floor(within / place.columns);
  const cellX = (map % place.perRow) * (place.columns + place.gapX) + column;
  const cellY = Math.floor(map / place.perRow) * (place.rows + place.gapY) + row;
  const [cellWidth, cellHeight] = [place.width / place.cellsX, place.height / place.cellsY];
  return { x: place.x + cellX * cellWidth, y: place.y + cellY * cellHeight, width: cellWidth, height: cellHeight };
}

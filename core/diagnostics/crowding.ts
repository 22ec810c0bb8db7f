/**
 * Maps of so many rows that they lie on one another as points: when that is so, and the rows by hexagons of the map, which show
 * how many there are.
 */

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Fewer rows are points, wherever they lie. */
export const CROWD_ROWS = 1000;
/** Share of the points that may lie on others. */
export const CROWD_SHARE = 1 / 3;

/** Share of the points that lie in the same square as one before them. @param side of a square in px: the width of a point */
export function hiddenShare(places: readonly Place[], side: number): number {
  const squares = new Set<string>();
  for (const { x, y } of places) squares.add(`${Math.floor(x / side)},${Math.floor(y / side)}`);
  return places.length > 0 ? 1 - squares.size / places.length : 0;
}

/** Whether rows are drawn by hexagons: CROWD_ROWS of them or more, of which more than CROWD_SHARE lie on others. */
export function isCrowded(places: readonly Place[], side: number): boolean {
  return places.length >= CROWD_ROWS && hiddenShare(places, side) > CROWD_SHARE;
}

/** Hexagons with a corner at the top, 2 x half wide and 4 x rise high, whose lines are 3 x rise apart, in px. */
export interface Lattice {
  readonly half: number;
  readonly rise: number;
}

/** The middle of the hexagon in which a place is. */
export function middleOf({ x, y }: Place, { half, rise }: Lattice): Place {
  // Scaled so that the hexagons are regular: then the nearest middle is that of the hexagon.
  const stretch = half / (rise * Math.sqrt(3)), line = Math.floor(y / (3 * rise));
  let best = { x: 0, y: 0 }, least = Infinity;
  for (const row of [line, line + 1]) {
    const shift = row % 2 === 0 ? 0 : half;
    const middle = { x: Math.round((x - shift) / (2 * half)) * 2 * half + shift, y: row * 3 * rise };
    const distance = Math.hypot(middle.x - x, (middle.y - y) * stretch);
    if (distance < least) [best, least] = [middle, distance];
  }
  return best;
}

export interface Cell extends Place {
  /** The places in it, by their numbers. */
  readonly members: readonly number[];
}

/** The hexagons in which there are places, in the order of the first place in each. */
export function cellsOf(places: readonly Place[], lattice: Lattice): Cell[] {
  const cells = new Map<string, Place & { members: number[] }>();
  for (const [i, place] of places.entries()) {
    const middle = middleOf(place, lattice), key = `${middle.x},${middle.y}`;
    const cell = cells.get(key);
    if (cell) cell.members.push(i);
    else cells.set(key, { ...middle, members: [i] });
  }
  return [...cells.values()];
}

/** Of each cell the group that most of its members have, of equal ones the first. @param groupOf a place, as a number from 0 */
export function commonest(cell: Cell, groupOf: readonly number[]): { readonly group: number; readonly count: number } {
  const counts = new Map<number, number>();
  for (const i of cell.members) counts.set(groupOf[i]!, (counts.get(groupOf[i]!) ?? 0) + 1);
  const [group, count] = [...counts].reduce((best, one) =>
    one[1] > best[1] || (one[1] === best[1] && one[0] < best[0]) ? one : best
  );
  return { group, count };
}

export interface Level {
  readonly from: number;
  readonly to: number;
}

/** At most `wanted` levels of numbers from 1 to `most`, each of which begins at about the same multiple of the one before. */
export function levelsOf(most: number, wanted: number): Level[] {
  const starts = Array.from({ length: wanted }, (_, i) => Math.round(most ** (i / wanted)));
  const from = [...new Set(starts)];
  return from.map((start, i) => ({ from: start, to: (from[i + 1] ?? most + 1) - 1 }));
}

/** The level of a number, from 0. */
export function levelOf(count: number, levels: readonly Level[]): number {
  return Math.max(0, levels.findLastIndex(({ from }) => count >= from));
}

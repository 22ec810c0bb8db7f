/** From a point to what lies there: the reverse of layout.ts. */
import { NONE, PART_GAP, type Place, POINT_RADIUS, unitBox } from "./layout.ts";
import type { Strongest } from "./types.ts";

/** How far from the middle of a point it is still met, in cells: connections lie between the points. */
const POINT_REACH = POINT_RADIUS + 0.06;

/** A view of the drawing: a point p of it is at p * scale + (x, y) of the canvas. */
export interface Camera {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const HOME: Camera = { scale: 1, x: 0, y: 0 };
const SCALE_LEAST = 0.5;
const SCALE_MOST = 200;

/** The point of the drawing below a point of the canvas. */
export const inverse = (camera: Camera, x: number, y: number): readonly [number, number] => [
  (x - camera.x) / camera.scale,
  (y - camera.y) / camera.scale,
];

/** Zooms so that what is at (x, y) of the canvas stays there. */
export function zoomed(camera: Camera, factor: number, x: number, y: number): Camera {
  const scale = Math.min(SCALE_MOST, Math.max(SCALE_LEAST, camera.scale * factor));
  const [px, py] = inverse(camera, x, y);
  return { scale, x: x - px * scale, y: y - py * scale };
}

/** The unit of a stage at a point of the drawing; null between units and beyond the last one. */
export function unitAt(place: Place, x: number, y: number): number | null {
  const cellX = (x - place.x) / place.width * place.cellsX, cellY = (y - place.y) / place.height * place.cellsY;
  if (!(cellX >= 0 && cellX < place.cellsX && cellY >= 0 && cellY < place.cellsY)) return null;
  const across = Math.floor(cellX / (place.columns + place.gapX)), down = Math.floor(cellY / (place.rows + place.gapY));
  const column = Math.floor(cellX - across * (place.columns + place.gapX));
  const row = Math.floor(cellY - down * (place.rows + place.gapY));
  if (column >= place.columns || row >= place.rows) return null;
  const map = down * place.perRow + across;
  if (map >= place.maps) return null;
  const cell = (map * place.rows + row) * place.columns + column;
  if (place.points === null) return cell < place.units ? cell : null;
  const unit = place.points.units[cell]!;
  const middleX = across * (place.columns + place.gapX) + column + 0.5;
  const middleY = down * (place.rows + place.gapY) + row + 0.5;
  return unit !== NONE && Math.hypot(cellX - middleX, cellY - middleY) <= POINT_REACH ? unit : null;
}

export interface Neuron {
  readonly stage: number;
  readonly unit: number;
}

export function neuronAt(places: readonly Place[], x: number, y: number): Neuron | null {
  for (const [stage, place] of places.entries()) {
    const unit = unitAt(place, x, y);
    if (unit !== null) return { stage, unit };
  }
  return null;
}

/** The neuron beside another one, by cells; the same one at an edge. */
export function beside(place: Place, unit: number, dx: number, dy: number): number {
  const { x, y, width, height } = unitBox(place, unit);
  const stepX = dx * (1 + (place.maps > 1 ? place.gapX : 0)), stepY = dy * (1 + (place.maps > 1 ? place.gapY : 0));
  const middleX = x + width / 2, middleY = y + height / 2;
  if (place.points !== null) { // the next one in this direction, over cells without a neuron and gaps between parts
    for (let far = 1; far <= place.cellsX + place.cellsY; far += PART_GAP % 1 || 1) {
      const found = unitAt(place, middleX + far * dx * width, middleY + far * dy * height);
      if (found !== null) return found;
    }
    return unit;
  }
  return unitAt(place, middleX + dx * width, middleY + dy * height) ??
    unitAt(place, middleX + stepX * width, middleY + stepY * height) ?? unit;
}

/** A set of drawn connections: between two stages, or of one neuron. */
export interface Drawn {
  readonly from: number;
  readonly to: number;
  readonly weights: Strongest;
}

export interface Connection {
  readonly drawn: Drawn;
  readonly index: number;
}

/** The connection nearest to a point of the drawing, at most `reach` away; of several the strongest. */
export function connectionAt(
  places: readonly Place[],
  all: readonly Drawn[],
  x: number,
  y: number,
  reach: number,
): Connection | null {
  let best: Connection | null = null, nearest = reach;
  for (const drawn of all) {
    const [a, b] = [places[drawn.from], places[drawn.to]];
    if (a === undefined || b === undefined) continue;
    for (let index = 0; index < drawn.weights.from.length; index++) {
      const start = unitBox(a, drawn.weights.from[index]!), end = unitBox(b, drawn.weights.to[index]!);
      const [x0, y0] = [start.x + start.width / 2, start.y + start.height / 2];
      const [dx, dy] = [end.x + end.width / 2 - x0, end.y + end.height / 2 - y0];
      const t = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy || 1)));
      const distance = Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
      if (distance < nearest) [best, nearest] = [{ drawn, index }, distance];
    }
  }
  return best;
}

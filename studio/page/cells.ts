/** Values of units in the order of the cells in which they are drawn. */
import { cellsOf, NONE, type Place } from "./layout.ts";
import type { Numbers } from "./types.ts";

/** In place of the value of a cell without a unit. */
const EMPTY = Infinity;

/** Where the values of each stage begin, by cells. */
export function cellsAt(places: readonly Place[]): number[] {
  let at = 0;
  return places.map((place) => (at += cellsOf(place)) - cellsOf(place));
}

/**
 * @param values of all stages, of which `at` says where each begins; null where none are known
 * @returns values by cells, those that are not known as NaN
 */
export function inCells(places: readonly Place[], values: Numbers | null, at: readonly number[]): Numbers {
  if (values !== null && places.every(({ points }) => points === null)) return values;
  const begins = cellsAt(places), last = places.at(-1);
  const cells = new Float32Array(last ? begins.at(-1)! + cellsOf(last) : 0).fill(NaN);
  for (const [i, { units, points }] of places.entries()) {
    const own = values?.subarray(at[i]!, at[i]! + units);
    if (points === null) {
      if (own) cells.set(own, begins[i]!);
      continue;
    }
    for (const [cell, unit] of points.units.entries()) {
      if (unit === NONE) cells[begins[i]! + cell] = EMPTY;
      else if (own) cells[begins[i]! + cell] = own[unit]!;
    }
  }
  return cells;
}

/** Grids of numbers as coloured cells, in few bytes: one path for each colour. */
import { short } from "./plot.ts";
import { seriesColor } from "../theme.ts";

/** Colours of values above and below zero. */
export const ABOVE = seriesColor(0), BELOW = seriesColor(1);

const LEVELS = 8;

/**
 * Cells of `side` px in rows of `width` cells, from (x, y) on: blue above zero, orange below, and the fainter, the nearer to it.
 * @param largest the absolute value with the full colour
 */
export function signedCells(
  values: readonly number[],
  width: number,
  side: number,
  [x, y]: readonly [number, number],
  largest: number,
): string {
  const paths = new Map<number, string>();
  for (const [i, value] of values.entries()) {
    const level = largest > 0 ? Math.round(Math.min(1, Math.abs(value) / largest) * LEVELS) * Math.sign(value) : 0;
    if (!Number.isFinite(level) || level === 0) continue;
    const at = `M${short(x + (i % width) * side)},${short(y + Math.floor(i / width) * side)}`;
    paths.set(level, `${paths.get(level) ?? ""}${at}h${short(side)}v${short(side)}h-${short(side)}z`);
  }
  return [...paths].sort(([a], [b]) => a - b).map(([level, d]) =>
    `<path d="${d}" fill="${level > 0 ? ABOVE : BELOW}" fill-opacity="${Math.abs(level) / LEVELS}"/>`
  ).join("");
}

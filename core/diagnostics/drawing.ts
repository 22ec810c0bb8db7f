/** What the pictures of diagnostics share. */
import { Canvas, type Colour } from "../formats/canvas.ts";

export { Canvas, type Colour };

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array<ArrayBuffer>;
}

/** Okabe and Ito's colours, which most people can tell apart (https://jfly.uni-koeln.de/color/). */
export const COLOURS: readonly Colour[] = [
  ...[[0, 114, 178], [230, 159, 0], [0, 158, 115], [213, 94, 0], [204, 121, 167]] as const,
  ...[[86, 180, 233], [240, 228, 66], [0, 0, 0]] as const,
];
/** Of labels beyond the commonest, and of frames and diagonals. */
export const GREY: Colour = [150, 150, 150], LINE: Colour = [200, 200, 200];
/** The side of a picture, and the margin around its points, in pixels. */
export const SIDE = 480, MARGIN = 12;

export const picture = (canvas: Canvas): Picture => ({
  width: canvas.width,
  height: canvas.height,
  png: canvas.png(),
});

/** From the smallest to the largest of some values to the pixels from `low` to `high`. */
export function scaleOf(values: Iterable<number>, low: number, high: number): (value: number) => number {
  let min = Infinity, max = -Infinity;
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return (value) => max > min ? low + (value - min) / (max - min) * (high - low) : (low + high) / 2;
}

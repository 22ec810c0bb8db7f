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

export interface Raster {
  readonly channels: number;
  readonly width: number;
  readonly height: number;
}

/** How a row of that shape is a picture: {height, width}, {channels, height, width}; null for signals. */
export function rasterOf(shape: readonly number[]): Raster | null {
  const [channels, height, width] = shape.length === 3 ? shape : [1, ...shape];
  if (height === undefined || width === undefined || (shape.length === 2 && 8 * height <= width)) return null;
  return { channels: channels!, height, width };
}

/** Dark for low, bright for high; NaN is black. */
export const grey = (share: number): Colour => {
  const value = Math.round(255 * Math.min(1, Math.max(0, share)));
  return [value, value, value];
};

const COLD: Colour = [33, 102, 172], WARM: Colour = [178, 24, 43], BETWEEN: Colour = [247, 247, 247];
/** Blue below the middle, red above it; from ColorBrewer's RdBu (https://colorbrewer2.org). */
export const diverging = (share: number): Colour => {
  const t = Math.min(1, Math.max(-1, 2 * share - 1)), end = t < 0 ? COLD : WARM;
  return BETWEEN.map((value, i) => Math.round(value + (end[i]! - value) * Math.abs(t))) as unknown as Colour;
};

const FEW: Colour = [190, 208, 226], MANY: Colour = [5, 48, 92];
/** From pale to deep, for numbers that are larger or smaller; NaN is pale. */
export const deepening = (share: number): Colour =>
  FEW.map((value, i) =>
    Math.round(value + (MANY[i]! - value) * Math.min(1, Math.max(0, share || 0)))
  ) as unknown as Colour;

/**
 * The pixels of an image as a canvas, `zoom` pixels each. Three channels are red, green and blue; of other numbers the mean is
 * drawn.
 * @param values channels first
 */
export function imageOf(
  values: ArrayLike<number>,
  { channels, width, height }: Raster,
  [low, high]: readonly [number, number],
  colour: (share: number) => Colour = grey,
  zoom = 1,
): Canvas {
  const canvas = new Canvas(width * zoom, height * zoom), size = width * height;
  const share = (value: number) => high > low ? (value - low) / (high - low) : 0.5;
  for (let at = 0; at < size; at++) {
    let mean = 0;
    for (let c = 0; c < channels; c++) mean += values[c * size + at]! / channels;
    const pixel: Colour = channels === 3 && colour === grey
      ? [0, 1, 2].map((c) => grey(share(values[c * size + at]!))[0]) as unknown as Colour
      : colour(share(mean));
    for (let y = 0; y < zoom; y++) {
      for (let x = 0; x < zoom; x++) {
        canvas.mix((at % width) * zoom + x, Math.floor(at / width) * zoom + y, pixel, 1);
      }
    }
  }
  return canvas;
}

/** Smallest and largest of some values. */
export function rangeOf(values: Iterable<ArrayLike<number>>): [number, number] {
  let low = Infinity, high = -Infinity;
  for (const some of values) {
    for (let i = 0; i < some.length; i++) {
      low = Math.min(low, some[i]!);
      high = Math.max(high, some[i]!);
    }
  }
  return low <= high ? [low, high] : [0, 1];
}

const WAVE = { width: 240, height: 60 };

/** Lines of small pictures: images where rows are images, otherwise one waveform of each, overlaid in a line. */
export function pictureRows(
  shape: readonly number[],
  lines: readonly (readonly (readonly number[])[])[],
): Picture | null {
  if (lines.length === 0) return null;
  const raster = rasterOf(shape);
  if (raster === null) {
    const canvas = new Canvas(WAVE.width, WAVE.height * lines.length);
    for (const [i, line] of lines.entries()) {
      const y = scaleOf(line.flat(), WAVE.height * (i + 1) - 4, WAVE.height * i + 4);
      for (const [k, values] of line.entries()) {
        const x = scaleOf([0, values.length - 1], 2, WAVE.width - 3);
        for (const [t, value] of values.entries()) canvas.mix(Math.round(x(t)), Math.round(y(value)), COLOURS[k]!, 0.8);
      }
    }
    return picture(canvas);
  }
  const zoom = Math.max(1, Math.floor(56 / Math.max(raster.width, raster.height)));
  const wide = raster.width * zoom + 4, high = raster.height * zoom + 4;
  const across = Math.max(...lines.map((line) => line.length));
  const canvas = new Canvas(wide * across, high * lines.length);
  for (const [i, line] of lines.entries()) {
    const range = rangeOf(line);
    for (const [k, values] of line.entries()) {
      canvas.place(imageOf(values, raster, range, grey, zoom), k * wide + 2, i * high + 2);
    }
  }
  return picture(canvas);
}

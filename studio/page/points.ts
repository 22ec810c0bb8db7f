/** Points of the latent map, written as pixels, since there may be 200,000 of them. */
import { colours, rgbOf } from "./colours.ts";
import type { LatentMap } from "./types.ts";

/** The point at the upper left corner, and pixels of the page in a unit of length. */
export interface MapRange {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

const MARGIN = 12;

/** The part of the plane that holds all points, with the same scale along both axes. */
export function fitRange({ x, y }: LatentMap, width: number, height: number): MapRange {
  const ends = (values: Float32Array) => {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return low <= high ? [low, high] as const : [-1, 1] as const;
  };
  const [x0, x1] = ends(x), [y0, y1] = ends(y);
  const scale = Math.min((width - 2 * MARGIN) / (x1 - x0 || 1), (height - 2 * MARGIN) / (y1 - y0 || 1));
  return { scale, x: (x0 + x1) / 2 - width / 2 / scale, y: (y0 + y1) / 2 + height / 2 / scale };
}

/** A colour for each label; the same one for all where there are more labels than colours that can be told apart. */
export const labelColours = (labels: number, series: readonly string[]): readonly string[] =>
  labels === 0 || labels > 12 ? [series[0]!] : Array.from({ length: labels }, (_, i) => series[i % series.length]!);

/** Draws over the canvas' pixels. Labels beyond the number of colours are hollow squares, where points are large enough. Points that lie over each other become denser up to their full colour. */
export function drawPoints(canvas: HTMLCanvasElement, { x, y, labels, names }: LatentMap, range: MapRange): void {
  const { width, height } = canvas, ratio = width / canvas.clientWidth;
  const { page, series } = colours();
  const bytes = (text: string) => rgbOf(text).map((part) => 255 * part);
  const shades = labelColours(names.length, series).map(bytes), ground = bytes(page);
  const context = canvas.getContext("2d")!, image = context.createImageData(width, height), pixels = image.data;
  for (let i = 0; i < pixels.length; i += 4) {
    for (let k = 0; k < 3; k++) pixels[i + k] = ground[k]!;
    pixels[i + 3] = 255;
  }
  const count = x.length, side = Math.max(1, Math.round(ratio * (count > 20_000 ? 1 : count > 3000 ? 2 : 4)));
  const cover = count > 50_000 ? 0.45 : 0.8, half = side >> 1;
  for (let i = 0; i < count; i++) {
    const left = Math.round((x[i]! - range.x) * range.scale * ratio) - half,
      top = Math.round((range.y - y[i]!) * range.scale * ratio) - half;
    const shade = shades[shades.length > 1 ? labels[i]! : 0] ?? shades[0]!;
    const isHollow = shades.length > 1 && labels[i]! >= series.length && side >= 3;
    for (let row = Math.max(0, top); row < Math.min(height, top + side); row++) {
      const edgeY = row === top || row === top + side - 1;
      for (let column = Math.max(0, left); column < Math.min(width, left + side); column++) {
        const edgeX = column === left || column === left + side - 1;
        if (isHollow ? !edgeX && !edgeY : edgeX && edgeY && side >= 4) continue;
        const at = 4 * (row * width + column);
        for (let k = 0; k < 3; k++) pixels[at + k]! += cover * (shade[k]! - pixels[at + k]!);
      }
    }
  }
  context.putImageData(image, 0, 0);
}

/** The row whose point is nearest; null where there is none. */
export function nearest({ rows, x, y }: LatentMap, px: number, py: number): number | null {
  let best: number | null = null, least = Infinity;
  for (let i = 0; i < rows.length; i++) {
    const distance = (x[i]! - px) ** 2 + (y[i]! - py) ** 2;
    if (distance < least) [best, least] = [rows[i]!, distance];
  }
  return best;
}

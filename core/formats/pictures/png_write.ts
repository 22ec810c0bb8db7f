/** Writes pictures as PNG of 8 bits, grey or in colours, by pngjs. */
import { Buffer } from "node:buffer";
import { PNG } from "pngjs";

export interface PictureShape {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
}

/**
 * A picture as a file. `low` becomes black and `high` white, and values beyond are taken as these.
 * @param values channels first, each row by row
 */
export function pictureOf(
  values: Float32Array,
  { channels, height, width }: PictureShape,
  [low, high]: readonly [number, number],
): Uint8Array {
  const pixels = height * width;
  const data = Buffer.alloc(pixels * channels);
  const scale = 255 / (high - low);
  for (let channel = 0; channel < channels; channel++) {
    for (let at = 0; at < pixels; at++) {
      const value = Math.round((values[channel * pixels + at]! - low) * scale);
      data[at * channels + channel] = value > 0 ? Math.min(255, value) : 0; // NaN is black
    }
  }
  const type = channels === 1 ? 0 : 2;
  const png = new PNG({ width, height });
  png.data = data;
  return PNG.sync.write(png, {
    width,
    height,
    bitDepth: 8,
    colorType: type,
    inputColorType: type,
    inputHasAlpha: false,
  });
}

/** Pictures of another size. */
import type { Picture } from "./picture.ts";

/**
 * How a picture gets a size: `resize` scales height and width each for itself, `cover` scales both by the same factor
 * until the picture covers the size and cuts off what stands out on two sides, `crop` cuts out the middle without scaling.
 */
export type Fit = "resize" | "cover" | "crop";
export const FITS = ["resize", "cover", "crop"] as const satisfies readonly Fit[];

/** The part of a picture around its middle. Sizes are at most those of the picture. */
function middle(picture: Picture, height: number, width: number): Picture {
  const { channels, values } = picture;
  const top = Math.floor((picture.height - height) / 2), left = Math.floor((picture.width - width) / 2);
  const out = new Float32Array(channels * height * width);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++) {
      const from = (channel * picture.height + top + y) * picture.width + left;
      out.set(values.subarray(from, from + width), (channel * height + y) * width);
    }
  }
  return { channels, height, width, values: out };
}

/** For each of `to` values: the first of the `from` values that it is made of, and their shares. */
function shares(from: number, to: number): { readonly first: number; readonly weights: Float64Array }[] {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(from, Math.floor(centre + reach + 0.5));
    const weights = Float64Array.from({ length: end - first }, (_, k) => {
      const distance = Math.abs(first + k + 0.5 - centre) / reach;
      return Math.max(0, 1 - distance);
    });
    const sum = weights.reduce((all, weight) => all + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * Bilinear interpolation; where a picture becomes smaller, the triangle is as many pixels wide as fall on one, so that
 * all of them count (as Pillow's `BILINEAR` does, src/libImaging/Resample.c).
 */
export function resized(picture: Picture, height: number, width: number): Picture {
  if (picture.height === height && picture.width === width) return picture;
  const { channels, values } = picture;
  const across = shares(picture.width, width), down = shares(picture.height, height);
  const lines = channels * picture.height;
  const narrow = new Float32Array(lines * width);
  for (let line = 0; line < lines; line++) {
    const from = line * picture.width;
    for (let x = 0; x < width; x++) {
      const { first, weights } = across[x]!;
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * values[from + first + k]!;
      narrow[line * width + x] = sum;
    }
  }
  const out = new Float32Array(channels * height * width);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++) {
      const { first, weights } = down[y]!;
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) {
          sum += weights[k]! * narrow[(channel * picture.height + first + k) * width + x]!;
        }
        out[(channel * height + y) * width + x] = sum;
      }
    }
  }
  return { channels, height, width, values: out };
}

/** A picture of this size. For `crop` it must be at least as large. */
export function fitted(picture: Picture, height: number, width: number, fit: Fit): Picture {
  if (fit === "crop") return middle(picture, height, width);
  if (fit === "resize") return resized(picture, height, width);
  const scale = Math.max(height / picture.height, width / picture.width);
  const large = resized(
    picture,
    Math.max(height, Math.round(picture.height * scale)),
    Math.max(width, Math.round(picture.width * scale)),
  );
  return middle(large, height, width);
}

/** A picture as values from 0 to 1, upright, with white behind what is transparent. */
import type { InputFile } from "../file.ts";
import type { PictureHead } from "./head.ts";
import type { Samples } from "./samples.ts";
import type { TiffPages } from "./tiff.ts";

/** Values of shape [channels, height, width]. */
export interface Picture {
  /** 1: grey, 3: red, green, blue. */
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** Shares of red, green and blue in grey (ITU-R BT.601). */
const GREY = [0.299, 0.587, 0.114] as const;

/** Height and width of a picture, upright. Orientations from 5 on lie on a side. */
export function uprightSize({ width, height, orientation }: PictureHead): readonly [number, number] {
  return orientation >= 5 ? [width, height] : [height, width];
}

/**
 * Decodes the pictures of a file, which is the caller's to close.
 * @returns a function of a picture's head and of the channels that are wanted: 1 makes grey of colours, 3 makes colours of
 * grey. It throws a MalformedError where the file is damaged.
 */
export function pictureDecoder(file: InputFile): (head: PictureHead, channels: 1 | 3) => Promise<Picture> {
  let pages: Promise<TiffPages> | undefined;
  const samplesOf = async (head: PictureHead): Promise<Samples> => {
    if (head.kind === "tiff") {
      pages ??= import("./tiff.ts").then(({ TiffPages }) => new TiffPages(file));
      return (await pages).decode(head);
    }
    const bytes = new Uint8Array(file.size);
    await file.readAt(0, bytes);
    // Decoders are loaded where they are needed, so that nothing else waits for them.
    if (head.kind === "png") return (await import("./png.ts")).decodePng(file.path, bytes, head);
    return (await import("./webassembly.ts")).decodeByWebAssembly(file.path, bytes, head);
  };
  return async (head, channels) => upright(planes(await samplesOf(head), head, channels), head.orientation);
}

/** Channel by channel, scaled, over white. */
function planes({ values, channels: stored, most }: Samples, head: PictureHead, channels: 1 | 3): Picture {
  const { width, height } = head;
  const pixels = width * height;
  const out = new Float32Array(channels * pixels);
  const colours = stored >= 3 ? 3 : 1;
  const hasAlpha = head.alpha && stored > colours;
  const scale = 1 / most;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const at = pixel * stored;
    const alpha = hasAlpha ? values[at + colours]! * scale : 1;
    const white = 1 - alpha;
    const red = values[at]! * scale * alpha + white;
    const green = colours === 3 ? values[at + 1]! * scale * alpha + white : red;
    const blue = colours === 3 ? values[at + 2]! * scale * alpha + white : red;
    if (channels === 1) {
      out[pixel] = head.colour ? GREY[0] * red + GREY[1] * green + GREY[2] * blue : red;
    } else {
      out[pixel] = red;
      out[pixels + pixel] = green;
      out[2 * pixels + pixel] = blue;
    }
  }
  return { channels, height, width, values: out };
}

/**
 * Turns and mirrors a picture as its orientation says (TIFF 6.0, page 36).
 * @param orientation which sides of the picture the first row and the first column are: 1 top and left, 2 top and right,
 * 3 bottom and right, 4 bottom and left, 5 left and top, 6 right and top, 7 right and bottom, 8 left and bottom
 */
export function upright(picture: Picture, orientation: number): Picture {
  if (orientation === 1) return picture;
  const { channels, height: rows, width: columns, values } = picture;
  const turned = orientation >= 5;
  const [height, width] = turned ? [columns, rows] : [rows, columns];
  const fromBottom = [3, 4, 7, 8].includes(orientation), fromRight = [2, 3, 6, 7].includes(orientation);
  const out = new Float32Array(values.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++) {
      const v = fromBottom ? height - 1 - y : y;
      for (let x = 0; x < width; x++) {
        const u = fromRight ? width - 1 - x : x;
        const from = turned ? u * columns + v : v * columns + u;
        out[(channel * height + y) * width + x] = values[channel * rows * columns + from]!;
      }
    }
  }
  return { channels, height, width, values: out };
}

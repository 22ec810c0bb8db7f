/**
 * PNG by pngjs, which is given a file that has been looked at: chunk by chunk, without the chunks that no pixel depends
 * on, and with image data that inflate to exactly what the header says.
 */
import { Buffer } from "node:buffer";
import { inflateSync } from "node:zlib";
import { PNG } from "pngjs";
import { MalformedError } from "../../errors.ts";
import type { PictureHead } from "./head.ts";
import type { Samples } from "./samples.ts";

/** Chunks that pixels depend on. */
const NEEDED = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);

/** Bytes of the image data, inflated: a byte for the filter before each line, seven pictures where it is interlaced. */
function dataBytes(width: number, height: number, bitsOfPixel: number, interlaced: boolean): number {
  const part = (w: number, h: number) => w === 0 || h === 0 ? 0 : h * (1 + Math.ceil(w * bitsOfPixel / 8));
  if (!interlaced) return part(width, height);
  // Adam7: x and y of the first pixel of a pass, and the steps from it.
  const passes = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
  return passes.reduce(
    (sum, [x, y, dx, dy]) =>
      sum + part(Math.max(0, Math.ceil((width - x!) / dx!)), Math.max(0, Math.ceil((height - y!) / dy!))),
    0,
  );
}

const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** @returns four values a pixel: red, green, blue, alpha */
export function decodePng(path: string, bytes: Uint8Array, head: PictureHead): Samples {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)], data: Uint8Array[] = [];
  for (let at = 8, name = ""; name !== "IEND";) {
    if (at + 12 > bytes.length) throw new MalformedError(path, "the PNG file is cut short");
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) throw new MalformedError(path, "the PNG file is cut short");
    name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (NEEDED.has(name)) kept.push(bytes.subarray(at, at + 12 + length));
    if (name === "IDAT") data.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const [colourType, interlaced] = [bytes[25]!, bytes[28] === 1];
  const expected = dataBytes(head.width, head.height, head.bits * CHANNELS[colourType]!, interlaced);
  let inflated: number;
  try {
    inflated = inflateSync(Buffer.concat(data), { maxOutputLength: expected + 1 }).length;
  } catch (error) {
    const isLarger = (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    throw new MalformedError(
      path,
      isLarger ? "its image data are more than its size needs" : "its image data are damaged",
    );
  }
  if (inflated !== expected) {
    throw new MalformedError(path, `its image data are ${inflated} bytes, its size needs ${expected}`);
  }
  let decoded;
  try {
    decoded = PNG.sync.read(Buffer.concat(kept), { checkCRC: true, skipRescale: true });
  } catch (error) {
    throw new MalformedError(path, `cannot be decoded as PNG: ${error instanceof Error ? error.message : error}`);
  }
  const { data: values, width, height, depth, colorType } = decoded as unknown as PngOfLibrary;
  if (width !== head.width || height !== head.height) {
    throw new MalformedError(path, "its size changes within the file");
  }
  // Values of a palette have 8 bits, whatever the number of bits that choose among them.
  return { values, channels: 4, most: colorType === 3 ? 255 : 2 ** depth - 1 };
}

/** What pngjs gives with `skipRescale`: RGBA whatever the file has, values of `depth` bits. */
interface PngOfLibrary {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colorType: number;
  readonly data: Uint8Array | Uint16Array;
}

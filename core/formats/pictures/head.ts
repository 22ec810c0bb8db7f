/** What a picture is, from the first bytes of its parts: before anything of its size is decoded. */
import { MalformedError, UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import type { InputFile } from "../file.ts";
import { exifOrientation, orientationOf, type ReadAt, readTags, type Tags } from "./tags.ts";

export type PictureKind = "png" | "jpeg" | "tiff" | "webp";

/** A picture of a file, as it is stored. */
export interface PictureHead {
  readonly kind: PictureKind;
  readonly width: number;
  readonly height: number;
  /** Whether it has colours; without, it is grey. */
  readonly colour: boolean;
  readonly alpha: boolean;
  /** Bits of a value: 1, 2, 4, 8 or 16; 32 for floating point. */
  readonly bits: number;
  /** How it is turned: 1 to 8 as EXIF and TIFF count, 1 for not at all. */
  readonly orientation: number;
  /** Its number among the pages of the file, from 0. */
  readonly page: number;
}

/** Pixels of a picture that is decoded: 8192 x 8192. */
export const PIXELS_MAX = 2 ** 26;
/** No compression of TIFF or PNG makes more bytes of one: LZW comes near to 2731, Deflate to 1032. */
export const COMPRESSION_MAX = 4096;
/** Bytes of a file that is decoded whole. */
export const FILE_BYTES_MAX = 1e9;
/** Read first; whatever lies behind is read when it is asked for. */
const FIRST_BYTES = 1 << 14;

const ascii = (bytes: Uint8Array, at: number, length: number) =>
  String.fromCharCode(...bytes.subarray(at, at + length));
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The kind of picture that begins like this; undefined for anything else. */
export function pictureKind(head: Uint8Array): PictureKind | undefined {
  if (ascii(head, 0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return "jpeg";
  if (["II*\0", "MM\0*", "II+\0", "MM\0+"].includes(ascii(head, 0, 4))) return "tiff";
  if (ascii(head, 0, 4) === "RIFF" && ascii(head, 8, 4) === "WEBP") return "webp";
  return undefined;
}

/**
 * The pictures of a file: one, or the pages of a TIFF file.
 * @throws {UserError} where it is no picture of a kind that is read, is damaged, or is too large
 */
export async function readHeads(file: InputFile): Promise<PictureHead[]> {
  const first = new Uint8Array(Math.min(FIRST_BYTES, file.size));
  await file.readAt(0, first);
  const read: ReadAt = async (offset, length) => {
    const end = Math.min(offset + length, file.size);
    if (!(offset >= 0 && offset < end)) return new Uint8Array(0);
    if (end <= first.length) return first.subarray(offset, end);
    const bytes = new Uint8Array(end - offset);
    await file.readAt(offset, bytes);
    return bytes;
  };
  const { path } = file;
  const kind = pictureKind(first);
  if (kind === undefined) {
    const what = file.size === 0 ? "the file is empty" : "is no PNG, JPEG, TIFF or WebP picture";
    throw new UserError(path, what, "remove it from the folder, or save it in one of these formats");
  }
  const heads = await { png: pngHead, jpeg: jpegHead, tiff: tiffHeads, webp: webpHead }[kind](path, read);
  for (const { width, height, bits, colour } of heads) {
    if (!(width > 0 && height > 0)) throw new MalformedError(path, `claims a size of ${width} x ${height} pixels`);
    if (width * height > PIXELS_MAX) {
      const what = `claims ${countText(width)} x ${countText(height)} pixels, more than the ${countText(PIXELS_MAX)}`;
      throw new UserError(path, `${what} that are decoded`, "cut it into smaller pictures");
    }
    const bytes = width * height * Math.ceil(bits / 8) * (colour && kind === "tiff" ? 3 : 1);
    if ((kind === "tiff" || kind === "png") && bits >= 8 && bytes > COMPRESSION_MAX * file.size) {
      const what = `claims ${countText(width)} x ${countText(height)} pixels`;
      throw new MalformedError(path, `${what}, more than its ${countText(file.size)} bytes can hold`);
    }
  }
  if (file.size > FILE_BYTES_MAX && kind !== "tiff") {
    throw new UserError(path, `has ${countText(file.size)} bytes, more than a picture of its size can need`);
  }
  return heads;
}

const cutShort = (path: string) => new MalformedError(path, "the file ends within its header");

/** PNG, third edition, section 11: IHDR comes first. */
async function pngHead(path: string, read: ReadAt): Promise<PictureHead[]> {
  const start = await read(8, 25);
  if (start.length < 25) throw cutShort(path);
  const view = viewOf(start);
  if (ascii(start, 4, 4) !== "IHDR") throw new MalformedError(path, "the first chunk of the PNG file is not IHDR");
  const [width, height, bits, colourType] = [
    view.getUint32(8),
    view.getUint32(12),
    view.getUint8(16),
    view.getUint8(17),
  ];
  if (![0, 2, 3, 4, 6].includes(colourType)) throw new MalformedError(path, `colour type ${colourType} is not known`);
  if (![1, 2, 4, 8, 16].includes(bits)) throw new MalformedError(path, `a depth of ${bits} bits is not known`);
  let [colour, alpha, orientation] = [colourType !== 0 && colourType !== 4, colourType >= 4, 1];
  for (let at = 33;;) {
    const head = await read(at, 8);
    if (head.length < 8) break;
    const length = viewOf(head).getUint32(0);
    const name = ascii(head, 4, 4);
    if (name === "tRNS") alpha = true;
    if (name === "PLTE" && colourType === 3) colour = !isGrey(await read(at + 8, Math.min(length, 768)));
    if (name === "eXIf") orientation = await exifOrientation(path, await read(at + 8, Math.min(length, 65536)));
    if (name === "IEND") break;
    at += 12 + length;
  }
  return [{ kind: "png", width, height, colour, alpha, bits, orientation, page: 0 }];
}

/** Whether all colours of a palette of red, green and blue are grey. */
function isGrey(palette: Uint8Array): boolean {
  for (let i = 0; i + 2 < palette.length; i += 3) {
    if (palette[i] !== palette[i + 1] || palette[i] !== palette[i + 2]) return false;
  }
  return true;
}

/** JPEG, ITU-T T.81 annex B: segments up to the start of frame. */
async function jpegHead(path: string, read: ReadAt): Promise<PictureHead[]> {
  let orientation = 1;
  for (let at = 2;;) {
    const head = await read(at, 4);
    if (head.length < 4) throw cutShort(path);
    if (head[0] !== 0xff) throw new MalformedError(path, `there is no JPEG marker at byte ${at}`);
    const marker = head[1]!;
    // Fill bytes, and markers without a segment.
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    if (marker === 0xd9 || marker === 0xda) throw new MalformedError(path, "the JPEG file has no start of frame");
    const length = viewOf(head).getUint16(2);
    if (marker === 0xe1 && orientation === 1) {
      const block = await read(at + 4, Math.max(0, length - 2));
      if (ascii(block, 0, 6) === "Exif\0\0") orientation = await exifOrientation(path, block.subarray(6));
    }
    // Starts of frame are C0 to CF, without C4 (Huffman tables), C8 (reserved) and CC (arithmetic conditioning).
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const frame = await read(at + 4, 6);
      if (frame.length < 6) throw cutShort(path);
      const [bits, components] = [frame[0]!, frame[5]!];
      const [height, width] = [viewOf(frame).getUint16(1), viewOf(frame).getUint16(3)];
      if (components !== 1 && components !== 3) {
        throw new UserError(path, `is a JPEG picture of ${components} inks (CMYK)`, "save it as RGB or grey");
      }
      if (bits !== 8 || (marker > 0xc2 && marker !== 0xc9 && marker !== 0xca)) {
        throw new UserError(
          path,
          `is a JPEG picture of ${bits} bits that only special programs read`,
          "save it as PNG",
        );
      }
      return [{ kind: "jpeg", width, height, colour: components === 3, alpha: false, bits, orientation, page: 0 }];
    }
    at += 2 + length;
  }
}

/** Tags of TIFF 6.0. */
const TAG = {
  subfile: 0xfe,
  width: 0x100,
  height: 0x101,
  bits: 0x102,
  photometric: 0x106,
  samples: 0x115,
  compression: 0x103,
  format: 0x153,
} as const;

async function tiffHeads(path: string, read: ReadAt): Promise<PictureHead[]> {
  const pages = await readTags(path, read);
  const heads = pages.flatMap((tags, page) => {
    // Reduced copies of another page and masks are no pictures of their own.
    const isCopy = ((tags.get(TAG.subfile)?.[0] ?? 0) & 5) !== 0;
    return isCopy ? [] : [tiffHead(path, tags, page)];
  });
  if (heads.length === 0) throw new MalformedError(path, "the TIFF file has no pages");
  return heads;
}

function tiffHead(path: string, tags: Tags, page: number): PictureHead {
  const value = (tag: number, otherwise: number) => tags.get(tag)?.[0] ?? otherwise;
  const refuse = (what: string) =>
    new UserError(`${path}: page ${page + 1}`, what, "save it as grey or RGB of 8 or 16 bits");
  const samples = value(TAG.samples, 1);
  const bits = tags.get(TAG.bits) ?? [1];
  const format = value(TAG.format, 1);
  const photometric = value(TAG.photometric, 1);
  if (bits.some((each) => each !== bits[0])) throw refuse(`has channels of different depths: ${bits.join(", ")} bits`);
  const readable = format === 1 ? bits[0] === 8 || bits[0] === 16 : format === 3 && bits[0] === 32;
  if (!readable) {
    const type = format === 3 ? "floating point" : format === 2 ? "signed" : "whole numbers";
    throw refuse(`has values of ${bits[0]} bits (${type}), not 8 or 16 bits without sign or 32 bits of floating point`);
  }
  // 0 and 1 are grey, 2 RGB, 3 a palette, 6 YCbCr, which becomes RGB where JPEG data are decoded.
  const isKnown = [0, 1, 2, 3].includes(photometric) || (photometric === 6 && value(TAG.compression, 1) === 7);
  if (!isKnown) throw refuse(`has colours of kind ${photometric} (CMYK or the like)`);
  const colour = photometric >= 2;
  const needed = photometric === 2 || photometric === 6 ? 3 : 1;
  if (samples < needed || samples > needed + 1) {
    throw refuse(`has ${samples} channels, where ${needed} and one of alpha are read`);
  }
  return {
    kind: "tiff",
    width: value(TAG.width, 0),
    height: value(TAG.height, 0),
    colour,
    alpha: samples > needed,
    bits: bits[0]!,
    orientation: orientationOf(tags),
    page,
  };
}

/** WebP (RFC 9649): VP8, VP8L, or VP8X with other chunks behind it. */
async function webpHead(path: string, read: ReadAt): Promise<PictureHead[]> {
  const start = await read(12, 18);
  if (start.length < 18) throw cutShort(path);
  const view = viewOf(start);
  const name = ascii(start, 0, 4);
  const found = (width: number, height: number, alpha: boolean, orientation = 1): PictureHead[] => [
    { kind: "webp", width, height, colour: true, alpha, bits: 8, orientation, page: 0 },
  ];
  if (name === "VP8 ") return found(view.getUint16(14, true) & 0x3fff, view.getUint16(16, true) & 0x3fff, false);
  if (name === "VP8L") {
    const packed = view.getUint32(9, true);
    return found((packed & 0x3fff) + 1, ((packed >>> 14) & 0x3fff) + 1, (packed >>> 28 & 1) === 1);
  }
  if (name !== "VP8X") throw new MalformedError(path, "the first chunk of the WebP file is none that begins a picture");
  const flags = view.getUint8(8);
  if (flags & 2) throw new UserError(path, "is a moving WebP picture", "save its pictures one by one");
  const size = (at: number) => (view.getUint16(at, true) | view.getUint8(at + 2) << 16) + 1;
  let orientation = 1;
  for (let at = 30; flags & 8;) {
    const head = await read(at, 8);
    if (head.length < 8) break;
    const length = viewOf(head).getUint32(4, true);
    if (ascii(head, 0, 4) === "EXIF") {
      const block = await read(at + 8, Math.min(length, 65536));
      const skip = ascii(block, 0, 6) === "Exif\0\0" ? 6 : 0;
      orientation = await exifOrientation(path, block.subarray(skip));
      break;
    }
    at += 8 + length + length % 2;
  }
  return found(size(12), size(15), (flags & 16) !== 0, orientation);
}

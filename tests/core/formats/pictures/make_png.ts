/** Writes PNG files, whole or with faults, for tests. */
import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";

export interface Png {
  readonly width: number;
  readonly height: number;
  readonly bits?: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  readonly colourType: number;
  /** Bytes of the lines, each without the byte for its filter. */
  readonly lines: readonly (readonly number[])[];
  readonly palette?: readonly number[];
  readonly transparency?: readonly number[];
  readonly exif?: Uint8Array;
  /** Replaces the compressed lines. */
  readonly data?: Uint8Array;
}

export function chunk(name: string, body: Uint8Array | readonly number[]): Buffer {
  const named = Buffer.concat([Buffer.from(name, "latin1"), Buffer.from(Uint8Array.from(body))]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(named.length - 4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

export function makePng(png: Png): Uint8Array<ArrayBuffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(png.width, 0);
  header.writeUInt32BE(png.height, 4);
  header.set([png.bits ?? 8, png.colourType, 0, 0, 0], 8);
  const data = png.data ?? deflateSync(Uint8Array.from(png.lines.flatMap((line) => [0, ...line])));
  return Uint8Array.from(Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...(png.exif ? [chunk("eXIf", png.exif)] : []),
    ...(png.palette ? [chunk("PLTE", png.palette)] : []),
    ...(png.transparency ? [chunk("tRNS", png.transparency)] : []),
    chunk("IDAT", data),
    chunk("IEND", []),
  ]));
}

/** A grey picture of 8 bits with these values. */
export function greyPng(lines: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  return makePng({ width: lines[0]!.length, height: lines.length, colourType: 0, lines });
}

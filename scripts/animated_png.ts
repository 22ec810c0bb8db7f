/**
 * An animated PNG of PNG files of one size and colour type, which plays once after the other and begins again
 * (https://www.w3.org/TR/png-3/#apng-frame-based-animation). Programs that do not know of it show the first frame.
 */

import { crc32 } from "node:zlib";

export interface Frame {
  readonly png: Uint8Array;
  readonly ms: number;
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

function* chunksOf(png: Uint8Array): Generator<Chunk> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = view.getUint32(at);
    yield { type: new TextDecoder().decode(png.subarray(at + 4, at + 8)), data: png.subarray(at + 8, at + 8 + length) };
    at += length + 12;
  }
}

function bytesOf({ type, data }: Chunk): Uint8Array {
  const bytes = new Uint8Array(data.length + 12), view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

const numbers = (...values: number[]) => {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value);
  return new Uint8Array(view.buffer);
};

const joined = (parts: readonly Uint8Array[]) => {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

/** @throws {RangeError} where frames differ in size or colour type */
export function animatedPng(frames: readonly Frame[]): Uint8Array {
  const header = [...chunksOf(frames[0]!.png)].find(({ type }) => type === "IHDR")!.data;
  const chunks: Chunk[] = [{ type: "IHDR", data: header }, { type: "acTL", data: numbers(frames.length, 0) }];
  let sequence = 0;
  for (const [i, { png, ms }] of frames.entries()) {
    const own = [...chunksOf(png)];
    if (own[0]!.data.some((byte, k) => byte !== header[k])) {
      throw new RangeError(`frame ${i} differs in size or colour type`);
    }
    const delay = Uint8Array.of(ms >> 8, ms & 255, 1000 >> 8, 1000 & 255, 0, 0);
    chunks.push({ type: "fcTL", data: joined([numbers(sequence++), header.subarray(0, 8), numbers(0, 0), delay]) });
    const data = joined(own.filter(({ type }) => type === "IDAT").map(({ data }) => data));
    chunks.push(i === 0 ? { type: "IDAT", data } : { type: "fdAT", data: joined([numbers(sequence++), data]) });
  }
  chunks.push({ type: "IEND", data: new Uint8Array(0) });
  return joined([SIGNATURE, ...chunks.map(bytesOf)]);
}

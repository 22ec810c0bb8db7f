/** Writing PNG pictures (W3C, Portable Network Graphics, third edition). */
import { deflateSync } from "node:zlib";
import { crc32 } from "./crc.ts";

const SIGNATURE = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function chunkOf(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  new TextEncoder().encodeInto(type, bytes.subarray(4));
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** @param rgb red, green and blue of each pixel, row by row */
export function pngOf(width: number, height: number, rgb: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2], 8); // 8 bits a sample, RGB
  const rows = new Uint8Array(height * (1 + 3 * width)); // each begins with its filter, 0: none
  for (let y = 0; y < height; y++) {
    rows.set(rgb.subarray(y * 3 * width, (y + 1) * 3 * width), y * (1 + 3 * width) + 1);
  }
  const chunks = [
    SIGNATURE,
    chunkOf("IHDR", header),
    chunkOf("IDAT", deflateSync(rows)),
    chunkOf("IEND", new Uint8Array(0)),
  ];
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * TensorFlow's record file: each record is its length (8 bytes, little-endian), the masked CRC-32C of these bytes, the data, and
 * the masked CRC-32C of the data.
 */
import { crc32c } from "./crc.ts";

const HEAD_BYTES = 12, FOOT_BYTES = 4;

/** As TensorFlow stores a CRC, so that the CRC of data that hold CRCs is not special. */
export function masked(crc: number): number {
  return ((crc >>> 15 | crc << 17) >>> 0) + 0xa282ead8 >>> 0;
}

/** A record of some data. */
export function recordOf(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(HEAD_BYTES + data.length + FOOT_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, HEAD_BYTES);
  view.setUint32(HEAD_BYTES + data.length, masked(crc32c(data)), true);
  return record;
}

/** The data of the whole records at the beginning of `bytes`, each with its end. Ends where a record is torn or damaged. */
export function* recordsIn(bytes: Uint8Array): Generator<{ data: Uint8Array; end: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + HEAD_BYTES + FOOT_BYTES <= bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    if (view.getUint32(at + 8, true) !== masked(crc32c(bytes.subarray(at, at + 8)))) return;
    const start = at + HEAD_BYTES, end = start + length + FOOT_BYTES;
    if (end > bytes.length) return;
    const data = bytes.subarray(start, start + length);
    if (view.getUint32(start + length, true) !== masked(crc32c(data))) return;
    yield { data, end };
    at = end;
  }
}

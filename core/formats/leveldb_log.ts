/**
 * LevelDB's log as W&B writes it: blocks of 32 KiB, counted from the file's beginning, of pieces of records. A piece is the CRC-32
 * of its kind and data (4 bytes), the length of its data (2), its kind (1) and the data. W&B's file begins with 7 bytes of its own,
 * and its CRC is zlib's, not CRC-32C (wandb/core/internal/transactionlog).
 */
import { crc32 } from "./crc.ts";

const BLOCK_BYTES = 32 * 1024, HEAD_BYTES = 7;
const FULL = 1, FIRST = 2, MIDDLE = 3, LAST = 4;

/** ":W&B", the magic number 0xBEE1 and version 0. */
export const WANDB_HEADER = new Uint8Array([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00]);

/** The CRC of each kind's byte. */
const KINDS = Array.from({ length: LAST + 1 }, (_, kind) => crc32(new Uint8Array([kind])));
const checksum = (kind: number, data: Uint8Array) => crc32(data, KINDS[kind] ?? 0);

/** The bytes of a record that begins at byte `at` of the file. */
export function logRecord(data: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  let place = at % BLOCK_BYTES, done = 0;
  do {
    if (BLOCK_BYTES - place < HEAD_BYTES) { // no room for the head of a piece: zeros
      pieces.push(new Uint8Array(BLOCK_BYTES - place));
      place = 0;
    }
    const part = data.subarray(done, done + BLOCK_BYTES - place - HEAD_BYTES);
    const isFirst = done === 0;
    done += part.length;
    const isLast = done === data.length;
    const kind = isFirst ? isLast ? FULL : FIRST : isLast ? LAST : MIDDLE;
    const head = new Uint8Array(HEAD_BYTES);
    const view = new DataView(head.buffer);
    view.setUint32(0, checksum(kind, part), true);
    view.setUint16(4, part.length, true);
    head[6] = kind;
    pieces.push(head, part);
    place = (place + HEAD_BYTES + part.length) % BLOCK_BYTES;
  } while (done < data.length);
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let to = 0;
  for (const piece of pieces) {
    bytes.set(piece, to);
    to += piece.length;
  }
  return bytes;
}

/**
 * The whole records of a file with W&B's header, each with the byte after its end. Ends where a record is torn or damaged, and
 * has none where the file begins otherwise.
 */
export function* logRecordsIn(file: Uint8Array): Generator<{ data: Uint8Array; start: number; end: number }> {
  if (WANDB_HEADER.some((byte, index) => file[index] !== byte)) return;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let parts: Uint8Array[] = [], start = 0;
  for (let at = WANDB_HEADER.length; at < file.length;) {
    const left = BLOCK_BYTES - at % BLOCK_BYTES;
    if (left < HEAD_BYTES) {
      at += left;
      continue;
    }
    if (at + HEAD_BYTES > file.length) return;
    const length = view.getUint16(at + 4, true), kind = file[at + 6]!;
    const end = at + HEAD_BYTES + length;
    const part = file.subarray(at + HEAD_BYTES, end);
    const begins = kind === FULL || kind === FIRST;
    if (end > file.length || begins !== (parts.length === 0) || view.getUint32(at, true) !== checksum(kind, part)) {
      return;
    }
    if (begins) start = at;
    parts.push(part);
    if (kind === FULL || kind === LAST) {
      yield { data: joined(parts), start, end };
      parts = [];
    }
    at = end;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

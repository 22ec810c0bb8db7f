/** Names in a zip archive, from its directory, and its small members: enough to tell what kind of file it is. */
import { inflateSync } from "fflate";

export interface ZipMember {
  readonly name: string;
  /** Bytes unpacked. */
  readonly size: number;
  readonly place: Place;
  /** The content of a small member, a byte a character; "" where it is large or cannot be unpacked. */
  text(): string;
}

/** Largest member that is unpacked. */
const SMALL_BYTES = 4096;

/** The directory's end is looked for in this many last bytes, and members in the last part of this size. */
const TAIL_BYTES = 1 << 20;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const MAX_MEMBERS = 10_000;

/** The members of an archive; none where the directory is not found whole in the file's last megabyte. */
export function zipMembers(file: Deno.FsFile, size: number): ZipMember[] {
  const tail = new Uint8Array(Math.min(size, TAIL_BYTES));
  file.seekSync(size - tail.length, Deno.SeekMode.Start);
  for (let done = 0; done < tail.length;) {
    const count = file.readSync(tail.subarray(done));
    if (count === null) return [];
    done += count;
  }
  const view = new DataView(tail.buffer);
  let end = tail.length - END_BYTES;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) return [];
  const bytes = view.getUint32(end + 12, true);
  const members: ZipMember[] = [];
  // The directory ends where its end record begins; of a zip64 archive that record comes between.
  for (let at = findDirectory(view, end, bytes); at >= 0 && at + ENTRY_BYTES <= end;) {
    if (view.getUint32(at, true) !== 0x02014b50 || members.length === MAX_MEMBERS) break;
    const length = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(tail.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + length));
    const place = placeOf(view, at, length);
    members.push({ name, size: place.size, place, text: () => smallText(file, place) });
    at += ENTRY_BYTES + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return members;
}

/** Where a member lies and how it is packed. */
export interface Place {
  /** Of the member's own header. */
  readonly offset: number;
  readonly method: number;
  readonly packed: number;
  readonly size: number;
}

/** Sizes of 4 GB and more are in an extra field (zip64), in this order. */
function placeOf(view: DataView, at: number, nameLength: number): Place {
  const place = {
    size: view.getUint32(at + 24, true),
    packed: view.getUint32(at + 20, true),
    offset: view.getUint32(at + 42, true),
    method: view.getUint16(at + 10, true),
  };
  const begin = at + ENTRY_BYTES + nameLength;
  const end = Math.min(begin + view.getUint16(at + 30, true), view.byteLength - 4);
  for (let extra = begin; extra + 4 <= end; extra += 4 + view.getUint16(extra + 2, true)) {
    if (view.getUint16(extra, true) !== 1) continue;
    let next = extra + 4;
    for (const key of ["size", "packed", "offset"] as const) {
      if (place[key] !== 0xffffffff || next + 8 > view.byteLength) continue;
      place[key] = Number(view.getBigUint64(next, true));
      next += 8;
    }
  }
  return place;
}

function smallText(file: Deno.FsFile, { offset, method, packed, size }: Place): string {
  if (size > SMALL_BYTES || packed > SMALL_BYTES) return "";
  const bytes = new Uint8Array(packed + 2 * SMALL_BYTES);
  file.seekSync(offset, Deno.SeekMode.Start);
  const count = file.readSync(bytes) ?? 0;
  if (count < 30) return "";
  const view = new DataView(bytes.buffer);
  const start = 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const content = bytes.subarray(start, start + packed);
  try {
    const plain = method === 0 ? content : inflateSync(content, { out: new Uint8Array(size) });
    return Array.from(plain, (byte) => String.fromCharCode(byte)).join("");
  } catch {
    return "";
  }
}

function findDirectory(view: DataView, end: number, bytes: number): number {
  for (const at of [end - bytes, end - bytes - 76]) {
    if (at >= 0 && at + 4 <= end && view.getUint32(at, true) === 0x02014b50) return at;
  }
  return -1;
}

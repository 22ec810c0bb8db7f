/** Names in a zip archive, from its directory: enough to tell what kind of file it is. */

export interface ZipMember {
  readonly name: string;
  /** Bytes unpacked. */
  readonly size: number;
}

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
    members.push({ name, size: view.getUint32(at + 24, true) });
    at += ENTRY_BYTES + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return members;
}

function findDirectory(view: DataView, end: number, bytes: number): number {
  for (const at of [end - bytes, end - bytes - 76]) {
    if (at >= 0 && at + 4 <= end && view.getUint32(at, true) === 0x02014b50) return at;
  }
  return -1;
}

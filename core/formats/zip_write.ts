/** Writes zip archives of stored members, such as `.npz` files, which readers can map as they are. */
import { crc32 } from "node:zlib";
import { writeAtomically } from "./file.ts";

export interface StoredMember {
  readonly name: string;
  readonly size: number;
  /** The bytes in order; asked for twice, first for their checksum. A piece may be overwritten by the next one. */
  bytes(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Little-endian numbers of 2 or 4 bytes each. */
function fields(...values: readonly (readonly [bytes: 2 | 4, value: number])[]): Uint8Array {
  const out = new Uint8Array(values.reduce((sum, [bytes]) => sum + bytes, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [bytes, value] of values) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return out;
}

/** The date of all members, 1 January 1980, so that equal members make equal files. */
const DATE = 33;

/** The members of an archive may have this many bytes together. */
export const ARCHIVE_BYTES_MAX = 0xf0000000;

/**
 * Writes a file whole or not at all.
 * @param onBytes gets all bytes of the file in order
 * @throws {UserError} as the system refuses it
 * @throws {RangeError} of members of 4 GB together, which this form of archive cannot hold
 */
export async function writeStoredZip(
  path: string,
  members: readonly StoredMember[],
  onBytes?: (bytes: Uint8Array) => void,
): Promise<number> {
  const total = members.reduce((sum, { size }) => sum + size, 0);
  if (total > ARCHIVE_BYTES_MAX) throw new RangeError(`${path}: ${total} bytes in one archive`);
  let offset = 0;
  await writeAtomically(path, async (file) => {
    const write = async (bytes: Uint8Array) => {
      await file.write(bytes);
      onBytes?.(bytes);
      offset += bytes.length;
    };
    const central: Uint8Array[] = [];
    for (const member of members) {
      let crc = 0;
      for await (const bytes of member.bytes()) crc = crc32(bytes, crc);
      const { size } = member, name = new TextEncoder().encode(member.name);
      const common = fields([2, 20], [2, 0], [2, 0], [2, 0], [2, DATE], [4, crc], [4, size], [4, size], [
        2,
        name.length,
      ], [2, 0]);
      central.push(
        fields([4, 0x02014b50], [2, 20]),
        common,
        fields([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]),
        name,
      );
      await write(fields([4, 0x04034b50]));
      await write(common);
      await write(name);
      for await (const bytes of member.bytes()) await write(bytes);
    }
    const begin = offset;
    for (const bytes of central) await write(bytes);
    const count = members.length;
    await write(
      fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, offset - begin], [4, begin], [2, 0]),
    );
  });
  return offset;
}

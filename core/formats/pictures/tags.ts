/** Tags of TIFF 6.0, which are also those of EXIF: of every page, the numbers in a few of its fields. */
import { MalformedError } from "../../errors.ts";

/** Reads bytes of a file, or of a part of it that is TIFF in itself. Fewer bytes come back where it ends. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

export type Tags = ReadonlyMap<number, readonly number[]>;

const PAGES_MAX = 100_000;
/** Fields of a page, and values of a field, that are looked at: widths, depths and the like have few. */
const FIELDS_MAX = 1000;
const VALUES_MAX = 8;
/** Bytes of a BYTE, SHORT and LONG, by the number of the type; 16 is BigTIFF's LONG8. */
const BYTES_OF_TYPE: Readonly<Record<number, 1 | 2 | 4 | 8>> = { 1: 1, 3: 2, 4: 4, 16: 8 };

function number(view: DataView, at: number, bytes: 1 | 2 | 4 | 8, little: boolean): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, little);
  return bytes === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
}

/**
 * The tags of each page, of TIFF and BigTIFF.
 * @param most pages after which the others are left out
 * @throws {MalformedError} where it is no TIFF, is cut short, or its pages run in a circle
 */
export async function readTags(path: string, read: ReadAt, most = PAGES_MAX): Promise<Tags[]> {
  const head = viewOf(await read(0, 16));
  if (head.byteLength < 8) throw new MalformedError(path, "the TIFF header is cut short");
  const little = head.getUint8(0) === 0x49;
  const version = head.getUint16(2, little);
  if (version !== 42 && version !== 43) throw new MalformedError(path, `the TIFF version is ${version}, not 42 or 43`);
  const big = version === 43;
  if (big && head.byteLength < 16) throw new MalformedError(path, "the TIFF header is cut short");
  // Bytes of an offset, of a field, and of the number of fields.
  const [offsetBytes, fieldBytes, countBytes] = big ? [8, 20, 8] as const : [4, 12, 2] as const;
  const pages: Tags[] = [];
  const seen = new Set<number>();
  for (let at = number(head, big ? 8 : 4, offsetBytes, little); at !== 0 && pages.length < most;) {
    if (seen.has(at)) throw new MalformedError(path, "the pages of the TIFF file run in a circle");
    if (pages.length === PAGES_MAX) throw new MalformedError(path, `the TIFF file has more than ${PAGES_MAX} pages`);
    seen.add(at);
    const start = viewOf(await read(at, countBytes));
    if (start.byteLength < countBytes) throw new MalformedError(path, `the file ends before page ${pages.length + 1}`);
    const fields = number(start, 0, countBytes, little);
    if (fields > FIELDS_MAX) throw new MalformedError(path, `page ${pages.length + 1} claims ${fields} fields`);
    const directory = viewOf(await read(at + countBytes, fields * fieldBytes + offsetBytes));
    if (directory.byteLength < fields * fieldBytes + offsetBytes) {
      throw new MalformedError(path, `the file ends within the fields of page ${pages.length + 1}`);
    }
    const tags = new Map<number, readonly number[]>();
    for (let field = 0; field < fields; field++) {
      const from = field * fieldBytes;
      const bytes = BYTES_OF_TYPE[directory.getUint16(from + 2, little)];
      if (bytes === undefined) continue;
      const count = Math.min(VALUES_MAX, number(directory, from + 4, big ? 8 : 4, little));
      const inPlace = from + (big ? 12 : 8);
      const values = count * bytes <= offsetBytes
        ? new DataView(directory.buffer, directory.byteOffset + inPlace, offsetBytes)
        : viewOf(await read(number(directory, inPlace, offsetBytes, little), count * bytes));
      if (values.byteLength < count * bytes) continue;
      const tag = directory.getUint16(from, little);
      tags.set(tag, Array.from({ length: count }, (_, i) => number(values, i * bytes, bytes, little)));
    }
    pages.push(tags);
    at = number(directory, fields * fieldBytes, offsetBytes, little);
  }
  return pages;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const ORIENTATION = 0x112;

/** How a page is turned (1 to 8, TIFF 6.0 page 36); 1 where it is not said. */
export function orientationOf(tags: Tags | undefined): number {
  const value = tags?.get(ORIENTATION)?.[0] ?? 1;
  return value >= 1 && value <= 8 ? value : 1;
}

/** The orientation in a block of EXIF; 1 where it does not say or cannot be read. */
export async function exifOrientation(path: string, block: Uint8Array): Promise<number> {
  try {
    const [tags] = await readTags(path, (at, length) => Promise.resolve(block.subarray(at, at + length)), 1);
    return orientationOf(tags);
  } catch {
    return 1;
  }
}

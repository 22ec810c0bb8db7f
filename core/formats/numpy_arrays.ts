/**
 * NumPy's arrays of any type of number and either order of axes: .npy, and .npz, which is a zip archive of them
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). Arrays of Python objects are not read, since that
 * would run what the file says.
 */
import { crc32 } from "node:zlib";
import { MalformedError, UserError } from "../errors.ts";
import { bytesText } from "../figures.ts";
import { ByteStream, type Packed } from "./byte_stream.ts";
import { InputFile } from "./file.ts";
import { ArrayStream, type Place } from "./numpy_stream.ts";
import { type ByteOrder, firstNumber, NUMPY_TYPES, toNumbers, valueBytes, type ValueType } from "./values.ts";
import { type ZipMember, zipMembers } from "./zip_members.ts";

export interface NumpyArray {
  /** Without `.npy`; "array" in a file of one. */
  readonly name: string;
  readonly shape: readonly number[];
  /** NumPy's word for it: "float32", "object". */
  readonly type: string;
  /** How its values are stored; undefined where they are no numbers. */
  readonly values: ValueType | undefined;
  /** Whether its numbers are complex: two values each, the real part first. */
  readonly isComplex: boolean;
  readonly order: ByteOrder;
  /** Whether the first axis changes fastest. */
  readonly isFortran: boolean;
}

/** Where an array lies. */
interface ArrayPlace extends Place {
  /** Whether it is no member of an archive. */
  readonly isWholeFile: boolean;
}

/** Values of an array that is held in memory whole, and bytes of a part that is read at once. */
const LOADED_MAX = 2 ** 28, PART_BYTES_MAX = 2 ** 28;
const HEADER_BYTES_MAX = 1 << 16;
const READ_BYTES = 1 << 20;
const TEXT_VALUES_MAX = 1 << 10;
const DEFLATE_MAX = 1032;
const MAGIC = "\x93NUMPY";

const WORDS: Readonly<Record<string, string>> = {
  b: "bool",
  c: "complex",
  f: "float",
  U: "text",
  S: "bytes",
  O: "object",
};

/** Whether a file begins like an array, or like an archive. */
export const isNpy = (head: Uint8Array): boolean => latin(head, 0, 6) === MAGIC;
export const isZip = (head: Uint8Array): boolean => latin(head, 0, 4) === "PK\x03\x04";

const latin = (bytes: Uint8Array, from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));

/** The pickle in a .npy file of Python objects. @throws {MalformedError} */
export function objectsOf(path: string, bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isShort = bytes[6] === 1, begin = isShort ? 10 : 12;
  const header = bytes.length < 12 ? 0 : isShort ? view.getUint16(8, true) : view.getUint32(8, true);
  if (header === 0 || begin + header >= bytes.length) throw new MalformedError(path, "its header is cut short");
  return bytes.subarray(begin + header);
}

export class NumpyFile {
  private constructor(
    readonly path: string,
    readonly arrays: readonly NumpyArray[],
    private readonly places: ReadonlyMap<string, ArrayPlace>,
  ) {}

  /** @throws {UserError} where it cannot be opened or is damaged */
  static async open(path: string): Promise<NumpyFile> {
    using file = await InputFile.open(path);
    const head = new Uint8Array(Math.min(8, file.size));
    await file.readAt(0, head);
    const arrays: NumpyArray[] = [], places = new Map<string, ArrayPlace>();
    const add = async (name: string, start: number, end: number, packed: Packed, size: number, sum: number | null) => {
      using stream = ByteStream.part(path, start, end, packed);
      const { array, header } = await readHeader(path, name, stream, size);
      arrays.push(array);
      places.set(name, { start, end, packed, header, sum, isWholeFile: isNpy(head) });
    };
    if (isNpy(head)) await add("array", 0, file.size, null, file.size, null);
    else {
      for (const member of membersOf(path, file.size)) {
        if (!member.name.endsWith(".npy")) continue;
        const { start, sum } = await beginningOf(file, member);
        const packed = member.place.method === 0 ? null : "raw";
        const name = member.name.slice(0, -".npy".length);
        await add(name, start, start + member.place.packed, packed, member.size, sum);
      }
      if (arrays.length === 0) throw new UserError(path, "is a zip archive without arrays of NumPy");
    }
    return new NumpyFile(path, arrays, places);
  }

  /** Whether parts of an array can be read by themselves. */
  isSeekable(name: string): boolean {
    return this.places.get(name)!.isWholeFile;
  }

  /** Values [from, from + count) in the order of the file, of an array that is seekable; of complex numbers two each. */
  async part({ name, values: type, order }: NumpyArray, from: number, count: number): Promise<Float32Array> {
    const size = valueBytes(type!);
    if (count * size > PART_BYTES_MAX) throw this.#tooLarge(name, count * size, "are read at once");
    const bytes = new Uint8Array(count * size);
    using file = await InputFile.open(this.path);
    await file.readAt(this.places.get(name)!.header + from * size, bytes);
    const out = new Float32Array(count);
    toNumbers(type!, order, bytes, out);
    return out;
  }

  /** Reads an array that is not seekable from its start to its end, part by part. */
  stream({ name, shape, values, order, isComplex }: NumpyArray): ArrayStream {
    const count = product(shape) * (isComplex ? 2 : 1);
    return new ArrayStream(this.path, name, this.places.get(name)!, { type: values!, order, count });
  }

  /** Whether so many values of an array are read at once. */
  isPart({ values }: NumpyArray, count: number): boolean {
    return count * valueBytes(values!) <= PART_BYTES_MAX;
  }

  /** All values of an array in the order of the file, with its sum checked; of complex numbers two each. @throws {UserError} */
  async load({ name, shape, values: type, order, isComplex }: NumpyArray): Promise<Float32Array> {
    const count = product(shape) * (isComplex ? 2 : 1);
    if (count > LOADED_MAX) throw this.#tooLarge(name, 4 * count, "are held in memory");
    const out = new Float32Array(count);
    const most = READ_BYTES / valueBytes(type!);
    let from = 0;
    const damaged = () =>
      new MalformedError(this.path, `${name} does not hold the ${count} values that its header claims`);
    await this.#whole(name, valueBytes(type!) * most, (bytes) => {
      const end = from + bytes.length / valueBytes(type!);
      if (!(end <= count && Number.isInteger(end))) throw damaged();
      toNumbers(type!, order, bytes, out.subarray(from, end));
      from = end;
    });
    if (from !== count) throw damaged();
    return out;
  }

  #tooLarge(name: string, bytes: number, what: string): UserError {
    return new UserError(this.path, `${name}: ${bytesText(bytes)} are more than ${what}`, "save it as .npy in C order");
  }

  /** Gives the bytes of the values to `take`, `step` at a time. */
  async #whole(name: string, step: number, take: (bytes: Uint8Array) => void): Promise<void> {
    const { start, end, packed, header, sum } = this.places.get(name)!;
    using stream = ByteStream.part(this.path, start, end, packed);
    const head = new Uint8Array(header);
    await stream.read(head);
    let check = crc32(head);
    for (const room = new Uint8Array(step);;) {
      const bytes = room.subarray(0, await stream.read(room));
      if (bytes.length === 0) break;
      check = crc32(bytes, check);
      take(bytes);
    }
    if (sum !== null && check !== sum) {
      throw new MalformedError(this.path, `${name} is damaged: its CRC-32 is not as noted`);
    }
  }

  /** The texts of an array of text. @throws {UserError} */
  async texts({ name, shape, order }: NumpyArray): Promise<string[]> {
    const count = product(shape), parts: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    await this.#whole(name, READ_BYTES, (bytes) => {
      size += bytes.length;
      if (size > TEXT_BYTES_MAX) throw this.#tooLarge(name, size, "are held in memory");
      parts.push(bytes.slice());
    });
    const each = size / count;
    if (!Number.isInteger(each / 4)) throw new MalformedError(this.path, `${name} does not hold ${count} texts`);
    const all = await new Blob(parts).bytes();
    return Array.from({ length: count }, (_, i) => utf32(all.subarray(i * each, (i + 1) * each), order));
  }

  /** The only value of an array with one, number or text; undefined of others. */
  async single({ name, shape, values, order, type, isComplex }: NumpyArray): Promise<number | string | undefined> {
    if (product(shape) !== 1 || isComplex || (values === undefined && type !== "text")) return undefined;
    let found: number | string | undefined;
    await this.#whole(name, READ_BYTES, (bytes) => {
      if (values && bytes.length < valueBytes(values)) throw new MalformedError(this.path, `${name} is cut short`);
      found ??= values ? firstNumber(values, order, bytes) : utf32(bytes, order);
    });
    return found;
  }
}

/** Bytes of the texts of an array that are held in memory. */
const TEXT_BYTES_MAX = 2 ** 28;

/** Text as NumPy keeps it, four bytes a letter, with zeros at its end. */
function utf32(bytes: Uint8Array, order: ByteOrder): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const letters = Array.from(
    { length: Math.min(bytes.length / 4, TEXT_VALUES_MAX) },
    (_, i) => view.getUint32(4 * i, order === "little"),
  );
  const end = letters.indexOf(0);
  return letters.slice(0, end < 0 ? undefined : end).map((code) =>
    code < 0x110000 ? String.fromCodePoint(code) : "\ufffd"
  ).join("");
}

const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);

function membersOf(path: string, size: number): ZipMember[] {
  using file = Deno.openSync(path);
  const members = zipMembers(file, size);
  if (members.length === 0) {
    throw new MalformedError(path, "is no whole zip archive of arrays: its directory is missing");
  }
  return members;
}

/** The byte at which a member's content begins, behind its own header, and the CRC-32 that is noted there. */
async function beginningOf(file: InputFile, { name, place: { offset, packed, size, method } }: ZipMember) {
  const bad = (what: string) => new MalformedError(file.path, `${name}: ${what}`);
  if (method !== 0 && method !== 8) throw bad(`is packed by method ${method}, which is not read`);
  if (size > DEFLATE_MAX * packed || (method === 0 && size !== packed)) throw bad(`claims ${size} bytes in ${packed}`);
  const head = new Uint8Array(30);
  if (offset + 30 > file.size) throw bad("lies beyond the end of the file");
  await file.readAt(offset, head);
  const view = new DataView(head.buffer);
  const start = offset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (view.getUint32(0, true) !== 0x04034b50 || start + packed > file.size) {
    throw bad("lies beyond the end of the file");
  }
  // An archive that was written to a pipe notes the sum behind the content.
  const isBehind = (view.getUint16(6, true) & 8) !== 0;
  return { start, sum: isBehind ? null : view.getUint32(14, true) };
}

/** @param size bytes of header and values */
async function readHeader(path: string, name: string, stream: ByteStream, size: number) {
  const bad = (what: string) => new MalformedError(path, `${name}: ${what}`);
  const prefix = new Uint8Array(12);
  if (await stream.read(prefix) < 12 || !isNpy(prefix)) throw bad("is no array of NumPy");
  const view = new DataView(prefix.buffer);
  const major = prefix[6]!;
  if (major < 1 || major > 3) throw bad(`its version ${major} is not known`);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = (major === 1 ? 10 : 12) + length;
  if (length < 2 || length > HEADER_BYTES_MAX) throw bad(`its header claims ${length} bytes`);
  const rest = new Uint8Array(header - 12);
  if (await stream.read(rest) < rest.length) throw bad("its header is cut short");
  const text = (major === 1 ? latin(prefix, 10, 12) : "") + new TextDecoder("latin1").decode(rest);
  const descr = /'descr'\s*:\s*'([<>|=]?)(\w)(\d*)'/.exec(text);
  const isFortran = /'fortran_order'\s*:\s*True/.test(text);
  const sizes = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(text)?.[1];
  if (sizes === undefined) throw bad("its header says no shape");
  const shape = sizes.split(",").map((each) => each.trim()).filter(Boolean).map(Number);
  const [, order = "", kind = "", bits = ""] = descr ?? [];
  const isComplex = kind === "c";
  const values = NUMPY_TYPES[isComplex ? `f${Number(bits) / 2}` : kind + bits];
  const held = size - header;
  if (!shape.every(Number.isSafeInteger)) throw bad(`its shape (${sizes}) is not one of whole numbers`);
  const word = wordOf(kind, bits);
  const type = kind === "b" ? "bool" : isComplex ? word : values ?? (descr === null ? "record" : word);
  const needed = values === undefined ? held : product(shape) * valueBytes(values) * (isComplex ? 2 : 1);
  if (needed !== held) throw bad(`${shape.join(" x ")} of ${type} needs ${needed} bytes, it holds ${held}`);
  return {
    array: { name, shape, type, values, isComplex, order: order === ">" ? "big" : "little", isFortran } as NumpyArray,
    header,
  };
}

const wordOf = (kind: string, bits: string) =>
  `${WORDS[kind] ?? kind}${kind === "f" || kind === "c" ? 8 * Number(bits) : ""}`;

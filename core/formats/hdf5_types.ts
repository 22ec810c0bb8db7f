/**
 * How an array of an HDF5 file writes its numbers, which the library does not tell: how many of their bits count, and where the parts
 * of floating point lie; and whether its values lie in other files. It stands in the array's own header (HDF5 File Format Specification
 * 3.0, IV.A: object headers, IV.A.2.d and IV.A.2.h: the messages of the datatype and of external files).
 */
import type { ValueType } from "./values.ts";

/** A type of numbers: one that is read, or in words what it is. */
export type NumberForm = { readonly values: ValueType } | { readonly words: string };

const DATATYPE = 0x03, EXTERNAL = 0x07, CONTINUATION = 0x10, SHARED_FLAG = 0x02;
const WHOLE = 0, FLOAT = 1, COMPOUND = 6;
/** Bounds of what a damaged file can lead to. */
const BLOCKS_MAX = 64, BLOCK_BYTES_MAX = 1 << 20;

/** What floating point is called by the places and sizes of sign, exponent and fraction, and the exponent's bias. */
const FLOATS: Readonly<Record<string, ValueType>> = {
  "2: 15, 10 5, 0 10, 15": "float16",
  "2: 15, 7 8, 0 7, 127": "bfloat16",
  "4: 31, 23 8, 0 23, 127": "float32",
  "8: 63, 52 11, 0 52, 1023": "float64",
};

/** The header ends, or says what cannot be. */
class Unclear extends Error {}

/** Bytes with a place from which the next ones are read. */
class Cursor {
  at = 0;
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** A whole number of some bytes, little-endian. */
  number(bytes: number): number {
    if (bytes > this.left) throw new Unclear();
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = 256 * value + this.#view.getUint8(this.at + i);
    this.at += bytes;
    return value;
  }

  skip(bytes: number): void {
    if (bytes > this.left) throw new Unclear();
    this.at += bytes;
  }

  part(bytes: number): Cursor {
    const from = this.at;
    this.skip(bytes);
    return new Cursor(this.bytes.subarray(from, this.at));
  }
}

/** A file, in which addresses are counted from its signature. */
class Addresses implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #base: number;
  /** Bytes of an address, and of a length. */
  readonly offsetBytes: number;
  readonly lengthBytes: number;

  constructor(path: string) {
    this.#file = Deno.openSync(path);
    try {
      this.#base = 0;
      const isHere = () => this.block(0, 8).number(4) === 0x46444889;
      while (!isHere()) {
        this.#base = this.#base === 0 ? 512 : 2 * this.#base;
        if (this.#base > BLOCK_BYTES_MAX) throw new Unclear();
      }
      const head = this.block(8, 16), version = head.number(1);
      head.skip(version < 2 ? 4 : 0);
      [this.offsetBytes, this.lengthBytes] = [head.number(1), head.number(1)];
      if (![2, 4, 8].includes(this.offsetBytes) || ![2, 4, 8].includes(this.lengthBytes)) throw new Unclear();
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  /** Up to so many bytes at an address. */
  block(address: number, bytes: number): Cursor {
    if (!(bytes <= BLOCK_BYTES_MAX) || !Number.isSafeInteger(this.#base + address)) throw new Unclear();
    const out = new Uint8Array(bytes);
    this.#file.seekSync(this.#base + address, Deno.SeekMode.Start);
    let length = 0;
    for (let read; length < bytes && (read = this.#file.readSync(out.subarray(length))) !== null;) length += read;
    return new Cursor(out.subarray(0, length));
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

interface Message {
  readonly type: number;
  readonly isShared: boolean;
  readonly content: Cursor;
}

/** The messages of an object header. */
function* messagesAt(file: Addresses, address: number): Generator<Message> {
  const blocks: { readonly address: number; readonly bytes: number }[] = [];
  const head = file.block(address, 64);
  let isSecond = false, hasOrder = false;
  if (head.number(1) === 1) {
    head.skip(7);
    const bytes = head.number(4);
    blocks.push({ address: address + 16, bytes });
  } else {
    head.at = 0;
    if (head.number(4) !== 0x5244484f || head.number(1) !== 2) throw new Unclear(); // OHDR
    const flags = head.number(1);
    [isSecond, hasOrder] = [true, (flags & 4) !== 0];
    head.skip((flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0));
    const bytes = head.number(1 << (flags & 3));
    blocks.push({ address: address + head.at, bytes });
  }
  const least = isSecond ? (hasOrder ? 6 : 4) : 8;
  for (let i = 0; i < blocks.length && i < BLOCKS_MAX; i++) {
    const block = file.block(blocks[i]!.address, blocks[i]!.bytes);
    if (isSecond && i > 0) block.skip(4); // OCHK
    while (block.left >= least) {
      const type = block.number(isSecond ? 1 : 2), bytes = block.number(2), flags = block.number(1);
      block.skip(isSecond ? (hasOrder ? 2 : 0) : 3);
      const content = block.part(bytes);
      if (type === CONTINUATION) {
        const next = content.number(file.offsetBytes), length = content.number(file.lengthBytes);
        blocks.push({ address: next, bytes: length - (isSecond ? 4 : 0) });
      }
      yield { type, isShared: (flags & SHARED_FLAG) !== 0, content };
    }
  }
}

/** A type with a name of its own, which stands elsewhere. */
function sharedAt(file: Addresses, content: Cursor): Cursor {
  const version = content.number(1), kind = content.number(1);
  if (version === 3 && kind !== 2) throw new Unclear();
  content.skip(version === 1 ? 6 : 0);
  for (const { type, isShared, content: own } of messagesAt(file, content.number(file.offsetBytes))) {
    if (type === DATATYPE && !isShared) return own;
  }
  throw new Unclear();
}

/** The form of numbers at the place of a cursor, which is behind it then. */
function numberAt(message: Cursor): NumberForm {
  const kind = message.number(1) & 15, flags = message.number(3), size = message.number(4);
  if (kind !== WHOLE && kind !== FLOAT) throw new Unclear();
  const offset = message.number(2), precision = message.number(2);
  if (kind === WHOLE) {
    const isPlain = offset === 0 && precision === 8 * size;
    const values = `${flags & 8 ? "" : "u"}int${precision}` as ValueType;
    return isPlain ? { values } : { words: `integer of ${precision} bits in ${size} bytes` };
  }
  const [exponent, exponentBits, fraction, fractionBits] = Array.from({ length: 4 }, () => message.number(1));
  const bias = message.number(4), sign = flags >>> 8 & 255, hasHiddenBit = (flags >>> 4 & 3) === 2;
  const layout = `${size}: ${sign}, ${exponent} ${exponentBits}, ${fraction} ${fractionBits}, ${bias}`;
  const values = hasHiddenBit && offset === 0 ? FLOATS[layout] : undefined;
  return values ? { values } : { words: `float of ${precision} bits in ${size} bytes` };
}

/** The forms of the numbers of a type: one, or those of the first fields of a record, up to one that is no number. */
function formsIn(message: Cursor): NumberForm[] {
  const head = message.number(1), version = head >>> 4;
  if ((head & 15) !== COMPOUND) {
    message.at = 0;
    return [numberAt(message)];
  }
  const fields = message.number(3) & 0xffff, size = message.number(4);
  const offsetBytes = version < 3 ? 4 : size < 256 ? 1 : size < 65536 ? 2 : size < 2 ** 24 ? 3 : 4;
  const forms: NumberForm[] = [];
  for (let field = 0; field < Math.min(2, fields); field++) {
    const begin = message.at;
    while (message.number(1) !== 0);
    // Up to version 2, names are filled up to a multiple of 8 bytes.
    if (version < 3) message.at = begin + 8 * Math.ceil((message.at - begin) / 8);
    message.skip(offsetBytes + (version === 1 ? 28 : 0));
    forms.push(numberAt(message));
  }
  return forms;
}

/** What the header of an array says beside what the library tells. */
export interface ArrayHeader {
  /** How its numbers are written: the form of each one, or of the two fields of a complex one; null where that is not clear. */
  readonly forms: readonly NumberForm[] | null;
  /** Whether its values lie in other files. */
  readonly isElsewhere: boolean;
}

/** What is not clear is null. */
function clearly<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (error instanceof Unclear || error instanceof RangeError) return null;
    throw error;
  }
}

/**
 * @param address of the array's header, as a reference to it has it
 * @returns null where it has another layout
 */
export function headerOf(path: string, address: number): ArrayHeader | null {
  return clearly(() => {
    using file = new Addresses(path);
    let forms: readonly NumberForm[] | null = null, isElsewhere = false;
    for (const { type, isShared, content } of messagesAt(file, address)) {
      if (type === EXTERNAL) isElsewhere = true;
      if (type === DATATYPE) forms = clearly(() => formsIn(isShared ? sharedAt(file, content) : content));
    }
    return { forms, isElsewhere };
  });
}

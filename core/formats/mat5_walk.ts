/** One variable of a MATLAB file from its start to its end (core/formats/mat5.ts): the arrays in it, with their values where they are asked for. */
import { MalformedError } from "../errors.ts";
import type { ByteStream } from "./byte_stream.ts";
import { type ByteOrder, valueBytes, type ValueType } from "./values.ts";

/** An array of a file. */
export interface Mat5Array {
  /** Its name; of a field of a structure `structure/field`, of several structures `structures(2)/field`; in a cell `cells{3}`. */
  readonly path: string;
  readonly shape: readonly number[];
  /** MATLAB's word for it: "double", "logical", "cell". */
  readonly type: string;
  /** How many bits and signs its values have; undefined where it is no array of numbers. */
  readonly values: ValueType | undefined;
  readonly isComplex: boolean;
}

/** The type of an element that is an array. */
export const MATRIX = 14;
/** Types of elements that are values. */
const VALUES: Readonly<Record<number, ValueType>> = {
  1: "int8",
  2: "uint8",
  3: "int16",
  4: "uint16",
  5: "int32",
  6: "uint32",
  7: "float32",
  9: "float64",
  12: "int64",
  13: "uint64",
};
/** Classes of arrays: MATLAB's word, and the type of those that hold numbers. */
const CELL = 1, STRUCT = 2;
const CLASSES: Readonly<Record<number, readonly [string, ValueType?]>> = {
  1: ["cell"],
  2: ["struct"],
  3: ["object"],
  4: ["char"],
  5: ["sparse"],
  6: ["double", "float64"],
  7: ["single", "float32"],
  8: ["int8", "int8"],
  9: ["uint8", "uint8"],
  10: ["int16", "int16"],
  11: ["uint16", "uint16"],
  12: ["int32", "int32"],
  13: ["uint32", "uint32"],
  14: ["int64", "int64"],
  15: ["uint64", "uint64"],
  16: ["function"],
  17: ["object"],
};
const COMPLEX = 0x08, LOGICAL = 0x02;
const DEPTH_MAX = 16, DIMENSIONS_MAX = 32, NAME_BYTES_MAX = 1 << 16, FIELDS_MAX = 10_000;

/** An element of a stream: its type, and its bytes where they are part of the tag. */
interface Element {
  readonly type: number;
  readonly bytes: number;
  readonly inTag: Uint8Array | null;
}

/** What is done with an array that is met. @returns whether the walk goes on */
export type Visit = (array: Mat5Array, data: () => Promise<Data>) => Promise<boolean>;

/** The values of an array that is met. */
export interface Data {
  readonly type: ValueType;
  readonly order: ByteOrder;
  readonly count: number;
  /** The next bytes of them. */
  take(bytes: number): Promise<Uint8Array>;
  /** The imaginary parts, behind all of these. */
  imaginary(): Promise<Data>;
}

/** Goes through one variable from its start to its end. */
export class Walk {
  #position = 0;

  constructor(
    private readonly path: string,
    private readonly order: ByteOrder,
    private readonly stream: ByteStream,
    /** Bytes that there can be at most. */
    private readonly most: number,
    private readonly visit: Visit,
  ) {}

  #bad(what: string): MalformedError {
    return new MalformedError(this.path, what);
  }

  async #take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(count);
    if (await this.stream.read(bytes) < count) throw this.#bad("a variable is cut short");
    this.#position += count;
    return bytes;
  }

  async #skip(count: number): Promise<void> {
    if (await this.stream.skip(count) < count) throw this.#bad("a variable is cut short");
    this.#position += count;
  }

  #whole(bytes: Uint8Array, at = 0): number {
    if (bytes.length < at + 4) throw this.#bad("a number is cut short");
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, this.order === "little");
  }

  /** A tag; small elements lie within it. */
  async #element(): Promise<Element> {
    const tag = await this.#take(8);
    const first = this.#whole(tag);
    const small = first >>> 16;
    if (small > 4) throw this.#bad("a small element claims more than 4 bytes");
    if (small > 0) return { type: first & 0xffff, bytes: small, inTag: tag.subarray(4, 4 + small) };
    return { type: first, bytes: this.#whole(tag, 4), inTag: null };
  }

  /** The bytes of an element of bounded size, with what fills it up to a multiple of 8. */
  async #content({ bytes, inTag }: Element, most: number): Promise<Uint8Array> {
    if (inTag) return inTag;
    if (bytes > most) throw this.#bad(`an element of at most ${most} bytes claims ${bytes}`);
    const content = await this.#take(bytes);
    await this.#skip(padding(bytes));
    return content;
  }

  #name = "";

  /** The variable that the stream holds. @returns its name */
  async variable(): Promise<string> {
    const { type, bytes } = await this.#element();
    if (type !== MATRIX) throw this.#bad(`a variable is of type ${type}, not ${MATRIX}`);
    await this.#matrix(bytes, null, 0);
    return this.#name;
  }

  /**
   * @param length bytes of the matrix behind its tag
   * @param path of a field; null of a variable, which has a name
   * @returns whether the walk goes on
   */
  async #matrix(length: number, path: string | null, depth: number): Promise<boolean> {
    // MATLAB writes a field without a value as a matrix without content.
    if (length === 0) return true;
    if (depth > DEPTH_MAX) throw this.#bad(`structures are nested more than ${DEPTH_MAX} deep`);
    const end = this.#position + length;
    const flags = this.#whole(await this.#content(await this.#element(), 8));
    const sizes = await this.#content(await this.#element(), 4 * DIMENSIONS_MAX);
    const shape = Array.from({ length: Math.floor(sizes.length / 4) }, (_, i) => this.#whole(sizes, 4 * i));
    const name = text(await this.#content(await this.#element(), NAME_BYTES_MAX));
    if (path === null) this.#name = name;
    const own = path ?? name;
    const [word, values] = CLASSES[flags & 0xff] ?? ["unknown"];
    const isComplex = (flags >>> 8 & COMPLEX) !== 0;
    const isLogical = (flags >>> 8 & LOGICAL) !== 0;
    const array: Mat5Array = {
      path: own,
      shape,
      type: isComplex ? `complex ${word}` : isLogical ? "logical" : word,
      values,
      isComplex,
    };
    const kind = flags & 0xff, count = shape.reduce((product, size) => product * size, 1);
    const isOne = kind === STRUCT && count === 1;
    if (!isOne && !await this.visit(array, () => this.#data(array))) return false;
    if (kind === STRUCT && !await this.#fields(own, count, depth)) return false;
    if (kind === CELL && !await this.#cells(own, count, depth)) return false;
    // Nothing more of a variable is read than was asked for.
    if (depth === 0 && path === null) return true;
    if (this.#position > end) throw this.#bad(`${own} is longer than it claims`);
    await this.#skip(end - this.#position);
    return true;
  }

  /** The fields of structures, of one structure after another. */
  async #fields(own: string, count: number, depth: number): Promise<boolean> {
    const room = this.#whole(await this.#content(await this.#element(), 4));
    const names = await this.#content(await this.#element(), FIELDS_MAX * 64);
    if (room === 0 || names.length % room !== 0) throw this.#bad(`the names of the fields of ${own} are damaged`);
    const fields = Array.from(
      { length: names.length / room },
      (_, i) => text(names.subarray(i * room, (i + 1) * room)),
    );
    for (let i = 0; fields.length > 0 && i < count; i++) {
      for (const field of fields) {
        if (!await this.#inner(`${own}${count === 1 ? "" : `(${i + 1})`}/${field}`, depth)) return false;
      }
    }
    return true;
  }

  /** What is in cells, one after another, the first axis changing fastest. */
  async #cells(own: string, count: number, depth: number): Promise<boolean> {
    for (let i = 0; i < count; i++) if (!await this.#inner(`${own}{${i + 1}}`, depth)) return false;
    return true;
  }

  async #inner(path: string, depth: number): Promise<boolean> {
    const { type, bytes } = await this.#element();
    if (type !== MATRIX) throw this.#bad(`${path} is of type ${type}, not ${MATRIX}`);
    if (!await this.#matrix(bytes, path, depth + 1)) return false;
    await this.#skip(padding(bytes));
    return true;
  }

  async #data({ path, shape }: Pick<Mat5Array, "path" | "shape">): Promise<Data> {
    const element = await this.#element();
    const type = VALUES[element.type];
    if (type === undefined) throw this.#bad(`the values of ${path} are of type ${element.type}, which is not known`);
    const count = shape.reduce((product, size) => product * size, 1);
    if (element.bytes !== count * valueBytes(type) || element.bytes > this.most) {
      throw this.#bad(`${path}: ${shape.join(" x ")} of ${type} are claimed to be ${element.bytes} bytes`);
    }
    const { inTag } = element;
    return {
      type,
      order: this.order,
      count,
      take: (bytes) => inTag ? Promise.resolve(inTag.subarray(0, bytes)) : this.#take(bytes),
      imaginary: async () => {
        if (!inTag) await this.#skip(padding(element.bytes));
        return await this.#data({ path, shape });
      },
    };
  }
}

/** Bytes that fill an element up to a multiple of 8. */
const padding = (bytes: number) => (8 - bytes % 8) % 8;

/** Latin letters up to the first zero. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder("latin1").decode(end < 0 ? bytes : bytes.subarray(0, end));
}

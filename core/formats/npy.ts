/**
 * NumPy's `.npy` (https://numpy.org/neps/nep-0001-npy-format.html): magic, version, header `{'descr': ..., 'fortran_order':
 * False, 'shape': (...)}`, then the values in C order. Written as version 1.0; 1.0, 2.0 and 3.0 are read.
 */
import { UserError } from "../errors.ts";
import { InputFile, OutputFile, removeQuietly, syncFolder, temporaryBeside } from "./file.ts";
import { ioError } from "./io_error.ts";
import { shapeText } from "./tensor.ts";
import { basename, dirname } from "@std/path";

const ARRAYS = {
  f32: Float32Array,
  f64: Float64Array,
  i32: Int32Array,
  i64: BigInt64Array,
  u8: Uint8Array,
} as const;

const DESCR = { f32: "<f4", f64: "<f8", i32: "<i4", i64: "<i8", u8: "|u1" } as const;

export type NpyDtype = keyof typeof ARRAYS;
/** The typed array of an element type. */
export type NpyArray<D extends NpyDtype = NpyDtype> = InstanceType<(typeof ARRAYS)[D]>;

export interface NpyData {
  readonly dtype: NpyDtype;
  readonly shape: readonly number[];
  /** C order. */
  readonly data: NpyArray;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const HEADER_BYTES_MAX = 1 << 16;

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}

function bytesOf(array: NpyArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Writes rows to an `.npy` file whose number of rows is known at the start. The file appears, whole, at `close`. */
export class NpyWriter<D extends NpyDtype> implements AsyncDisposable {
  #written = 0;

  private constructor(
    readonly path: string,
    readonly dtype: D,
    readonly shape: readonly number[],
    readonly temporary: string,
    private file: OutputFile | null,
  ) {}

  /** @param shape rows first; `[]` is a scalar. */
  static async create<D extends NpyDtype>(path: string, dtype: D, shape: readonly number[]): Promise<NpyWriter<D>> {
    const temporary = temporaryBeside(path);
    const writer = new NpyWriter(path, dtype, shape, temporary, await OutputFile.create(temporary));
    try {
      await writer.file!.write(encodeHeader(dtype, shape));
      return writer;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** Appends whole rows. */
  async write(values: NpyArray<D>): Promise<void> {
    if (!this.file) throw new Error(`${this.path}: write after close`);
    const rowSize = product(this.shape.slice(1));
    const room = product(this.shape) - this.#written;
    if (values.length > room || (rowSize > 0 && values.length % rowSize !== 0)) {
      throw new RangeError(`${this.path}: ${values.length} values in rows of ${rowSize}, room for ${room}`);
    }
    await this.file.write(bytesOf(values));
    this.#written += values.length;
  }

  /** Checks that all rows came, makes the file durable and gives it its name. */
  async close(): Promise<void> {
    if (!this.file) throw new Error(`${this.path}: closed twice`);
    try {
      if (this.#written !== product(this.shape)) {
        throw new Error(`${this.path}: ${this.#written} values written of ${product(this.shape)}`);
      }
      await this.file.finish();
      await Deno.rename(this.temporary, this.path).catch((cause) => {
        throw ioError(this.path, "rename the finished file to it", cause);
      });
    } catch (error) {
      await this.abort();
      throw error;
    }
    this.file = null;
    await syncFolder(dirname(this.path));
  }

  /** Leaves nothing behind. Does nothing after `close`. */
  async abort(): Promise<void> {
    if (!this.file) return;
    this.file.close();
    this.file = null;
    await removeQuietly(this.temporary);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }
}

/** Writes a whole array. */
export async function writeNpy<D extends NpyDtype>(
  path: string,
  dtype: D,
  shape: readonly number[],
  data: NpyArray<D>,
): Promise<void> {
  await using writer = await NpyWriter.create(path, dtype, shape);
  await writer.write(data);
  await writer.close();
}

function encodeHeader(dtype: NpyDtype, shape: readonly number[]): Uint8Array {
  return npyHeader(DESCR[dtype], shape);
}

/** The first bytes of an `.npy` file of version 1.0. @param descr NumPy's name of the type, such as `<f4` */
export function npyHeader(descr: string, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The data starts at a multiple of 64; the header ends with a newline.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = new Uint8Array(length).fill(0x20);
  header.set(MAGIC);
  header.set([1, 0, (length - 10) & 0xff, (length - 10) >> 8], 6);
  header.set(new TextEncoder().encode(text), 10);
  header[length - 1] = 0x0a;
  return header;
}

/** An `.npy` file opened for reading by rows, its header checked against the file's length. */
export class NpyReader implements Disposable {
  readonly #file: InputFile;
  readonly #start: number;

  private constructor(file: InputFile, start: number, readonly dtype: NpyDtype, readonly shape: readonly number[]) {
    this.#file = file;
    this.#start = start;
  }

  /** @throws {UserError} naming the file and the field that is wrong. */
  static async open(path: string): Promise<NpyReader> {
    const file = await InputFile.open(path);
    try {
      const { start, shape, descr, itemBytes } = await readNpyHeader(file);
      const dtype = (Object.keys(DESCR) as NpyDtype[]).find((key) => DESCR[key] === descr);
      if (!dtype || itemBytes === null) throw otherType(path, descr, Object.values(DESCR).join(", "), '"float64"');
      return new NpyReader(file, start, dtype, shape);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Rows [firstRow, firstRow + rows) of the first dimension, in C order. Calls must not overlap. */
  async rows(firstRow: number, rows: number): Promise<NpyArray> {
    const all = this.shape[0] ?? 1;
    if (!(firstRow >= 0 && rows >= 0 && firstRow + rows <= all)) {
      throw new RangeError(`${this.#file.path}: rows ${firstRow} to ${firstRow + rows} of ${all}`);
    }
    const rowSize = product(this.shape.slice(1));
    const array = new ARRAYS[this.dtype](rows * rowSize);
    await this.#file.readAt(this.#start + firstRow * rowSize * array.BYTES_PER_ELEMENT, bytesOf(array));
    return array;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** Reads a whole `.npy` file. @throws {UserError} naming the file and the field that is wrong. */
export async function readNpy(path: string): Promise<NpyData> {
  using reader = await NpyReader.open(path);
  const { dtype, shape } = reader;
  return { dtype, shape, data: await reader.rows(0, shape[0] ?? 1) };
}

/**
 * The fields of a header of an array in C order.
 * @param bytes of the header's text
 * @param bad makes the error of a field
 */
export function npyFields(
  bytes: Uint8Array,
  bad: (field: string, what: string, hint?: string) => UserError,
): { descr: string; shape: number[] } {
  const text = new TextDecoder("latin1").decode(bytes).trim();
  const field = (name: string, value: string): string => {
    const found = new RegExp(`^\\{(?:.*,)?\\s*'${name}'\\s*:\\s*(${value})\\s*(?:,.*)?\\}$`, "s").exec(text)?.[1];
    if (found === undefined) throw bad("header", `no ${name} that can be read`, "expected a plain numeric array");
    return found;
  };
  const descr = field("descr", "'[^']*'|\\[.*\\]").slice(1, -1);
  const shape = field("shape", "\\([\\d,\\s]*\\)").slice(1, -1).split(",").map((size) => size.trim()).filter(Boolean)
    .map(Number);
  if (field("fortran_order", "True|False") === "True" && shape.filter((size) => size > 1).length > 1) {
    throw bad("fortran_order", "True is not read", "save it with np.ascontiguousarray(array)");
  }
  return { descr, shape };
}

export interface NpyHeader {
  /** The byte at which the values begin. */
  readonly start: number;
  /** `<f4`, `<U12`, `|O`, ...; of an array with named fields the list of them. */
  readonly descr: string;
  /** Bytes of an element; null for elements of no fixed size, whose number is not checked. */
  readonly itemBytes: number | null;
  readonly shape: readonly number[];
}

/** The error of an array of another type than those that are `read`, with the type `to` which it may be converted. */
export function otherType(path: string, descr: string, read: string, to: string): UserError {
  const name = basename(path);
  const save = `in Python: import numpy; numpy.save("${name}", numpy.load("${name}").astype(${to}))`;
  const shown = descr.replace(/\p{Cc}+/gu, " ").slice(0, 80);
  return new UserError(path, `descr: '${shown}' is not one of ${read}`, save);
}

/** Bytes of an element of a simple type: a number, a truth value, or text of a fixed width. */
function itemBytesOf(descr: string): number | null {
  const [, kind, size] = /^[<>=|]?([biufcSU])(\d{1,9})$/.exec(descr) ?? [];
  return kind === undefined ? null : Number(size) * (kind === "U" ? 4 : 1);
}

/**
 * Reads the header of an array in C order, and checks it against the file's length.
 * @throws {UserError} naming the file and the field that is wrong
 */
export async function readNpyHeader(file: InputFile): Promise<NpyHeader> {
  const bad = (field: string, what: string, hint?: string) => new UserError(file.path, `${field}: ${what}`, hint);
  const prefix = new Uint8Array(12);
  await file.readAt(0, prefix.subarray(0, Math.min(12, file.size)));
  if (file.size < 12 || MAGIC.some((byte, i) => prefix[i] !== byte)) throw bad("magic", "this is not an .npy file");
  const major = prefix[6]!;
  if (major < 1 || major > 3) throw bad("version", `${major}.${prefix[7]} is not known`);
  const view = new DataView(prefix.buffer);
  const [from, length] = major === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (length > HEADER_BYTES_MAX || from + length > file.size) {
    throw bad("header length", `${length} bytes declared, the file has ${file.size}`);
  }
  const bytes = new Uint8Array(length);
  await file.readAt(from, bytes);
  const { descr, shape } = npyFields(bytes, bad);
  const itemBytes = itemBytesOf(descr);
  const needed = product(shape) * (itemBytes ?? 0);
  const held = file.size - from - length;
  if (!shape.every(Number.isSafeInteger) || (itemBytes !== null && needed !== held)) {
    throw bad("shape", `${shapeText(shape)} of ${descr} needs ${needed} bytes, the file holds ${held}`);
  }
  return { start: from + length, descr, itemBytes, shape };
}

/** HDF5 files, read by the HDF5 library itself. Links to other files are not followed. */
import type { Metadata } from "h5wasm/node";
import { MalformedError, UserError } from "../errors.ts";
import { bytesText } from "../figures.ts";
import { InputFile } from "./file.ts";
import { asked, type H5Module, load } from "./hdf5_library.ts";
import { arrayOf, CLASS, type Hdf5Array, isMetadata } from "./hdf5_arrays.ts";
import { type FieldValues, valuesOfFields } from "./hdf5_records.ts";
import { type ByteOrder, firstNumber, toNumbers, valueBytes, type ValueType } from "./values.ts";

/** Bytes of a part that is read at once. */
const PART_BYTES_MAX = 1e9;
const NAMES_MAX = 1_000_000;
/** The byte order in which the library gives values, whatever the file's. */
const ORDER: ByteOrder = "little";

export class Hdf5File implements Disposable {
  readonly #lib: H5Module;
  #id: bigint | null;
  /** All arrays, in the order of their paths. */
  readonly arrays: readonly Hdf5Array[];
  /** Names that lead to other files. */
  readonly foreign: readonly string[];

  private constructor(lib: H5Module, id: bigint, readonly path: string) {
    this.#lib = lib;
    this.#id = id;
    const foreign: string[] = [], arrays: Hdf5Array[] = [];
    const names = this.#ask("its names cannot be read", () => lib.get_names(id, "/", true), Array.isArray);
    if (names.length > NAMES_MAX) throw new MalformedError(path, `has more than ${NAMES_MAX} names`);
    for (const name of names) {
      const what = `${name} cannot be read`;
      const target = this.#ask(what, () => lib.get_external_link(id, name) as { filename?: string }, () => true);
      if (target.filename !== undefined) foreign.push(name);
      else if (this.#ask(what, () => lib.get_symbolic_link(id, name) as string | null, () => true) !== null) continue;
      else if (this.#ask(what, () => lib.get_type(id, name), (type) => type >= 0) === lib.H5G_DATASET) {
        arrays.push(arrayOf(name, this.#ask(what, () => lib.get_dataset_metadata(id, name), isMetadata)));
      }
    }
    this.arrays = arrays;
    this.foreign = foreign;
  }

  /** @throws {UserError} where it cannot be opened or is damaged */
  static async open(path: string): Promise<Hdf5File> {
    (await InputFile.open(path)).close();
    const lib = await load();
    const open = () => lib.open(path, lib.H5F_ACC_RDONLY, false, lib.H5F_LIBVER_EARLIEST, lib.H5F_LIBVER_LATEST);
    const id = asked(path, "cannot be opened as HDF5", open, (id) => id >= 0n);
    try {
      return new Hdf5File(lib, id, path);
    } catch (error) {
      lib.close_file(id);
      throw error;
    }
  }

  #ask<T>(what: string, call: () => T, isGood: (result: T) => boolean): T {
    return asked(this.path, what, call, isGood);
  }

  get #open(): bigint {
    if (this.#id === null) throw new Error(`${this.path}: read after close`);
    return this.#id;
  }

  /**
   * A part of an array of numbers, in C order; of complex numbers two values each.
   * @param start the first index of each axis
   * @param count how many along each axis
   * @throws {MalformedError}
   */
  read(array: Hdf5Array, start: readonly number[], count: readonly number[]): Float32Array {
    const { path, complex } = array;
    const { type, order } = complex ?? { type: array.values, order: ORDER };
    if (type === undefined) throw new Error(`${path} holds no numbers`);
    const length = count.reduce((product, size) => product * size, complex ? 2 : 1);
    const out = new Float32Array(length);
    const big = (sizes: readonly number[]) => sizes.map(BigInt);
    // A single value has no axes to choose from.
    const [counts, starts, steps] = start.length === 0
      ? [null, null, null]
      : [big(count), big(start), start.map(() => 1n)];
    this.#into(
      path,
      length,
      type,
      (to) => this.#lib.get_dataset_data(this.#open, path, counts, starts, steps, to),
      (bytes) => toNumbers(type, order, bytes, out),
    );
    return out;
  }

  /** Like `read`, as exactly as doubles hold the values: of numbers of entries, and of positions. @throws {MalformedError} */
  numbers({ path, values: type }: Hdf5Array, start: number, count: number): Float64Array {
    if (type === undefined) throw new MalformedError(this.path, `${path} holds no numbers`);
    const out = new Float64Array(count);
    this.#into(
      path,
      count,
      type,
      (to) => this.#lib.get_dataset_data(this.#open, path, [BigInt(count)], [BigInt(start)], [1n], to),
      (bytes) => toNumbers(type, ORDER, bytes, out),
    );
    return out;
  }

  /** The paths of the arrays and groups that an array of references leads to, in C order; "" where one leads nowhere. @throws {MalformedError} */
  references({ path, shape, metadata }: Hdf5Array): string[] {
    const count = shape.reduce((product, size) => product * size, 1), { size } = metadata;
    if (metadata.type !== CLASS.reference) throw new MalformedError(this.path, `${path} holds no references`);
    const all: string[] = [];
    const read = (to: bigint) => this.#lib.get_dataset_data(this.#open, path, null, null, null, to);
    let places = new Uint8Array(0);
    this.#intoBytes(path, count * size, read, (bytes) => places = bytes.slice());
    for (let at = 0; at < places.length; at += size) {
      const place = places.slice(at, at + size);
      if (place.every((byte) => byte === 0)) {
        all.push("");
        continue;
      }
      const name = () => this.#lib.get_referenced_name(this.#open, place, true);
      all.push(this.#ask(`${path} cannot be followed`, name, (name) => typeof name === "string").replace(/^\//, ""));
    }
    return all;
  }

  /** Texts of an array with one axis. @throws {MalformedError} */
  texts(array: Hdf5Array, start: number, count: number): string[] {
    const { path, metadata, isText } = array;
    if (!isText) throw new MalformedError(this.path, `${path} holds no texts`);
    const counts = [BigInt(count)];
    return this.#textsInto(
      path,
      metadata,
      count,
      (to) => this.#lib.get_dataset_data(this.#open, path, counts, [BigInt(start)], [1n], to),
      (at) => this.#lib.reclaim_vlen_memory_count(this.#open, path, "", at, counts),
    );
  }

  /** Records (a compound type) of an array with one axis, by their fields. @throws {MalformedError} */
  records({ path, metadata }: Hdf5Array, start: number, count: number): FieldValues[] {
    let records: FieldValues[] = [];
    const counts = [BigInt(count)];
    this.#intoBytes(
      path,
      count * metadata.size,
      (to) => this.#lib.get_dataset_data(this.#open, path, counts, [BigInt(start)], [1n], to),
      (bytes, at) => {
        records = valuesOfFields(metadata, bytes, count, (pointer, { cset }) => this.#textAt(pointer, cset));
        const reclaim = () => this.#lib.reclaim_vlen_memory_count(this.#open, path, "", BigInt(at), counts);
        if (metadata.compound_type?.members.some(({ vlen }) => vlen)) {
          this.#ask(`${path} cannot be read`, reclaim, () => true);
        }
      },
    );
    return records;
  }

  /** A text of the library, which ends at its first zero; none where there is no pointer. */
  #textAt(pointer: number, cset: number | undefined): string {
    if (pointer === 0) return "";
    return cset === 1 ? this.#lib.UTF8ToString(pointer) : this.#lib.AsciiToString(pointer);
  }

  #textsInto(
    name: string,
    { size, vlen, cset }: Metadata,
    count: number,
    fill: (to: bigint) => number,
    reclaim: (at: bigint) => unknown,
  ): string[] {
    const texts: string[] = [];
    this.#intoBytes(name, count * size, fill, (bytes, at) => {
      if (!vlen) {
        const decoder = new TextDecoder();
        for (let i = 0; i < count; i++) {
          const value = bytes.subarray(i * size, (i + 1) * size);
          const end = value.indexOf(0);
          texts.push(decoder.decode(end < 0 ? value : value.slice(0, end)));
        }
        return;
      }
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let i = 0; i < count; i++) {
        texts.push(this.#textAt(view.getUint32(4 * i, true), cset));
      }
      this.#ask(`${name} cannot be read`, () => reclaim(BigInt(at)), () => true);
    });
    return texts;
  }

  /** Has memory of the library filled by `fill`, which returns a status, and gives it to `take`. */
  #into(
    name: string,
    length: number,
    type: ValueType,
    fill: (to: bigint) => number,
    take: (bytes: Uint8Array) => void,
  ): void {
    this.#intoBytes(name, length * valueBytes(type), fill, take);
  }

  #intoBytes(
    name: string,
    bytes: number,
    fill: (to: bigint) => number,
    take: (bytes: Uint8Array, at: number) => void,
  ): void {
    if (!(bytes <= PART_BYTES_MAX)) {
      throw new UserError(this.path, `${name}: ${bytesText(bytes)} are more than are read at once`);
    }
    const what = `${name} cannot be read`;
    const at = this.#ask(what, () => this.#lib._malloc(Math.max(1, bytes)), (at) => at !== 0);
    try {
      this.#ask(what, () => fill(BigInt(at)), (status) => status >= 0);
      take(this.#lib.HEAPU8.subarray(at, at + bytes), at);
    } finally {
      this.#lib._free(at);
    }
  }

  /** The array of a path; undefined where there is none. */
  array(path: string): Hdf5Array | undefined {
    this.#byPath ??= new Map(this.arrays.map((array) => [array.path, array]));
    return this.#byPath.get(path);
  }

  #byPath: Map<string, Hdf5Array> | null = null;

  /** A single number: of an array with one value. Undefined where there is none of this name. */
  number(path: string): number | undefined {
    const array = this.arrays.find((each) => each.path === path.replace(/^\//, ""));
    if (array === undefined || array.values === undefined) return undefined;
    if (array.shape.some((size) => size !== 1)) return undefined;
    const type = array.values, size = array.shape.length;
    const [counts, starts] = size === 0 ? [null, null] : [Array(size).fill(1n), Array(size).fill(0n)];
    return this.#one(
      array.path,
      type,
      (to) => this.#lib.get_dataset_data(this.#open, array.path, counts, starts, counts, to),
    );
  }

  /** An attribute that is one number; undefined where there is none. @param path "" for the file itself */
  attribute(path: string, name: string): number | undefined {
    const owner = path === "" ? "/" : path;
    const what = `the attributes of ${owner} cannot be read`;
    let names: string[];
    try {
      names = this.#ask(what, () => this.#lib.get_attribute_names(this.#open, owner), Array.isArray);
    } catch {
      return undefined;
    }
    if (!names.includes(name)) return undefined;
    const about = () => this.#lib.get_attribute_metadata(this.#open, owner, name);
    const { shape, values: type } = arrayOf(name, this.#ask(what, about, isMetadata));
    if (type === undefined || shape.some((size) => size !== 1)) return undefined;
    return this.#one(name, type, (to) => this.#lib.get_attribute_data(this.#open, owner, name, to));
  }

  /** An attribute that is text, or a list of texts; undefined where there is none. @param path "" for the file itself */
  attributeTexts(path: string, name: string): string[] | undefined {
    const owner = path === "" ? "/" : path;
    const what = `the attributes of ${owner} cannot be read`;
    const names = this.#ask(what, () => this.#lib.get_attribute_names(this.#open, owner), Array.isArray);
    if (!names.includes(name)) return undefined;
    const about = this.#ask(what, () => this.#lib.get_attribute_metadata(this.#open, owner, name), isMetadata);
    if (about.type !== CLASS.text) return undefined;
    const count = (about.shape ?? []).reduce((product, size) => product * size, 1);
    return this.#textsInto(
      name,
      about,
      count,
      (to) => this.#lib.get_attribute_data(this.#open, owner, name, to),
      (at) => this.#lib.reclaim_vlen_memory(this.#open, owner, name, at),
    );
  }

  /** An attribute that is a list of numbers; undefined where there is none. */
  attributeNumbers(path: string, name: string): number[] | undefined {
    const what = `the attributes of ${path} cannot be read`;
    const names = this.#ask(what, () => this.#lib.get_attribute_names(this.#open, path), Array.isArray);
    if (!names.includes(name)) return undefined;
    const about = () => this.#lib.get_attribute_metadata(this.#open, path, name);
    const { shape, values: type } = arrayOf(name, this.#ask(what, about, isMetadata));
    if (type === undefined) return undefined;
    const out = new Float64Array(shape.reduce((product, size) => product * size, 1));
    this.#into(
      name,
      out.length,
      type,
      (to) => this.#lib.get_attribute_data(this.#open, path, name, to),
      (bytes) => toNumbers(type, ORDER, bytes, out),
    );
    return [...out];
  }

  #one(name: string, type: ValueType, fill: (to: bigint) => number): number {
    let value = NaN;
    this.#into(name, 1, type, fill, (bytes) => value = firstNumber(type, ORDER, bytes));
    return value;
  }

  /** Idempotent. */
  close(): void {
    if (this.#id !== null) this.#lib.close_file(this.#id);
    this.#id = null;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

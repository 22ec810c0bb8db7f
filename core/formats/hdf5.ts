/**
 * HDF5 files, read by the HDF5 library itself, which h5wasm has compiled to WebAssembly: what a damaged file does to it stays
 * in there. Links to other files are not followed.
 */
import fs from "node:fs";
import type { Metadata, ready } from "h5wasm/node";
import { MalformedError, UserError } from "../errors.ts";
import { bytesText } from "../figures.ts";
import { InputFile } from "./file.ts";
import { type ByteOrder, firstNumber, toFloats, valueBytes, type ValueType } from "./values.ts";

type H5Module = Awaited<typeof ready>;

/** An array of a file. */
export interface Hdf5Array {
  /** From the root, without a slash before it: `data/rf`. */
  readonly path: string;
  /** `[]` of a single value. */
  readonly shape: readonly number[];
  /** In words: `float32`; "text" and the like where it is not read. */
  readonly type: string;
  /** How its values are stored; undefined where they are no numbers. */
  readonly values: ValueType | undefined;
  /** The shape of the parts that are stored, and compressed, each for itself; null where it is one. */
  readonly chunks: readonly number[] | null;
}

/** Bytes of a part that is read at once. */
const PART_BYTES_MAX = 1e9;
const NAMES_MAX = 1_000_000;
const TEXT_BYTES_MAX = 1 << 16;
/** The byte order in which the library gives values, whatever the file's. */
const ORDER: ByteOrder = "little";

/** HDF5's classes of types. */
const CLASS = {
  integer: 0,
  float: 1,
  text: 3,
  compound: 6,
  reference: 7,
  enumeration: 8,
  varying: 9,
  array: 10,
} as const;

let library: Promise<H5Module> | undefined;
/** Takes what the library prints while it is asked something. */
let said: ((text: string) => void) | null = null;

async function load(): Promise<H5Module> {
  return await (library ??= begin());
}

/** The library, and beside it the compressions that are no part of it, such as LZF and Blosc, each loaded when it is needed. */
async function begin(): Promise<H5Module> {
  const { error, warn } = console;
  // The library keeps these two functions for what it has to say.
  console.error = (...texts) => said ? said(texts.join(" ")) : error.apply(console, texts);
  console.warn = (...texts) => said ? said(texts.join(" ")) : warn.apply(console, texts);
  try {
    const lib = await (await import("h5wasm/node")).ready;
    const others = lib.get_plugin_search_paths().length;
    (await import("h5wasm-plugins")).install_local_plugins(lib);
    for (let i = 0; i < others; i++) lib.remove_plugin_search_path(1);
    return lib;
  } finally {
    Object.assign(console, { error, warn });
  }
}

/**
 * Runs a call of the library. It prints what fails on standard error, which is kept from there, and the last line of it,
 * where it failed first, is the reason.
 * @throws {MalformedError}
 */
function asked<T>(path: string, what: string, call: () => T, isGood: (result: T) => boolean): T {
  const { writeSync } = fs;
  let text = "";
  const keep = (handle: number, bytes: Uint8Array, from = 0, length = bytes.length - from, ...rest: unknown[]) => {
    if (handle !== 2) return (writeSync as (...all: unknown[]) => number)(handle, bytes, from, length, ...rest);
    text += new TextDecoder().decode(bytes.subarray(from, from + length));
    return length;
  };
  let result: T | undefined, failure: unknown;
  try {
    fs.writeSync = keep as unknown as typeof fs.writeSync;
    said = (more) => text += `${more}\n`;
    result = call();
  } catch (thrown) {
    failure = thrown;
  } finally {
    fs.writeSync = writeSync;
    said = null;
  }
  if (failure === undefined && isGood(result as T)) return result as T;
  const filter = /required filter '[^']*' is not registered/.exec(text)?.[0];
  const first = [...text.matchAll(/#\d+: .* in \w+\(\): (.*)/g)].at(-1)?.[1];
  const reason = filter ?? first ?? (failure instanceof Error ? failure.message.split("\n")[0]! : "");
  throw new MalformedError(path, `${what}${reason ? `: ${reason}` : ""}`);
}

/** Whether a file begins like HDF5, after a block of the user's of 0, 512, 1024 or 2048 bytes. */
export function isHdf5(head: Uint8Array): boolean {
  const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
  return [0, 512, 1024, 2048].some((at) => signature.every((byte, i) => head[at + i] === byte));
}

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
   * A part of an array of numbers, in C order.
   * @param start the first index of each axis
   * @param count how many along each axis
   * @throws {MalformedError}
   */
  read({ path, values: type }: Hdf5Array, start: readonly number[], count: readonly number[]): Float32Array {
    if (type === undefined) throw new Error(`${path} holds no numbers`);
    const length = count.reduce((product, size) => product * size, 1);
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
      (bytes) => toFloats(type, ORDER, bytes, out),
    );
    return out;
  }

  /** Has memory of the library filled by `fill`, which returns a status, and gives it to `take`. */
  #into(
    name: string,
    length: number,
    type: ValueType,
    fill: (to: bigint) => number,
    take: (bytes: Uint8Array) => void,
  ): void {
    const bytes = length * valueBytes(type);
    if (!(bytes <= PART_BYTES_MAX)) {
      throw new UserError(this.path, `${name}: ${bytesText(bytes)} are more than are read at once`);
    }
    const what = `${name} cannot be read`;
    const at = this.#ask(what, () => this.#lib._malloc(Math.max(1, bytes)), (at) => at !== 0);
    try {
      this.#ask(what, () => fill(BigInt(at)), (status) => status >= 0);
      take(this.#lib.HEAPU8.subarray(at, at + bytes));
    } finally {
      this.#lib._free(at);
    }
  }

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

  /** An attribute that is text of fixed length; undefined where there is none. */
  text(path: string, name: string): string | undefined {
    const what = `the attributes of ${path} cannot be read`;
    const names = this.#ask(what, () => this.#lib.get_attribute_names(this.#open, path), Array.isArray) as string[];
    if (!names.includes(name)) return undefined;
    const about = () => this.#lib.get_attribute_metadata(this.#open, path, name);
    const { type, size, vlen } = this.#ask(what, about, isMetadata);
    if (type !== CLASS.text || vlen || size > TEXT_BYTES_MAX) return undefined;
    let text = "";
    const fill = (to: bigint) => this.#lib.get_attribute_data(this.#open, path, name, to);
    this.#into(name, size, "uint8", fill, (bytes) => text = new TextDecoder().decode(bytes).replace(/\0.*$/s, ""));
    return text;
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

const isMetadata = (data: Metadata) => data !== null && typeof data === "object" && "type" in data;

function arrayOf(path: string, data: Metadata): Hdf5Array {
  const { shape, chunks, type, size, signed } = data;
  const base = { path, shape: shape ?? [0], chunks } as const;
  const none = (words: string): Hdf5Array => ({ ...base, type: words, values: undefined });
  const some = (values: ValueType, words: string = values): Hdf5Array => ({ ...base, type: words, values });
  if (type === CLASS.float) {
    return size === 4 || size === 8 ? some(`float${8 * size as 32 | 64}`) : none(`float${8 * size}`);
  }
  if (type === CLASS.integer || type === CLASS.enumeration) {
    if (![1, 2, 4, 8].includes(size)) return none(`integer of ${size} bytes`);
    const isSigned = type === CLASS.integer ? signed : false;
    const name = `${isSigned ? "" : "u"}int${8 * size}` as ValueType;
    return some(name, type === CLASS.enumeration ? "enumeration" : name);
  }
  if (type === CLASS.text) return none("text");
  if (type === CLASS.compound) {
    const names = data.compound_type?.members.map(({ name }) => name) ?? [];
    const isComplex = names.length === 2 && /^(r|re|real)$/.test(names[0]!) && /^(i|im|imag)$/.test(names[1]!);
    return none(isComplex ? "complex" : `record of ${names.length} fields`);
  }
  return none(type === CLASS.reference ? "reference" : type === CLASS.varying ? "varying lengths" : "another type");
}

/** An HDF5 file that is open: memory of the library that it fills, and attributes. */
import type { Metadata } from "h5wasm/node";
import { UserError } from "../errors.ts";
import { bytesText } from "../figures.ts";
import { arrayOf, CLASS, isMetadata } from "./hdf5_arrays.ts";
import { asked, type H5Module } from "./hdf5_library.ts";
import { type ByteOrder, firstNumber, toNumbers, valueBytes, type ValueType } from "./values.ts";

/** Bytes of a part that is read at once. */
const PART_BYTES_MAX = 1e9;

export class OpenHdf5 implements Disposable {
  #id: bigint | null;

  protected constructor(protected readonly lib: H5Module, id: bigint, readonly path: string) {
    this.#id = id;
  }

  protected ask<T>(what: string, call: () => T, isGood: (result: T) => boolean): T {
    return asked(this.path, what, call, isGood);
  }

  protected get open(): bigint {
    if (this.#id === null) throw new Error(`${this.path}: read after close`);
    return this.#id;
  }

  /** A text of the library, which ends at its first zero; none where there is no pointer. */
  protected textAt(pointer: number, cset: number | undefined): string {
    if (pointer === 0) return "";
    return cset === 1 ? this.lib.UTF8ToString(pointer) : this.lib.AsciiToString(pointer);
  }

  protected textsInto(
    name: string,
    { size, vlen, cset }: Metadata,
    count: number,
    fill: (to: bigint) => number,
    reclaim: (at: bigint) => unknown,
  ): string[] {
    const texts: string[] = [];
    this.intoBytes(name, count * size, fill, (bytes, at) => {
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
        texts.push(this.textAt(view.getUint32(4 * i, true), cset));
      }
      this.ask(`${name} cannot be read`, () => reclaim(BigInt(at)), () => true);
    });
    return texts;
  }

  /** Has memory of the library filled by `fill`, which returns a status, and gives it to `take`. */
  protected into(
    name: string,
    length: number,
    type: ValueType,
    fill: (to: bigint) => number,
    take: (bytes: Uint8Array) => void,
  ): void {
    this.intoBytes(name, length * valueBytes(type), fill, take);
  }

  protected intoBytes(
    name: string,
    bytes: number,
    fill: (to: bigint) => number,
    take: (bytes: Uint8Array, at: number) => void,
  ): void {
    if (!(bytes <= PART_BYTES_MAX)) {
      throw new UserError(this.path, `${name}: ${bytesText(bytes)} are more than are read at once`);
    }
    const what = `${name} cannot be read`;
    const at = this.ask(what, () => this.lib._malloc(Math.max(1, bytes)), (at) => at !== 0);
    try {
      this.ask(what, () => fill(BigInt(at)), (status) => status >= 0);
      take(this.lib.HEAPU8.subarray(at, at + bytes), at);
    } finally {
      this.lib._free(at);
    }
  }

  /** The names of the attributes that were asked for last: several of one owner are mostly asked for together. */
  #attributes: { readonly owner: string; readonly names: readonly string[] } | null = null;

  #attributesOf(owner: string, what: string): readonly string[] {
    if (this.#attributes?.owner !== owner) {
      const ask = () => this.lib.get_attribute_names(this.open, owner);
      this.#attributes = { owner, names: this.ask(what, ask, Array.isArray) };
    }
    return this.#attributes.names;
  }

  /** An attribute that is one number; undefined where there is none. @param path "" for the file itself */
  attribute(path: string, name: string): number | undefined {
    const owner = path === "" ? "/" : path;
    const what = `the attributes of ${owner} cannot be read`;
    let names: readonly string[];
    try {
      names = this.#attributesOf(owner, what);
    } catch {
      return undefined;
    }
    if (!names.includes(name)) return undefined;
    const about = () => this.lib.get_attribute_metadata(this.open, owner, name);
    const { shape, values: type, order } = arrayOf(name, this.ask(what, about, isMetadata));
    if (type === undefined || shape.some((size) => size !== 1)) return undefined;
    return this.one(name, type, order, (to) => this.lib.get_attribute_data(this.open, owner, name, to));
  }

  /** An attribute that is text, or a list of texts; undefined where there is none. @param path "" for the file itself */
  attributeTexts(path: string, name: string): string[] | undefined {
    const owner = path === "" ? "/" : path;
    const what = `the attributes of ${owner} cannot be read`;
    if (!this.#attributesOf(owner, what).includes(name)) return undefined;
    const about = this.ask(what, () => this.lib.get_attribute_metadata(this.open, owner, name), isMetadata);
    if (about.type !== CLASS.text) return undefined;
    const count = (about.shape ?? []).reduce((product, size) => product * size, 1);
    return this.textsInto(
      name,
      about,
      count,
      (to) => this.lib.get_attribute_data(this.open, owner, name, to),
      (at) => this.lib.reclaim_vlen_memory(this.open, owner, name, at),
    );
  }

  /** An attribute that is a list of numbers; undefined where there is none. */
  attributeNumbers(path: string, name: string): number[] | undefined {
    const what = `the attributes of ${path} cannot be read`;
    if (!this.#attributesOf(path, what).includes(name)) return undefined;
    const about = () => this.lib.get_attribute_metadata(this.open, path, name);
    const { shape, values: type, order } = arrayOf(name, this.ask(what, about, isMetadata));
    if (type === undefined) return undefined;
    const out = new Float64Array(shape.reduce((product, size) => product * size, 1));
    this.into(
      name,
      out.length,
      type,
      (to) => this.lib.get_attribute_data(this.open, path, name, to),
      (bytes) => toNumbers(type, order, bytes, out),
    );
    return [...out];
  }

  protected one(name: string, type: ValueType, order: ByteOrder, fill: (to: bigint) => number): number {
    let value = NaN;
    this.into(name, 1, type, fill, (bytes) => value = firstNumber(type, order, bytes));
    return value;
  }

  /** Idempotent. */
  close(): void {
    if (this.#id !== null) this.lib.close_file(this.#id);
    this.#id = null;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

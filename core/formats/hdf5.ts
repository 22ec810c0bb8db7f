/** HDF5 files, read by the HDF5 library itself. Links to other files are not followed. */
import { MalformedError, UserError } from "../errors.ts";
import { InputFile } from "./file.ts";
import { asked, type H5Module, load } from "./hdf5_library.ts";
import { arrayOf, CLASS, type Hdf5Array, isMetadata } from "./hdf5_arrays.ts";
import { OpenHdf5 } from "./hdf5_open.ts";
import { type FieldValues, valuesOfFields } from "./hdf5_records.ts";
import { headerOf } from "./hdf5_types.ts";
import { toNumbers } from "./values.ts";

const NAMES_MAX = 1_000_000;
/** Bytes of a reference to an object, which is its address. */
const ADDRESS_BYTES = 8;
const SAVE_INSIDE = "copy the values into one file";
const SAVE_AGAIN = "save it as float32, or as whole numbers of 8, 16 or 32 bits";

export class Hdf5File extends OpenHdf5 {
  /** Names of arrays and groups. */
  readonly #objects: string[] = [];
  /** All arrays, in the order of their paths. */
  readonly arrays: readonly Hdf5Array[];
  /** Names that lead to other files. */
  readonly foreign: readonly string[];

  private constructor(lib: H5Module, id: bigint, path: string) {
    super(lib, id, path);
    const foreign: string[] = [], arrays: Hdf5Array[] = [];
    const names = this.ask("its names cannot be read", () => lib.get_names(id, "/", true), Array.isArray);
    if (names.length > NAMES_MAX) throw new MalformedError(path, `has more than ${NAMES_MAX} names`);
    for (const name of names) {
      const what = `${name} cannot be read`;
      const target = this.ask(what, () => lib.get_external_link(id, name) as { filename?: string }, () => true);
      if (target.filename !== undefined) {
        foreign.push(name);
        continue;
      }
      if (this.ask(what, () => lib.get_symbolic_link(id, name) as string | null, () => true) !== null) continue;
      const type = this.ask(what, () => lib.get_type(id, name), (type) => type >= 0);
      if (type === lib.H5G_DATASET || type === lib.H5G_GROUP) this.#objects.push(name);
      if (type === lib.H5G_DATASET) {
        const data = this.ask(what, () => lib.get_dataset_metadata(id, name), isMetadata);
        arrays.push(arrayOf(name, data, () => this.#header(name)?.forms ?? null));
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

  #header = (name: string) => headerOf(this.path, Number(this.#address(name)));

  readonly #plain = new Set<Hdf5Array>();

  /**
   * Refuses values that lie in other files, numbers of fewer bits than their bytes have, and of odd forms, whose bytes say something
   * else. @throws {UserError}
   */
  #requirePlain(array: Hdf5Array): void {
    if (this.#plain.has(array)) return;
    const { forms, isElsewhere } = this.#header(array.path) ?? { forms: null, isElsewhere: false };
    if (isElsewhere) {
      throw new UserError(this.path, `${array.path} lies in other files, which are not read`, SAVE_INSIDE);
    }
    const odd = array.isText ? undefined : forms?.find((form) => "words" in form);
    if (odd !== undefined) {
      throw new UserError(this.path, `${array.path} holds numbers that are not read (${odd.words})`, SAVE_AGAIN);
    }
    this.#plain.add(array);
  }

  /**
   * A part of an array of numbers, in C order; of complex numbers two values each.
   * @param start the first index of each axis
   * @param count how many along each axis
   * @throws {MalformedError}
   */
  read(array: Hdf5Array, start: readonly number[], count: readonly number[]): Float32Array {
    const { path, complex } = array;
    const { type, order } = complex ?? { type: array.values, order: array.order };
    if (type === undefined) throw new Error(`${path} holds no numbers`);
    this.#requirePlain(array);
    const length = count.reduce((product, size) => product * size, complex ? 2 : 1);
    const out = new Float32Array(length);
    const big = (sizes: readonly number[]) => sizes.map(BigInt);
    // A single value has no axes to choose from.
    const [counts, starts, steps] = start.length === 0
      ? [null, null, null]
      : [big(count), big(start), start.map(() => 1n)];
    this.into(
      path,
      length,
      type,
      (to) => this.lib.get_dataset_data(this.open, path, counts, starts, steps, to),
      (bytes) => toNumbers(type, order, bytes, out),
    );
    return out;
  }

  /** Like `read`, as exactly as doubles hold the values: of numbers of entries, and of positions. @throws {MalformedError} */
  numbers(array: Hdf5Array, start: number, count: number): Float64Array {
    const { path, values: type, order } = array;
    if (type === undefined) throw new MalformedError(this.path, `${path} holds no numbers`);
    this.#requirePlain(array);
    const out = new Float64Array(count);
    this.into(
      path,
      count,
      type,
      (to) => this.lib.get_dataset_data(this.open, path, [BigInt(count)], [BigInt(start)], [1n], to),
      (bytes) => toNumbers(type, order, bytes, out),
    );
    return out;
  }

  /** The paths of the arrays and groups that an array of references leads to, in C order; "" where one leads nowhere. @throws {MalformedError} */
  references(array: Hdf5Array): string[] {
    const { path, shape, metadata } = array;
    this.#requirePlain(array);
    const count = shape.reduce((product, size) => product * size, 1), { size } = metadata;
    if (metadata.type !== CLASS.reference) throw new MalformedError(this.path, `${path} holds no references`);
    if (size !== ADDRESS_BYTES) throw new MalformedError(this.path, `${path} cannot be followed`);
    const all: string[] = [];
    const read = (to: bigint) => this.lib.get_dataset_data(this.open, path, null, null, null, to);
    this.intoBytes(path, count * size, read, (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < bytes.length; at += size) {
        const address = view.getBigUint64(at, true);
        const name = address === 0n ? "" : this.#nameAt(address);
        if (name === undefined) throw new MalformedError(this.path, `${path} refers to what is not there`);
        all.push(name);
      }
    });
    return all;
  }

  #names: ReadonlyMap<bigint, string> | null = null;

  /** The name of what is at an address. The library finds one by going through the whole file, so all are asked for once. */
  #nameAt(address: bigint): string | undefined {
    this.#names ??= new Map(this.#objects.map((name) => [this.#address(name), name]));
    return this.#names.get(address);
  }

  /** The address of an object's header, as a reference to it has it. */
  #address(name: string): bigint {
    const refer = () => this.lib.create_object_reference(this.open, name);
    const isWhole = (bytes: Uint8Array) => bytes?.length === ADDRESS_BYTES;
    const place = Uint8Array.from(this.ask(`${name} cannot be read`, refer, isWhole));
    return new DataView(place.buffer).getBigUint64(0, true);
  }

  /** Texts of an array with one axis. @throws {MalformedError} */
  texts(array: Hdf5Array, start: number, count: number): string[] {
    const { path, metadata, isText } = array;
    if (!isText) throw new MalformedError(this.path, `${path} holds no texts`);
    this.#requirePlain(array);
    const counts = [BigInt(count)];
    return this.textsInto(
      path,
      metadata,
      count,
      (to) => this.lib.get_dataset_data(this.open, path, counts, [BigInt(start)], [1n], to),
      (at) => this.lib.reclaim_vlen_memory_count(this.open, path, "", at, counts),
    );
  }

  /** Records (a compound type) of an array with one axis, by their fields. @throws {MalformedError} */
  records(array: Hdf5Array, start: number, count: number): FieldValues[] {
    const { path, metadata } = array;
    this.#requirePlain(array);
    let records: FieldValues[] = [];
    const counts = [BigInt(count)];
    this.intoBytes(
      path,
      count * metadata.size,
      (to) => this.lib.get_dataset_data(this.open, path, counts, [BigInt(start)], [1n], to),
      (bytes, at) => {
        records = valuesOfFields(metadata, bytes, count, (pointer, { cset }) => this.textAt(pointer, cset));
        const reclaim = () => this.lib.reclaim_vlen_memory_count(this.open, path, "", BigInt(at), counts);
        if (metadata.compound_type?.members.some(({ vlen }) => vlen)) {
          this.ask(`${path} cannot be read`, reclaim, () => true);
        }
      },
    );
    return records;
  }

  /** The array of a path; undefined where there is none. */
  array(path: string): Hdf5Array | undefined {
    this.#byPath ??= new Map(this.arrays.map((array) => [array.path, array]));
    return this.#byPath.get(path);
  }

  #byPath: Map<string, Hdf5Array> | null = null;

  /** A single number: of an array with one value. Undefined where there is none of this name. */
  number(path: string): number | undefined {
    const array = this.array(path.replace(/^\//, ""));
    if (array === undefined || array.values === undefined) return undefined;
    if (array.shape.some((size) => size !== 1)) return undefined;
    this.#requirePlain(array);
    const type = array.values, size = array.shape.length;
    const [counts, starts] = size === 0 ? [null, null] : [Array(size).fill(1n), Array(size).fill(0n)];
    return this.one(
      array.path,
      type,
      array.order,
      (to) => this.lib.get_dataset_data(this.open, array.path, counts, starts, counts, to),
    );
  }
}

/**
 * safetensors files (https://github.com/huggingface/safetensors): 8 bytes little-endian length N, N bytes of JSON
 * `{name: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {string: string}}`, then the data without gaps.
 */
import { MalformedError, UserError } from "../errors.ts";
import { InputFile } from "./file.ts";
import { isRecord, parseJson } from "./json.ts";
import {
  ELEMENT_BYTES,
  largestSlice,
  STORED_BYTES,
  type StoredDtype,
  type TensorDtype,
  type TensorInfo,
  tensorSizes,
  tensorSlices,
  type TensorSource,
} from "./tensor.ts";

/** The format's own limit on the header. */
const HEADER_BYTES_MAX = 100_000_000;

/**
 * The bytes of a file, piece by piece. A piece is overwritten by the next one, so use it up before asking for more. While
 * it is used, the slice after it is being read. Tensors are laid out by falling element size, then in the order given, so
 * that each is aligned.
 */
export async function* encodeSafetensors(
  sources: readonly TensorSource<StoredDtype>[],
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const ordered = [...sources].sort((a, b) => STORED_BYTES[b.dtype] - STORED_BYTES[a.dtype]);
  yield encodeHeader(ordered, metadata);
  const size = largestSlice(ordered);
  let free = new Uint8Array(size), read = new Uint8Array(size);
  const slices = allSlices(ordered);
  const begin = () => {
    const { value } = slices.next();
    if (value === undefined) return null;
    const slice = free.subarray(0, value.bytes);
    [free, read] = [read, free];
    const reading = value.source.read(value.firstRow, value.rows, slice).then(() => slice);
    reading.catch(() => {}); // it is told where the slice is waited for
    return reading;
  };
  let reading = begin();
  try {
    while (reading !== null) {
      const slice: Uint8Array<ArrayBuffer> = await reading;
      reading = begin();
      yield slice;
    }
  } finally {
    await reading?.catch(() => {}); // afterwards nothing uses the tensors any more
  }
}

function* allSlices(sources: readonly TensorSource<StoredDtype>[]) {
  for (const source of sources) {
    for (const slice of tensorSlices(source)) yield { source, ...slice };
  }
}

function encodeHeader(sources: readonly TensorInfo<StoredDtype>[], metadata: Readonly<Record<string, string>>) {
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let begin = 0;
  for (const { name, dtype, shape } of sources) {
    if (name === "__metadata__" || entries.some(([other]) => other === name)) {
      throw new Error(`two tensors named ${JSON.stringify(name)}`);
    }
    const end = begin + tensorSizes({ dtype, shape }).bytes;
    entries.push([name, { dtype, shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, 8);
  return header;
}

interface StoredTensor<D extends StoredDtype> extends TensorInfo<D> {
  /** Bytes from the start of the file. */
  readonly offset: number;
}

/** A safetensors file opened for reading, its header checked in full. */
export class SafetensorsFile<D extends StoredDtype = TensorDtype> implements Disposable {
  readonly #file: InputFile;
  readonly tensors: ReadonlyMap<string, StoredTensor<D>>;
  readonly metadata: Readonly<Record<string, string>>;

  private constructor(
    file: InputFile,
    header: Header<D>,
  ) {
    this.#file = file;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
  }

  /** A file of the engine's types. @throws {UserError} naming the file and the field that is wrong. */
  static open(path: string): Promise<SafetensorsFile> {
    return SafetensorsFile.#open(path, ELEMENT_BYTES);
  }

  /** A file of any types, to be converted by who reads it. @throws {UserError} as `open` */
  static openStored(path: string): Promise<SafetensorsFile<StoredDtype>> {
    return SafetensorsFile.#open(path, STORED_BYTES);
  }

  static async #open<D extends StoredDtype>(path: string, types: Types<D>): Promise<SafetensorsFile<D>> {
    const file = await InputFile.open(path);
    try {
      return new SafetensorsFile(file, await readHeader(file, types));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get path(): string {
    return this.#file.path;
  }

  /** Fills `into` with rows [firstRow, firstRow + rows) of a tensor. Calls must not overlap. */
  async read(name: string, firstRow: number, rows: number, into: Uint8Array<ArrayBuffer>): Promise<void> {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UserError(this.path, `there is no tensor ${JSON.stringify(name)}`, undefined, 1);
    const { rows: all, rowBytes } = tensorSizes(tensor);
    if (!(firstRow >= 0 && rows >= 0 && firstRow + rows <= all && into.length === rows * rowBytes)) {
      throw new RangeError(`rows ${firstRow} to ${firstRow + rows} of ${all} into ${into.length} bytes`);
    }
    await this.#file.readAt(tensor.offset + firstRow * rowBytes, into);
  }

  /** Fills `into` with a tensor's bytes from `offset` on. Calls must not overlap. */
  async readBytes(name: string, offset: number, into: Uint8Array<ArrayBuffer>): Promise<void> {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UserError(this.path, `there is no tensor ${JSON.stringify(name)}`, undefined, 1);
    const { bytes } = tensorSizes(tensor);
    if (!(offset >= 0 && offset + into.length <= bytes)) {
      throw new RangeError(`bytes ${offset} to ${offset + into.length} of ${bytes}`);
    }
    await this.#file.readAt(tensor.offset + offset, into);
  }

  /** A tensor as a source, to copy it elsewhere. It reads from this file, so it ends with it. */
  source(this: SafetensorsFile, name: string): TensorSource {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UserError(this.path, `there is no tensor ${JSON.stringify(name)}`, undefined, 1);
    return {
      name,
      dtype: tensor.dtype,
      shape: tensor.shape,
      read: (firstRow, rows, into) => this.read(name, firstRow, rows, into),
    };
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Bytes of an element of the types that are taken. */
type Types<D extends StoredDtype> = Readonly<Record<D, number>>;

interface Header<D extends StoredDtype> {
  readonly tensors: Map<string, StoredTensor<D>>;
  readonly metadata: Record<string, string>;
}

async function readHeader<D extends StoredDtype>(file: InputFile, types: Types<D>): Promise<Header<D>> {
  const bad = (field: string, what: string) => new MalformedError(file.path, `${field}: ${what}`);
  if (file.size < 8) throw bad("header length", `the file has ${file.size} bytes, no safetensors header`);
  const prefix = new Uint8Array(8);
  await file.readAt(0, prefix);
  const declared = new DataView(prefix.buffer).getBigUint64(0, true);
  if (declared > BigInt(HEADER_BYTES_MAX) || declared > BigInt(file.size - 8)) {
    throw bad("header length", `${declared} bytes declared, the file has ${file.size}`);
  }
  const bytes = new Uint8Array(Number(declared));
  await file.readAt(8, bytes);

  const json = parseJson(bytes, `${file.path}: header`);
  if (!isRecord(json)) throw bad("header", "not an object");

  const start = 8 + bytes.length;
  let metadata: Record<string, string> = {};
  const stored: StoredTensor<D>[] = [];
  for (const [name, entry] of Object.entries(json)) {
    const field = `header, ${JSON.stringify(name)}`;
    if (name === "__metadata__") {
      if (!isRecord(entry) || Object.values(entry).some((value) => typeof value !== "string")) {
        throw bad(field, "not an object of strings");
      }
      metadata = entry as Record<string, string>;
    } else {
      const problem = entryProblem(entry, types);
      if (problem) throw bad(field, problem);
      const { dtype, shape, data_offsets } = entry as unknown as HeaderEntry<D>;
      stored.push({ name, dtype, shape, offset: start + data_offsets[0] });
    }
  }

  let next = start;
  for (const tensor of stored.sort((a, b) => a.offset - b.offset || tensorSizes(a).bytes - tensorSizes(b).bytes)) {
    if (tensor.offset !== next) {
      throw bad(
        `header, ${JSON.stringify(tensor.name)}`,
        `data_offsets: begins at ${tensor.offset - start}, expected ${next - start} (a gap or an overlap)`,
      );
    }
    next += tensorSizes(tensor).bytes;
  }
  if (next !== file.size) {
    throw bad("data", `the tensors take ${next - start} bytes, the file holds ${file.size - start}`);
  }
  return { tensors: new Map(stored.map((tensor) => [tensor.name, tensor])), metadata };
}

interface HeaderEntry<D extends StoredDtype> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** What is wrong with one tensor's header entry, or null. */
function entryProblem(entry: unknown, types: Readonly<Record<string, number>>): string | null {
  if (!isRecord(entry)) return "not an object";
  const { dtype, shape, data_offsets: offsets, ...rest } = entry;
  const extra = Object.keys(rest)[0];
  if (extra !== undefined) return `unknown field ${JSON.stringify(extra)}`;
  if (typeof dtype !== "string" || !Object.hasOwn(types, dtype)) {
    return `dtype: ${JSON.stringify(dtype)} is not one of ${Object.keys(types).join(", ")}`;
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) return "shape: not a list of sizes";
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return "data_offsets: not two offsets";
  }
  const { bytes } = tensorSizes({ dtype: dtype as StoredDtype, shape });
  if (!Number.isSafeInteger(bytes)) return "shape: too large";
  const held = (offsets[1] as number) - (offsets[0] as number);
  if (held !== bytes) return `data_offsets: hold ${held} bytes, the shape needs ${bytes}`;
  return null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

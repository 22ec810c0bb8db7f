/** Arrays of an `.npz` file that are read from their start to their end, stored or deflated, a part at a time. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createInflateRaw } from "node:zlib";
import { UserError } from "../errors.ts";
import { ioError } from "./io_error.ts";
import { InputFile } from "./file.ts";
import { npyFields } from "./npy.ts";
import { type ByteOrder, NUMPY_TYPES, toNumbers, valueBytes, type ValueType } from "./values.ts";
import { type Place, type ZipMember, zipMembers } from "./zip_members.ts";

const BLOCK_BYTES = 1 << 20;
const HEADER_BYTES_MAX = 1 << 16;
const AGAIN = "make the file again, or fetch it again";

function opened(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path);
  } catch (cause) {
    throw ioError(path, "open", cause);
  }
}

/** The members of an `.npz` file, with the text of the small ones. */
export function npzMembers(path: string): readonly ZipMember[] {
  using file = opened(path);
  return zipMembers(file, file.statSync().size).map((member) => {
    const text = member.text(); // while the file is open
    return { ...member, text: () => text };
  });
}

/** The unpacked bytes of a member. @throws {UserError} */
async function* unpacked(
  path: string,
  name: string,
  { offset, method, packed, size }: Place,
): AsyncGenerator<Uint8Array> {
  const header = new Uint8Array(30);
  {
    using file = await InputFile.open(path);
    if (offset + 30 > file.size) throw new UserError(path, `${name} begins behind the file's end`, AGAIN);
    await file.readAt(offset, header);
  }
  const view = new DataView(header.buffer);
  if (view.getUint32(0, true) !== 0x04034b50) throw new UserError(path, `${name} is not where the archive says`, AGAIN);
  if (method !== 0 && method !== 8) {
    throw new UserError(path, `${name} is packed in a way that is not read (${method})`);
  }
  const start = offset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (packed === 0) return;
  const file = createReadStream(path, { start, end: start + packed - 1, highWaterMark: BLOCK_BYTES });
  const stream = method === 8 ? pipeline(file, createInflateRaw({ chunkSize: BLOCK_BYTES }), () => {}) : file;
  let seen = 0;
  try {
    for await (const bytes of stream) {
      seen += (bytes as Uint8Array).length;
      if (seen > size) throw new UserError(path, `${name} has more than the ${size} bytes that it says`, AGAIN);
      yield bytes as Uint8Array;
    }
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(path, `${name} cannot be unpacked (${(cause as Error).message})`, AGAIN);
  } finally {
    file.destroy();
    stream.destroy();
  }
  if (seen !== size) throw new UserError(path, `${name} has ${seen} bytes, but says ${size}`, AGAIN);
}

/** An array of numbers in an `.npz` file. */
export class ArrayStream {
  #rest = new Uint8Array(0);

  private constructor(
    readonly path: string,
    readonly name: string,
    readonly shape: readonly number[],
    readonly type: ValueType,
    readonly order: ByteOrder,
    readonly bytes: AsyncGenerator<Uint8Array>,
    rest: Uint8Array,
  ) {
    this.#rest = rest.slice();
  }

  /** @throws {UserError} where the header is damaged, or the values are no numbers */
  static async open(path: string, { name, place }: ZipMember): Promise<ArrayStream> {
    const bytes = unpacked(path, name, place);
    const bad = (field: string, what: string, hint?: string) => new UserError(path, `${name}: ${field}: ${what}`, hint);
    let head = new Uint8Array(0);
    const need = async (count: number) => {
      while (head.length < count) {
        const { value, done } = await bytes.next();
        if (done) throw bad("header", "the array is cut short", AGAIN);
        head = joined(head, value);
      }
    };
    await need(12);
    if (String.fromCharCode(...head.subarray(1, 6)) !== "NUMPY") throw bad("magic", "this is not an .npy array");
    const view = new DataView(head.buffer);
    const [from, length] = head[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
    if (length > HEADER_BYTES_MAX) throw bad("header length", `${length} bytes`);
    await need(from + length);
    const { descr, shape } = npyFields(head.subarray(from, from + length), bad);
    const type = NUMPY_TYPES[descr.replace(/^[<>=|]/, "")];
    if (type === undefined) throw bad("descr", `'${descr.slice(0, 40)}' is not a type of numbers`);
    if (!shape.every(Number.isSafeInteger)) throw bad("shape", "is too large", AGAIN);
    const values = shape.reduce((product, size) => product * size, 1);
    if (from + length + values * valueBytes(type) !== place.size) {
      throw bad("shape", `(${shape.join(", ")}) of ${type} does not fit the ${place.size} bytes that are there`, AGAIN);
    }
    return new ArrayStream(
      path,
      name,
      shape,
      type,
      descr.startsWith(">") ? "big" : "little",
      bytes,
      head.subarray(from + length),
    );
  }

  /** The next `count` values. @throws {UserError} where there are no more so many */
  async read(count: number): Promise<Float64Array> {
    const bytes = count * valueBytes(this.type);
    const parts = [this.#rest];
    let there = this.#rest.length;
    while (there < bytes) {
      const { value, done } = await this.bytes.next();
      if (done) throw new UserError(this.path, `${this.name} is cut short`, AGAIN);
      parts.push(value as Uint8Array<ArrayBuffer>);
      there += value.length;
    }
    const all = new Uint8Array(there);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    this.#rest = all.slice(bytes);
    const out = new Float64Array(count);
    toNumbers(this.type, this.order, all.subarray(0, bytes), out);
    return out;
  }

  async close(): Promise<void> {
    await this.bytes.return(undefined);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

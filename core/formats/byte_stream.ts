/** A file, or a part of one, that is read from its start to its end, plain or compressed, in bounded memory. */
import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip, createInflate, createInflateRaw } from "node:zlib";
import { UserError } from "../errors.ts";
import { InputFile } from "./file.ts";
import { ioError } from "./io_error.ts";

const BLOCK_BYTES = 1 << 18;

/** `raw` is Deflate without a header, as in zip archives. */
export type Packed = "gzip" | "zlib" | "raw" | null;
interface Range {
  readonly start?: number;
  readonly end?: number;
}

export class ByteStream implements Disposable {
  #rest: Uint8Array = new Uint8Array(0);
  readonly #blocks: AsyncIterator<Uint8Array>;
  readonly #close: () => void;

  private constructor(readonly path: string, readonly packed: Packed, range: Range = {}) {
    const { start = 0, end = Infinity } = range;
    // A stream of files takes no empty range.
    const file = end < start ? Readable.from([]) : createReadStream(path, { highWaterMark: BLOCK_BYTES, ...range });
    const unpack = packed &&
      { gzip: createGunzip, zlib: createInflate, raw: createInflateRaw }[packed]({ chunkSize: BLOCK_BYTES });
    // The failure of a part is told by the iterator.
    const stream = unpack ? pipeline(file, unpack, () => {}) : file;
    this.#blocks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#close = () => {
      file.destroy();
      stream.destroy();
    };
  }

  /** @throws {UserError} where it is no regular file or cannot be opened */
  static async open(path: string): Promise<ByteStream> {
    using file = await InputFile.open(path);
    const head = new Uint8Array(Math.min(2, file.size));
    await file.readAt(0, head);
    return new ByteStream(path, isGzipHead(head) ? "gzip" : null);
  }

  /** Bytes [start, end) of a file, inflated where they are packed. */
  static part(path: string, start: number, end: number, packed: Packed): ByteStream {
    return new ByteStream(path, packed, { start, end: end - 1 });
  }

  /** Whether the file is gzip. */
  get isGzip(): boolean {
    return this.packed === "gzip";
  }

  /** Passes over bytes. @returns how many there were */
  async skip(count: number): Promise<number> {
    const room = new Uint8Array(Math.min(count, BLOCK_BYTES));
    let done = 0;
    while (done < count) {
      const read = await this.read(room.subarray(0, Math.min(room.length, count - done)));
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  /** Fills `into` as far as there are bytes. @returns how many there were */
  async read(into: Uint8Array): Promise<number> {
    let done = 0;
    while (done < into.length) {
      if (this.#rest.length === 0) {
        const next = await this.#next();
        if (next === null) break;
        this.#rest = next;
      }
      const part = this.#rest.subarray(0, into.length - done);
      into.set(part, done);
      this.#rest = this.#rest.subarray(part.length);
      done += part.length;
    }
    return done;
  }

  async #next(): Promise<Uint8Array | null> {
    try {
      const { done, value } = await this.#blocks.next();
      return done ? null : value;
    } catch (cause) {
      const code = (cause as { code?: string }).code ?? "";
      const isPacked = code.startsWith("Z_") || code.startsWith("ERR_");
      if (this.packed === null || !isPacked) throw ioError(this.path, "read", cause);
      const why = cause instanceof Error ? cause.message : String(cause);
      const what = this.packed === "gzip" ? "is not a whole gzip file" : "its compressed data are damaged";
      throw new UserError(this.path, `${what}: ${why}`, "make the file again");
    }
  }

  close(): void {
    this.#close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Whether bytes are the start of a gzip file. */
export const isGzipHead = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;

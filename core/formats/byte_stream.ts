/** A file that is read from its start to its end, plain or gzip, in bounded memory. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { UserError } from "../errors.ts";
import { InputFile } from "./file.ts";
import { ioError } from "./io_error.ts";

const BLOCK_BYTES = 1 << 18;

export class ByteStream implements Disposable {
  #rest: Uint8Array = new Uint8Array(0);
  readonly #blocks: AsyncIterator<Uint8Array>;
  readonly #close: () => void;

  private constructor(readonly path: string, readonly isGzip: boolean) {
    const file = createReadStream(path, { highWaterMark: BLOCK_BYTES });
    // The failure of a part is told by the iterator.
    const stream = isGzip ? pipeline(file, createGunzip({ chunkSize: BLOCK_BYTES }), () => {}) : file;
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
    return new ByteStream(path, head[0] === 0x1f && head[1] === 0x8b);
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
      if (!this.isGzip || !(code.startsWith("Z_") || code.startsWith("ERR_"))) throw ioError(this.path, "read", cause);
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new UserError(this.path, `is not a whole gzip file: ${why}`, "make the file again");
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

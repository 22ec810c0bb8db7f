/** A file of a sink: read at once when a session begins, then appended to. */
import { InputFile } from "../formats/file.ts";
import { ioError } from "../formats/io_error.ts";

/** The bytes of a file. @throws {UserError} if it is not a regular file */
export async function readLog(path: string): Promise<Uint8Array<ArrayBuffer>> {
  using file = await InputFile.open(path);
  const bytes = new Uint8Array(file.size);
  await file.readAt(0, bytes);
  return bytes;
}

/** Gives way to what else is waiting, every so many calls: a long file is looked through beside the training. */
export function givingWay(every = 1000): () => Promise<void> | undefined {
  let calls = 0;
  return () => ++calls % every === 0 ? new Promise((resolve) => setTimeout(resolve)) : undefined;
}

export class LogFile {
  #file: Deno.FsFile | null;

  private constructor(readonly path: string, file: Deno.FsFile) {
    this.#file = file;
  }

  /** Opens a file to append to it. @param length what is kept of it; by default all */
  static async open(path: string, length?: number): Promise<LogFile> {
    let file: Deno.FsFile | undefined;
    try {
      file = await Deno.open(path, { write: true, create: true });
      if (length !== undefined) await file.truncate(length);
      await file.seek(0, Deno.SeekMode.End);
      return new LogFile(path, file);
    } catch (cause) {
      file?.close();
      throw ioError(path, "open", cause);
    }
  }

  /** Appends pieces, in one write. */
  async write(pieces: readonly Uint8Array[]): Promise<void> {
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    try {
      for (let done = 0; done < bytes.length;) {
        if (this.#file === null) return; // it was given up meanwhile
        done += await this.#file.write(bytes.subarray(done));
      }
    } catch (cause) {
      throw ioError(this.path, "write", cause);
    }
  }

  /** Makes everything durable. */
  async close(): Promise<void> {
    try {
      await this.#file?.sync();
    } catch (cause) {
      throw ioError(this.path, "fsync", cause);
    } finally {
      this.abandon();
    }
  }

  abandon(): void {
    this.#file?.close();
    this.#file = null;
  }
}

/** Files written whole and read exactly; every failure names the path, what failed and the system's reason. */
import { basename, dirname, join } from "@std/path";
import { UserError } from "../errors.ts";
import { attempt, ioError, isMissing } from "./io_error.ts";

/** Removes a file, if there is one. @throws {UserError} */
export async function removeIfThere(path: string): Promise<void> {
  await attempt(path, "remove", () =>
    Deno.remove(path).catch((cause) => {
      if (!isMissing(cause)) throw cause;
    }));
}

/** The error of a folder, a pipe or a device where a file is to be read. */
export function notRegular(path: string): UserError {
  return new UserError(path, "is not a regular file", undefined, 1);
}

/**
 * The text of a file that is read at once: a regular file, since a pipe would be waited for, of at most `limit` bytes.
 * @throws {UserError} where it cannot be read; the system's error where nothing is there
 */
export function readTextSync(path: string, limit: number): string {
  try {
    const { isFile, size } = Deno.statSync(path);
    if (!isFile) throw notRegular(path);
    if (size <= limit) return Deno.readTextFileSync(path);
    throw new UserError(path, `has ${size} bytes, more than the ${limit} that are read`, undefined, 1);
  } catch (cause) {
    throw isMissing(cause) ? cause : ioError(path, "read", cause);
  }
}

/**
 * What `look` finds at a path; `otherwise` where nothing is there. A path that cannot be looked at is an error, so that
 * nothing is taken for absent.
 * @param action for the error: "read"
 */
export function ifThere<T>(path: string, action: string, look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (cause) {
    if (isMissing(cause)) return otherwise;
    throw ioError(path, action, cause);
  }
}

/** Whether a file is at `path`, as far as can be told. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Whether something is at `path`. Anything but "not found" is an error, so that nothing is taken for absent. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw ioError(path, "look at it", cause);
  }
}

/** The names in a folder, sorted; none where there is no such folder. */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(path), ({ name }) => name)).sort();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return [];
    throw ioError(path, "list the folder", cause);
  }
}

/** Makes a folder and those above it. */
export async function makeFolder(path: string): Promise<void> {
  await attempt(path, "create the folder", () => Deno.mkdir(path, { recursive: true }));
}

/** Makes the entries of a folder (new files, renames) durable. */
export async function syncFolder(path: string): Promise<void> {
  await attempt(path, "fsync the folder", async () => {
    using folder = await Deno.open(path, { read: true });
    await folder.sync();
  });
}

/** The disk begins with a file when so many bytes of it have been written, so that little is left for `finish`. */
const FLUSH_BYTES = 16 << 20;

/** A file being written from its start. fsync in `finish` reports what a failing close would. */
export class OutputFile implements Disposable {
  #file: Deno.FsFile | null;
  #bytes = 0;
  /** Of the bytes up to which the disk has begun. */
  #flushed = 0;
  #flushing: Promise<unknown> | null = null;

  private constructor(readonly path: string, readonly named: string, file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Creates the file; one that exists is an error.
   * @param named what messages call it, where it is to have another name once it is whole
   */
  static async create(path: string, named = path): Promise<OutputFile> {
    try {
      return new OutputFile(path, named, await Deno.open(path, { write: true, createNew: true }));
    } catch (cause) {
      throw ioError(named, "create the file", cause);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Writes all of `data`. */
  async write(data: Uint8Array): Promise<void> {
    if (!this.#file) throw new Error(`${this.path}: write after close`);
    try {
      for (let done = 0; done < data.length;) {
        const count = await this.#file.write(done === 0 ? data : data.subarray(done));
        if (count === 0) throw new Error("nothing was written");
        done += count;
      }
    } catch (cause) {
      throw ioError(this.named, "write", cause);
    }
    this.#bytes += data.length;
    if (this.#bytes - this.#flushed >= FLUSH_BYTES) this.#flush();
  }

  /** Through a file of its own: calls on one file wait for each other. */
  #flush(): void {
    this.#flushed = this.#bytes;
    const before = this.#flushing;
    const flush = async () => {
      await before;
      using file = await Deno.open(this.path, { write: true });
      await file.syncData();
    };
    this.#flushing = flush();
    this.#flushing.catch(() => {}); // it is told by `finish`
  }

  /** Makes the content durable, checks the length the system sees, closes. */
  async finish(): Promise<void> {
    if (!this.#file) throw new Error(`${this.path}: finish after close`);
    try {
      await this.#flushing;
      await this.#file.sync();
      const { size } = await this.#file.stat();
      if (size !== this.#bytes) throw new Error(`${size} bytes arrived of ${this.#bytes}`);
    } catch (cause) {
      throw ioError(this.named, "fsync", cause);
    } finally {
      this.close();
    }
  }

  /** Gives the file up as it is. Idempotent. */
  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A regular file being read; `size` is its length when it was opened. */
export class InputFile implements Disposable {
  #file: Deno.FsFile | null;

  private constructor(readonly path: string, file: Deno.FsFile, readonly size: number) {
    this.#file = file;
  }

  static async open(path: string): Promise<InputFile> {
    let file: Deno.FsFile | undefined;
    try {
      // Asked first: a FIFO would not open until somebody writes to it.
      if (!(await Deno.stat(path)).isFile) throw notRegular(path);
      file = await Deno.open(path, { read: true });
      const info = await file.stat();
      if (!info.isFile) throw notRegular(path);
      return new InputFile(path, file, info.size);
    } catch (cause) {
      file?.close();
      throw ioError(path, "open", cause);
    }
  }

  /** Fills `into` from byte `offset` on; an earlier end of the file is an error. Calls must not overlap. */
  async readAt(offset: number, into: Uint8Array): Promise<void> {
    if (!this.#file) throw new Error(`${this.path}: read after close`);
    try {
      await this.#file.seek(offset, Deno.SeekMode.Start);
      for (let done = 0; done < into.length;) {
        const count = await this.#file.read(into.subarray(done));
        if (count === null) throw new Error(`the file ends at byte ${offset + done} of ${offset + into.length}`);
        done += count;
      }
    } catch (cause) {
      throw ioError(this.path, "read", cause);
    }
  }

  /** Idempotent. */
  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A name beside `path` that nothing else uses. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${uniqueSuffix()}.tmp`);
}

/** 12 random hex digits; a process id would repeat from container to container. */
export function uniqueSuffix(): string {
  return crypto.randomUUID().slice(-12);
}

/** Removes a file or folder tree without complaint: for tidying up after a failure that is already being reported. */
export async function removeQuietly(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch { /* The failure being reported is the one that matters. */ }
}

/**
 * Puts a file in place whole or not at all: temporary file in the same folder, fsync, rename, fsync of the folder.
 * @param produce writes the content
 */
export async function writeAtomically(path: string, produce: (file: OutputFile) => Promise<void>): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    using file = await OutputFile.create(temporary, path);
    await produce(file);
    await file.finish();
    await attempt(path, `rename ${basename(temporary)} to it`, () => Deno.rename(temporary, path));
  } catch (error) {
    await removeQuietly(temporary);
    throw error;
  }
  await syncFolder(dirname(path));
}

/** The rows of a CSV log after some key: found from the end, copied, compared and cut. */
import { UserError } from "../errors.ts";
import { exists, InputFile, OutputFile } from "../formats/file.ts";
import { ioError } from "../formats/io_error.ts";
import { parseCsvLine, parseCsvNumber } from "../formats/csv.ts";

const BLOCK_BYTES = 1 << 16;
const LINE_BYTES_MAX = 1 << 16;
const NEWLINE = 0x0a;

/** The rows of a log after a key. Only {@link cutLog} changes the log. */
export class LogTail {
  constructor(
    readonly path: string,
    /** With its line end. */
    readonly header: Uint8Array,
    /** Where the first of these rows begins, and where the last complete one ends. */
    readonly start: number,
    readonly end: number,
  ) {}

  /** Whether a file has the header and exactly these rows. */
  async isIn(path: string): Promise<boolean> {
    if (!await exists(path)) return false;
    using copy = await InputFile.open(path);
    if (copy.size !== this.header.length + this.end - this.start) return false;
    let at = 0;
    const bytes = new Uint8Array(BLOCK_BYTES);
    for await (const piece of this.pieces()) {
      const same = bytes.length < piece.length ? new Uint8Array(piece.length) : bytes.subarray(0, piece.length);
      await copy.readAt(at, same);
      if (piece.some((byte, index) => byte !== same[index])) return false;
      at += piece.length;
    }
    return true;
  }

  /** The header, then the rows. Each piece is valid until the next one. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    yield this.header;
    using log = await InputFile.open(this.path);
    const block = new Uint8Array(BLOCK_BYTES);
    for (let at = this.start; at < this.end; at += BLOCK_BYTES) {
      const piece = block.subarray(0, Math.min(BLOCK_BYTES, this.end - at));
      await log.readAt(at, piece);
      yield piece;
    }
  }
}

/**
 * The rows of a log whose key is greater than `last`; null if there are none or no log. Keys rise from row to row, so only
 * the end of the file is read.
 * @param keys the names of the key's columns, the most significant first
 * @throws {UserError} where the header lacks them, or a row has no number there
 */
export async function tailOf(path: string, keys: readonly string[], last: readonly number[]): Promise<LogTail | null> {
  if (!await exists(path)) return null;
  using file = await InputFile.open(path);
  const header = await firstLine(file);
  if (header === null) return null;
  const names = parseCsvLine(new TextDecoder().decode(header).trimEnd());
  const columns = keys.map((key) => names.indexOf(key));
  if (columns.includes(-1)) {
    throw new UserError(path, `has no column ${keys[columns.indexOf(-1)]}, so it is not a log of this version`);
  }
  let start: number | null = null, end: number | null = null;
  for await (const { text, at, next } of linesFromEnd(file, header.length)) {
    const fields = parseCsvLine(text);
    const key = columns.map((column) => parseCsvNumber(fields[column] ?? ""));
    if (!key.every(Number.isFinite)) {
      throw new UserError(path, `a line has no row number: ${JSON.stringify(text.slice(0, 120))}`);
    }
    if (!isPast(key, last)) break;
    end ??= next;
    start = at;
  }
  return start === null ? null : new LogTail(path, header, start, end!);
}

function isPast(key: readonly number[], last: readonly number[]): boolean {
  for (const [index, value] of key.entries()) {
    if (value !== last[index]) return value > last[index]!;
  }
  return false;
}

/** The first line with its line end; null if the file has no complete line. */
async function firstLine(file: InputFile): Promise<Uint8Array | null> {
  const head = new Uint8Array(Math.min(file.size, LINE_BYTES_MAX));
  await file.readAt(0, head);
  const end = head.indexOf(NEWLINE);
  if (end >= 0) return head.slice(0, end + 1);
  if (file.size <= LINE_BYTES_MAX) return null;
  throw new UserError(file.path, `has a line of more than ${LINE_BYTES_MAX} bytes, so it is not a log`, undefined, 1);
}

/** The complete lines from the last one back to the one at `first`, each with its begin and its end. */
async function* linesFromEnd(
  file: InputFile,
  first: number,
): AsyncGenerator<{ text: string; at: number; next: number }> {
  const decoder = new TextDecoder();
  // `held` is the file from `from` on, as far as no line of it has been given out.
  let held = new Uint8Array(0), from = file.size, isTorn = true;
  while (from > first) {
    const length = Math.min(BLOCK_BYTES, from - first);
    const block = new Uint8Array(length + held.length);
    await file.readAt(from - length, block.subarray(0, length));
    block.set(held, length);
    from -= length;
    held = block;
    for (;;) {
      const end = isTorn ? held.lastIndexOf(NEWLINE) + 1 : held.length;
      if (isTorn) {
        if (end === 0) break; // the line end is before this block, or there is none
        held = held.subarray(0, end);
        isTorn = false;
      }
      if (held.length === 0) break;
      const before = held.subarray(0, -1).lastIndexOf(NEWLINE);
      if (before < 0 && from > first) break;
      const at = before + 1;
      yield { text: decoder.decode(held.subarray(at, held.length - 1)), at: from + at, next: from + held.length };
      held = held.subarray(0, at);
    }
    if (held.length > 2 * LINE_BYTES_MAX) {
      throw new UserError(
        file.path,
        `has a line of more than ${LINE_BYTES_MAX} bytes, so it is not a log`,
        undefined,
        1,
      );
    }
  }
}

/** Writes header and rows to a new file, which is complete and durable afterwards. */
export async function writeTail(tail: LogTail, path: string): Promise<void> {
  using file = await OutputFile.create(path);
  for await (const piece of tail.pieces()) await file.write(piece);
  await file.finish();
}

/** Cuts the rows from the log. */
export async function cutLog({ path, start }: LogTail): Promise<void> {
  try {
    using file = await Deno.open(path, { write: true });
    await file.truncate(start);
    await file.sync();
  } catch (cause) {
    throw ioError(path, "cut it back", cause);
  }
}

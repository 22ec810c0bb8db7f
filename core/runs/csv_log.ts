/** Append-only CSV logs: one header, and each row once, even after interruptions. */
import { UserError } from "../errors.ts";
import { ioError } from "../formats/io_error.ts";
import { formatCsvLine, parseCsvLine, parseCsvNumber } from "../formats/csv.ts";

const NEWLINE = 0x0a;
const TAIL_BYTES = 1 << 16;

export type CsvValue = string | number | null;

/**
 * A log of rows with a rising key, e.g. the epoch, or epoch and chunk. When it is opened again, an incomplete last line is cut
 * off and rows are appended after the last complete one. Rows up to `lastKey` are not written a second time.
 */
export class CsvLog<Row extends { readonly [C in keyof Row]: CsvValue }> implements Disposable {
  #lastKey: readonly number[] | null;

  private constructor(
    readonly path: string,
    private readonly file: Deno.FsFile,
    private readonly columns: readonly (keyof Row & string)[],
    private readonly key: readonly (keyof Row & string)[],
    lastKey: readonly number[] | null,
    /** Bytes of a torn last line that were cut off. */
    readonly tornBytes: number,
  ) {
    this.#lastKey = lastKey;
  }

  /**
   * @param columns the header, in order
   * @param key numeric columns that rise from row to row, the most significant first
   * @throws {UserError} if the file has another header or a last row without a key.
   */
  static async open<Row extends { readonly [C in keyof Row]: CsvValue }>(
    path: string,
    columns: readonly (keyof Row & string)[],
    key: readonly (keyof Row & string)[],
  ): Promise<CsvLog<Row>> {
    const file = await openLog(path);
    try {
      const tornBytes = await cutTornLine(path, file);
      const header = formatCsvLine(columns);
      const lastKey = await readLastKey(path, file, header, key.map((column) => columns.indexOf(column)));
      const log = new CsvLog(path, file, columns, key, lastKey, tornBytes);
      await file.seek(0, Deno.SeekMode.End);
      if ((await file.stat()).size === 0) await log.#write(header);
      return log;
    } catch (cause) {
      file.close();
      throw ioError(path, "open the log", cause);
    }
  }

  /** The key of the last row, or null where there is none. */
  get lastKey(): readonly number[] | null {
    return this.#lastKey;
  }

  /** Writes the row unless it exists already. @returns whether it was written */
  async append(row: Row): Promise<boolean> {
    const key = this.key.map((column) => row[column] as number);
    if (this.#lastKey && compareKeys(key, this.#lastKey) <= 0) return false;
    await this.#write(formatCsvLine(this.columns.map((column) => row[column])));
    this.#lastKey = key;
    return true;
  }

  async #write(line: string): Promise<void> {
    const bytes = new TextEncoder().encode(line + "\n");
    try {
      for (let done = 0; done < bytes.length;) done += await this.file.write(bytes.subarray(done));
    } catch (cause) {
      throw ioError(this.path, "write", cause);
    }
  }

  /** Makes the rows durable, before a checkpoint that relies on them is saved. */
  async sync(): Promise<void> {
    try {
      await this.file.sync();
    } catch (cause) {
      throw ioError(this.path, "fsync", cause);
    }
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

/** Less than, equal to or greater than 0, as the first differing element decides. NaN is greater than any number. */
function compareKeys(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  }
  return 0;
}

async function openLog(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (cause) {
    throw ioError(path, "open the log", cause);
  }
}

/** Removes an incomplete last line. @returns the number of bytes removed */
async function cutTornLine(path: string, file: Deno.FsFile): Promise<number> {
  const { size } = await file.stat();
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - TAIL_BYTES);
    const newline = (await readRange(path, file, start, end)).lastIndexOf(NEWLINE);
    if (newline < 0 && start > 0) {
      end = start;
      continue;
    }
    const kept = start + newline + 1;
    if (kept < size) await file.truncate(kept);
    return size - kept;
  }
  return 0;
}

async function readRange(path: string, file: Deno.FsFile, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  await file.seek(start, Deno.SeekMode.Start);
  for (let done = 0; done < bytes.length;) {
    const count = await file.read(bytes.subarray(done));
    if (count === null) throw new UserError(path, "the file became shorter while it was read", undefined, 1);
    done += count;
  }
  return bytes;
}

/** First and last whole line of a file without a torn end; `last` is null where there is only a header. */
async function readEnds(path: string, file: Deno.FsFile): Promise<{ header: string; last: string | null } | null> {
  const { size } = await file.stat();
  if (size === 0) return null;
  const head = await readRange(path, file, 0, Math.min(size, TAIL_BYTES));
  const headerEnd = head.indexOf(NEWLINE);
  const tailStart = Math.max(0, size - TAIL_BYTES);
  const tail = await readRange(path, file, tailStart, size);
  const lastStart = tail.lastIndexOf(NEWLINE, tail.length - 2) + 1;
  if (headerEnd < 0 || (lastStart === 0 && tailStart > 0)) {
    throw new UserError(path, `has a line of more than ${TAIL_BYTES} bytes, so it is not a log`, undefined, 1);
  }
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const header = decode(head.subarray(0, headerEnd));
  return { header, last: tailStart + lastStart === 0 ? null : decode(tail.subarray(lastStart, -1)) };
}

async function readLastKey(
  path: string,
  file: Deno.FsFile,
  header: string,
  keyColumns: readonly number[],
): Promise<number[] | null> {
  const ends = await readEnds(path, file);
  if (ends === null) return null;
  if (ends.header !== header) {
    throw new UserError(path, `has the header ${JSON.stringify(ends.header.slice(0, 120))} instead of ${header}`);
  }
  if (ends.last === null) return null;
  const fields = parseCsvLine(ends.last);
  const key = keyColumns.map((column) => parseCsvNumber(fields[column] ?? ""));
  if (!key.every(Number.isFinite)) {
    throw new UserError(path, `the last line has no row number: ${JSON.stringify(ends.last.slice(0, 120))}`);
  }
  return key;
}

/** The end of steps.csv. */
export interface StepsEnd {
  /** Step of the last whole row; 0 where there is none. */
  readonly lastStep: number;
  /** Its elapsed_s; 0 where there is none. */
  readonly elapsed_s: number;
  /** Its learning_rate; null where there is none. */
  readonly learning_rate: number | null;
  /** Bytes of a torn last line that were cut off. */
  readonly tornBytes: number;
}

const EMPTY = { lastStep: 0, elapsed_s: 0, learning_rate: null } as const;

/**
 * Prepares steps.csv, which the engine writes, for more rows, and reads only its beginning and end. A missing file is
 * empty.
 */
export async function inspectSteps(path: string): Promise<StepsEnd> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true, write: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return { ...EMPTY, tornBytes: 0 };
    throw ioError(path, "open the log", cause);
  }
  try {
    const tornBytes = await cutTornLine(path, file);
    const ends = await readEnds(path, file);
    if (!ends?.last) return { ...EMPTY, tornBytes };
    const columns = parseCsvLine(ends.header);
    const fields = parseCsvLine(ends.last);
    const value = (column: string) => parseCsvNumber(fields[columns.indexOf(column)] ?? "");
    const [lastStep, elapsed_s, rate] = [value("step"), value("elapsed_s"), value("learning_rate")];
    if (!(Number.isSafeInteger(lastStep) && lastStep >= 0 && elapsed_s >= 0)) {
      throw new UserError(path, `the last line is not a step: ${JSON.stringify(ends.last.slice(0, 120))}`);
    }
    return { lastStep, elapsed_s, learning_rate: Number.isFinite(rate) ? rate : null, tornBytes };
  } catch (cause) {
    throw ioError(path, "read", cause);
  } finally {
    file.close();
  }
}

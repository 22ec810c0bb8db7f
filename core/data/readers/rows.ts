/** Rows of stored entries out of single entries: as they come, or sorted in bounded memory. */
import { join } from "@std/path";
import { removeQuietly, uniqueSuffix } from "../../formats/file.ts";
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { ioError } from "../../formats/io_error.ts";
import { type Block, OutOfOrder } from "./reader.ts";

/** Entries of a block: 8 bytes each, so 32 MB. */
const BLOCK_ENTRIES = 4 << 20;

/** With fewer rows than this, any number of them may be empty. */
const ROWS_WITHOUT_DOUBT = 10e6;

/** Refuses a number of rows that no file with so few entries has, before memory is taken for them. @throws {UserError} */
export function requirePlausible(path: string, rows: number, entries: number): void {
  if (rows <= Math.max(ROWS_WITHOUT_DOUBT, 10 * entries)) return;
  const what = `says that it has ${countText(rows)} rows, with ${
    countText(entries)
  } values that are not zero in all of them`;
  throw new UserError(path, what, "the file is damaged: make it again");
}

/** Collects entries in the order of their rows. Within a row columns may come in any order; equal ones are added up. */
export class RowAssembler {
  #indptr: number[] = [0];
  #indices = new Uint32Array(1 << 16);
  #data = new Float32Array(1 << 16);
  #count = 0;
  #sorted = true;
  /** The row that entries belong to. */
  #row = 0;

  constructor(readonly blockRows: number) {}

  /** Whether there are enough rows, or entries, for a block. */
  get #isFull(): boolean {
    return this.#indptr.length > this.blockRows || this.#count >= BLOCK_ENTRIES;
  }

  /** Adds an entry to the present row. */
  add(column: number, value: number): void {
    const start = this.#indptr.at(-1)!;
    if (this.#count > start && column <= this.#indices[this.#count - 1]!) this.#sorted = false;
    if (this.#count === this.#data.length) this.#grow();
    this.#indices[this.#count] = column;
    this.#data[this.#count++] = value;
  }

  /**
   * Goes on to a row, unless a block is full before.
   * @returns whether it is the present row now; otherwise a block has to be taken first
   * @throws {OutOfOrder} of an earlier row than the present one
   */
  goTo(row: number): boolean {
    if (row < this.#row) throw new OutOfOrder();
    while (this.#row < row) {
      if (this.#isFull) return false;
      if (!this.#sorted) this.#sortLast();
      this.#indptr.push(this.#count);
      this.#row++;
    }
    return true;
  }

  /** The rows that have ended; entries of the present row stay. */
  take(): Block {
    const ended = this.#indptr.at(-1)!;
    const block = {
      rows: this.#indptr.length - 1,
      indptr: Float64Array.from(this.#indptr),
      indices: this.#indices.slice(0, ended),
      data: this.#data.slice(0, ended),
    };
    this.#indices.copyWithin(0, ended, this.#count);
    this.#data.copyWithin(0, ended, this.#count);
    this.#count -= ended;
    this.#indptr = [0];
    return block;
  }

  #grow(): void {
    const indices = new Uint32Array(2 * this.#indices.length), data = new Float32Array(2 * this.#data.length);
    indices.set(this.#indices);
    data.set(this.#data);
    this.#indices = indices;
    this.#data = data;
  }

  #sortLast(): void {
    const start = this.#indptr.at(-1)!;
    this.#count = sortEntries(this.#indices, this.#data, start, this.#count);
    this.#sorted = true;
  }
}

/** Sorts entries [from, to) by column and adds up those of the same column. @returns the new end */
export function sortEntries(indices: Uint32Array, data: Float32Array, from: number, to: number): number {
  const columns = indices.slice(from, to), values = data.slice(from, to);
  const order = Uint32Array.from(columns, (_, i) => i).sort((a, b) => columns[a]! - columns[b]! || a - b);
  let end = from;
  for (const at of order) {
    if (end > from && indices[end - 1] === columns[at]) data[end - 1]! += values[at]!;
    else {
      indices[end] = columns[at]!;
      data[end++] = values[at]!;
    }
  }
  return end;
}

/** Bytes of an entry in a bucket: row, column and value of 4 bytes each. */
const WORDS = 3;
/** Entries of a bucket that is sorted in memory: 96 MB. */
const BUCKET_ENTRIES = 8 << 20;
/** Entries of a bucket that wait in memory, where there are several. */
const WAITING = 1 << 15;

interface Bucket {
  words: Uint32Array<ArrayBuffer>;
  count: number;
  /** Entries that are in its file. */
  written: number;
  file: Deno.FsFile | null;
  readonly path: string;
}

/**
 * Sorts entries that come in any order: each goes into the bucket of its rows, which is kept on disk where all do not fit into
 * memory, and then one bucket after another is sorted.
 */
export class RowBuckets {
  readonly #buckets: Bucket[];
  readonly #several: boolean;
  readonly #folder: string;

  /**
   * @param entries how many will come, about
   * @param folder for files; a temporary one by default
   */
  constructor(readonly rows: number, entries: number, folder?: string, bucketEntries = BUCKET_ENTRIES) {
    const count = Math.max(1, Math.min(1024, rows, Math.ceil(entries / bucketEntries)));
    this.#several = count > 1;
    this.#folder = folder !== undefined && this.#several
      ? join(folder, `sorting-${uniqueSuffix()}`)
      : this.#several
      ? Deno.makeTempDirSync({ prefix: "narrows-" })
      : "";
    if (this.#several) Deno.mkdirSync(this.#folder, { recursive: true });
    this.#buckets = Array.from({ length: count }, (_, i) => ({
      words: new Uint32Array(WORDS * (this.#several ? WAITING : 1 << 16)),
      count: 0,
      written: 0,
      file: null,
      path: join(this.#folder, String(i)),
    }));
  }

  #floats = new Float32Array(1);
  #bits = new Uint32Array(this.#floats.buffer);

  add(row: number, column: number, value: number): void {
    const bucket = this.#buckets[Math.floor(row / this.rows * this.#buckets.length)]!;
    if (WORDS * bucket.count === bucket.words.length) {
      if (this.#several) this.#spill(bucket);
      else {
        const words = new Uint32Array(2 * bucket.words.length);
        words.set(bucket.words);
        bucket.words = words;
      }
    }
    const at = WORDS * bucket.count++;
    this.#floats[0] = value;
    bucket.words[at] = row;
    bucket.words[at + 1] = column;
    bucket.words[at + 2] = this.#bits[0]!;
  }

  #spill(bucket: Bucket): void {
    try {
      bucket.file ??= Deno.openSync(bucket.path, { read: true, write: true, createNew: true });
      const bytes = new Uint8Array(bucket.words.buffer, 0, 4 * WORDS * bucket.count);
      for (let done = 0; done < bytes.length;) done += bucket.file.writeSync(bytes.subarray(done));
    } catch (cause) {
      throw ioError(bucket.path, "write", cause);
    }
    bucket.written += bucket.count;
    bucket.count = 0;
  }

  #all(bucket: Bucket): Uint32Array {
    const waiting = bucket.words.subarray(0, WORDS * bucket.count);
    if (!bucket.file) return waiting;
    const words = new Uint32Array(WORDS * (bucket.written + bucket.count));
    const bytes = new Uint8Array(words.buffer, 0, 4 * WORDS * bucket.written);
    try {
      bucket.file.seekSync(0, Deno.SeekMode.Start);
      for (let done = 0; done < bytes.length;) {
        const count = bucket.file.readSync(bytes.subarray(done));
        if (count === null) throw new Error("the file was cut short");
        done += count;
      }
    } catch (cause) {
      throw ioError(bucket.path, "read", cause);
    }
    words.set(waiting, WORDS * bucket.written);
    return words;
  }

  /** All rows in order. */
  *blocks(blockRows: number): Generator<Block> {
    for (const [index, bucket] of this.#buckets.entries()) {
      const count = this.#buckets.length;
      const first = Math.ceil(index / count * this.rows), end = Math.ceil((index + 1) / count * this.rows);
      const words = this.#all(bucket);
      const { starts, order } = byRow(words, first, end);
      for (let row = first; row < end; row += blockRows) {
        yield blockOf(words, order, starts, row - first, Math.min(row + blockRows, end) - first);
      }
      bucket.file?.close();
      bucket.file = null;
      bucket.words = new Uint32Array(0);
    }
  }

  async close(): Promise<void> {
    for (const bucket of this.#buckets) bucket.file?.close();
    if (this.#folder) await removeQuietly(this.#folder);
  }
}

/** For rows first to end: where each begins among `order`, the numbers of the entries by row. */
function byRow(words: Uint32Array, first: number, end: number): { starts: Uint32Array; order: Uint32Array } {
  const starts = new Uint32Array(end - first + 1);
  const entries = words.length / WORDS;
  for (let at = 0; at < entries; at++) starts[words[WORDS * at]! - first + 1]!++;
  for (let row = 0; row < end - first; row++) starts[row + 1]! += starts[row]!;
  const next = starts.slice(), order = new Uint32Array(entries);
  for (let at = 0; at < entries; at++) order[next[words[WORDS * at]! - first]!++] = at;
  return { starts, order };
}

function blockOf(words: Uint32Array, order: Uint32Array, starts: Uint32Array, from: number, to: number): Block {
  const base = starts[from]!, most = starts[to]! - base;
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const indices = new Uint32Array(most), data = new Float32Array(most), indptr = new Float64Array(to - from + 1);
  let end = 0;
  for (let row = from; row < to; row++) {
    const start = end;
    let sorted = true;
    for (let at = starts[row]!; at < starts[row + 1]!; at++) {
      const word = WORDS * order[at]!, column = words[word + 1]!;
      if (end > start && column <= indices[end - 1]!) sorted = false;
      indices[end] = column;
      data[end++] = floats[word + 2]!;
    }
    if (!sorted) end = sortEntries(indices, data, start, end);
    indptr[row - from + 1] = end;
  }
  return { rows: to - from, indptr, indices: indices.subarray(0, end), data: data.subarray(0, end) };
}

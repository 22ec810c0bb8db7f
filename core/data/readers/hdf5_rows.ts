/** Rows of matrices in HDF5 files: CSR, CSC and dense, a block at a time. */
import { UserError } from "../../errors.ts";
import { bytesText, countText } from "../../figures.ts";
import type { Hdf5File } from "../../formats/hdf5.ts";
import type { Hdf5Array } from "../../formats/hdf5_arrays.ts";
import type { Block } from "./reader.ts";
import { requirePlausible, RowBuckets, sortEntries } from "./rows.ts";

/** Entries that are read at once, where the file's own parts are not larger. */
const SPAN = 1 << 20;
/** Entries of a block. */
const BLOCK_ENTRIES = 2 << 20;
/** Values of a block of dense rows. */
const BLOCK_VALUES = 8 << 20;

const AGAIN = "make the file again, or fetch it again";

/** Deflate packs no more than 1032 bytes into one. */
const PACKED_MOST = 1100;
const SMALL_BYTES = 1e6;

/** Refuses an array that says it has more values than its file can hold, before memory is taken for them. @throws {UserError} */
export function requireHeld(file: Hdf5File, { path, shape, metadata }: Hdf5Array): void {
  const bytes = shape.reduce((product, size) => product * size, 1) * Math.max(1, metadata.size);
  const { size } = Deno.statSync(file.path);
  if (bytes <= PACKED_MOST * size + SMALL_BYTES) return;
  const what = `${path} says that it has ${bytesText(bytes)}, in a file of ${bytesText(size)}`;
  throw new UserError(file.path, what, AGAIN);
}

/** The three arrays of a sparse matrix. */
export interface SparseArrays {
  readonly data: Hdf5Array;
  readonly indices: Hdf5Array;
  readonly indptr: Hdf5Array;
}

/** Reads an array from its start to its end, so that each of its compressed parts is inflated once. */
class Sequence<T extends Float32Array | Float64Array> {
  #buffer: T | null = null;
  #start = 0;
  readonly #span: number;

  constructor(
    readonly array: Hdf5Array,
    readonly read: (start: number, count: number) => T,
  ) {
    const part = array.chunks?.[0] ?? 1;
    this.#span = part * Math.max(1, Math.floor(SPAN / part));
  }

  /** Copies values [from, to) into `out`; ranges must not go back. */
  into(from: number, to: number, out: T): void {
    const length = this.array.shape[0]!;
    for (let at = from; at < to;) {
      if (this.#buffer === null || at >= this.#start + this.#buffer.length || at < this.#start) {
        this.#start = Math.floor(at / this.#span) * this.#span;
        this.#buffer = this.read(this.#start, Math.min(this.#span, length - this.#start));
      }
      const end = Math.min(to, this.#start + this.#buffer.length);
      out.set(this.#buffer.subarray(at - this.#start, end - this.#start) as never, at - from);
      at = end;
    }
  }
}

/** The positions at which rows or columns begin. @throws {UserError} where they do not fit the other arrays */
function positions(file: Hdf5File, { data, indices, indptr }: SparseArrays, count: number): Float64Array {
  const bad = (what: string) => new UserError(file.path, `${indptr.path}: ${what}`, AGAIN);
  for (const array of [data, indices, indptr]) {
    requireHeld(file, array);
    const { path, shape } = array;
    if (shape.length !== 1) throw new UserError(file.path, `${path} has ${shape.length} axes, expected 1`, AGAIN);
  }
  const entries = data.shape[0]!;
  if (indices.shape[0] !== entries) {
    throw bad(`there are ${countText(entries)} values and ${countText(indices.shape[0]!)} indices`);
  }
  if (indptr.shape[0] !== count + 1) throw bad(`has ${indptr.shape[0]} positions, expected ${count + 1}`);
  const all = file.numbers(indptr, 0, count + 1);
  if (all[0] !== 0) throw bad(`begins with ${all[0]}, expected 0`);
  for (let i = 0; i < count; i++) {
    if (!(all[i + 1]! >= all[i]!)) throw bad(`position ${i + 1} is less than the one before`);
  }
  if (!(all[count]! <= entries)) throw bad(`ends with ${all[count]}, but there are ${entries} values`);
  return all;
}

function sequences(file: Hdf5File, { data, indices }: SparseArrays) {
  return {
    values: new Sequence(data, (start, count) => file.read(data, [start], [count])),
    places: new Sequence(indices, (start, count) => file.numbers(indices, start, count)),
  };
}

function requireIndex(file: Hdf5File, { path }: Hdf5Array, index: number, size: number): void {
  if (Number.isInteger(index) && index >= 0 && index < size) return;
  throw new UserError(file.path, `${path}: ${index} is not a number from 0 to ${size - 1}`, AGAIN);
}

export interface MatrixSize {
  readonly rows: number;
  readonly columns: number;
}

/** Rows of a matrix that is stored by rows. */
export async function* csrRows(
  file: Hdf5File,
  arrays: SparseArrays,
  { rows, columns }: MatrixSize,
  blockRows: number,
): AsyncGenerator<Block> {
  requirePlausible(file.path, rows, arrays.data.shape[0] ?? 0);
  const starts = positions(file, arrays, rows);
  const { values, places } = sequences(file, arrays);
  for (let row = 0; row < rows;) {
    const first = row, begin = starts[row]!;
    do row++; while (row < rows && row - first < blockRows && starts[row + 1]! - begin <= BLOCK_ENTRIES);
    const count = starts[row]! - begin;
    const data = new Float32Array(count), wide = new Float64Array(count);
    values.into(begin, begin + count, data);
    places.into(begin, begin + count, wide);
    const indices = new Uint32Array(count), indptr = new Float64Array(row - first + 1);
    let end = 0;
    for (let each = first; each < row; each++) {
      const start = end;
      let sorted = true, last = -1;
      for (let at = starts[each]! - begin; at < starts[each + 1]! - begin; at++) {
        const column = wide[at]!;
        if (column >>> 0 !== column || column >= columns) requireIndex(file, arrays.indices, column, columns);
        sorted &&= column > last;
        last = column;
        indices[end] = column;
        data[end++] = data[at]!;
      }
      if (!sorted) end = sortEntries(indices, data, start, end);
      indptr[each - first + 1] = end;
    }
    yield { rows: row - first, indptr, indices: indices.subarray(0, end), data: data.subarray(0, end) };
  }
}

/** Rows of a matrix that is stored by columns: its entries are sorted through files where they do not fit into memory. */
export async function* cscRows(
  file: Hdf5File,
  arrays: SparseArrays,
  { rows, columns }: MatrixSize,
  blockRows: number,
  scratch?: string,
): AsyncGenerator<Block> {
  requirePlausible(file.path, Math.max(rows, columns), arrays.data.shape[0] ?? 0);
  const starts = positions(file, arrays, columns);
  const { values, places } = sequences(file, arrays);
  const buckets = new RowBuckets(rows, starts[columns]!, scratch);
  try {
    let column = 0;
    for (let begin = 0; begin < starts[columns]!; begin += SPAN) {
      const end = Math.min(begin + SPAN, starts[columns]!);
      const data = new Float32Array(end - begin), wide = new Float64Array(end - begin);
      values.into(begin, end, data);
      places.into(begin, end, wide);
      for (let at = begin; at < end; at++) {
        while (starts[column + 1]! <= at) column++;
        const row = wide[at - begin]!;
        requireIndex(file, arrays.indices, row, rows);
        if (data[at - begin] !== 0) buckets.add(row, column, data[at - begin]!);
      }
    }
    yield* buckets.blocks(blockRows);
  } finally {
    await buckets.close();
  }
}

/** Rows of an array with one or two axes. */
export async function* denseRows(
  file: Hdf5File,
  array: Hdf5Array,
  { rows, columns }: MatrixSize,
  blockRows: number,
): AsyncGenerator<Block> {
  requireHeld(file, array);
  const part = array.chunks?.[0] ?? 1;
  const fitting = Math.max(1, Math.floor(BLOCK_VALUES / Math.max(1, columns)));
  // Whole parts of the file, as long as these are not much larger than a block.
  const some = part <= 4 * fitting ? part * Math.max(1, Math.floor(fitting / part)) : fitting;
  for (let first = 0; first < rows; first += some) {
    const count = Math.min(some, rows - first);
    const isFlat = array.shape.length === 1;
    const values = file.read(array, isFlat ? [first] : [first, 0], isFlat ? [count] : [count, columns]);
    for (let row = 0; row < count; row += blockRows) {
      const end = Math.min(count, row + blockRows);
      yield { rows: end - row, values: values.slice(row * columns, end * columns) };
    }
  }
}

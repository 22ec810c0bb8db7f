/**
 * Writes rows into chunks of bounded size: sparse rows as `.npz` files, dense ones as `.npy` files. Where a chunk ends
 * depends on the rows alone, not on the blocks in which they come.
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { npyHeader } from "../formats/npy.ts";
import { writeAtomically } from "../formats/file.ts";
import { writeCsrNpz } from "../formats/npz_write.ts";
import type { ChunkRecord } from "./data_json.ts";
import type { Block } from "./readers/reader.ts";

/** The size of a chunk. A row that is larger is a chunk of its own. */
export const CHUNK_BYTES = 64e6;
/** Rows of a chunk of stored entries, of which many may be empty. */
const ROWS_MAX = 4 << 20;
/** Of a stored entry: a float32 value and an int32 column. */
const ENTRY_BYTES = 8;

/** Rows of a chunk of dense rows, as float32. */
export const denseRows = (columns: number, bytes = CHUNK_BYTES): number => Math.max(1, Math.floor(bytes / 4 / columns));

export interface WriterOptions {
  readonly columns: number;
  /** Whether chunks hold stored entries. */
  readonly sparse: boolean;
  /** Number of the first chunk, for the names of files. */
  readonly firstChunk: number;
  /** The source, for messages. */
  readonly path: string;
  readonly rowNames: readonly string[] | null;
  readonly columnNames: readonly string[] | null;
  readonly chunkBytes?: number;
}

type Sparse = Extract<Block, { indptr: Float64Array }>;
type Dense = Extract<Block, { values: Float32Array }>;

/** The rows of one source in order, cut into files of a folder. */
export class ChunkWriter {
  readonly #records: ChunkRecord[] = [];
  readonly #limit: number;
  /** Of the chunk that is being filled. */
  #indptr: number[] = [0];
  #indices: Int32Array<ArrayBuffer>;
  #data: Float32Array<ArrayBuffer>;
  #rows = 0;
  #values = 0;
  /** Of the source, in all chunks that are written. */
  #before = 0;

  constructor(readonly folder: string, readonly options: WriterOptions) {
    const bytes = options.chunkBytes ?? CHUNK_BYTES;
    const { sparse, columns } = options;
    this.#limit = sparse ? Math.floor(bytes / ENTRY_BYTES) : columns * denseRows(columns, bytes);
    const start = Math.min(this.#limit, 1 << 20);
    this.#indices = new Int32Array(sparse ? start : 0);
    this.#data = new Float32Array(start);
  }

  /** Rows that were taken so far. */
  get rows(): number {
    return this.#before + this.#rows;
  }

  /** @throws {UserError} of a value that cannot be trained on, with its row and column */
  async add(block: Block): Promise<void> {
    if ("indptr" in block) {
      if (this.options.sparse) await this.#addSparse(block);
      else await this.#addDense(densified(block, this.options.columns));
    } else if (this.options.sparse) await this.#addSparse(sparsified(block, this.options.columns));
    else await this.#addDense(block);
  }

  /** Writes the last chunk. @returns all of them */
  async finish(): Promise<readonly ChunkRecord[]> {
    if (this.#rows > 0 || this.#records.length === 0) await this.#flush();
    return this.#records;
  }

  async #addSparse({ rows, indptr, indices, data }: Sparse): Promise<void> {
    for (let row = 0; row < rows; row++) {
      const from = indptr[row]!, to = indptr[row + 1]!, count = to - from;
      if ((this.#values + count > this.#limit && this.#rows > 0) || this.#rows === ROWS_MAX) await this.#flush();
      this.#reserve(this.#values + count);
      let last = -1;
      for (let at = from; at < to; at++) {
        const column = indices[at]!, value = data[at]!;
        if (!(column > last && column < this.options.columns)) throw this.#wrongColumn(column, last);
        if (!Number.isFinite(value)) throw this.#notFinite(column, value);
        last = column;
        this.#indices[this.#values] = column;
        this.#data[this.#values++] = value;
      }
      this.#indptr.push(this.#values);
      this.#rows++;
    }
  }

  async #addDense({ rows, values }: Dense): Promise<void> {
    const { columns } = this.options;
    for (let row = 0; row < rows; row++) {
      if (this.#values + columns > this.#limit && this.#rows > 0) await this.#flush();
      this.#reserve(this.#values + columns);
      const from = row * columns;
      for (let column = 0; column < columns; column++) {
        const value = values[from + column]!;
        if (!Number.isFinite(value)) throw this.#notFinite(column, value);
        this.#data[this.#values++] = value;
      }
      this.#rows++;
    }
  }

  #reserve(values: number): void {
    if (values <= this.#data.length) return;
    const capacity = Math.max(values, Math.min(this.#limit, 2 * this.#data.length));
    const data = new Float32Array(capacity);
    data.set(this.#data.subarray(0, this.#values));
    this.#data = data;
    if (!this.options.sparse) return;
    const indices = new Int32Array(capacity);
    indices.set(this.#indices.subarray(0, this.#values));
    this.#indices = indices;
  }

  #place(column: number): string {
    const { rowNames, columnNames } = this.options;
    const named = (names: readonly string[] | null, at: number) => names?.[at] === undefined ? "" : ` (${names[at]})`;
    return `row ${this.rows}${named(rowNames, this.rows)}, column ${column}${named(columnNames, column)}`;
  }

  #notFinite(column: number, value: number): UserError {
    return new UserError(
      this.options.path,
      `${this.#place(column)}: the value is ${value}, or too large for a single-precision number`,
      "remove the row or the column, or give it a value",
    );
  }

  #wrongColumn(column: number, last: number): UserError {
    const what = column <= last
      ? `column ${column} comes after column ${last}`
      : `column ${column} of ${countText(this.options.columns)}`;
    return new UserError(this.options.path, `row ${this.rows}: ${what}; the file is damaged`, "make the file again");
  }

  async #flush(): Promise<void> {
    const { sparse, columns, firstChunk } = this.options;
    const number = firstChunk + this.#records.length;
    const file = `chunk-${String(number).padStart(6, "0")}.${sparse ? "npz" : "npy"}`;
    const path = join(this.folder, file);
    const hash = createHash("sha256");
    const seen = (bytes: Uint8Array) => {
      hash.update(bytes);
    };
    const data = this.#data.subarray(0, this.#values);
    let bytes = 0;
    if (sparse) {
      const indptr = Int32Array.from(this.#indptr), indices = this.#indices.subarray(0, this.#values);
      bytes = await writeCsrNpz(path, { columns, indptr, indices, data }, seen);
    } else {
      const parts = [npyHeader("<f4", [this.#rows, columns]), new Uint8Array(data.buffer, 0, data.byteLength)];
      await writeAtomically(path, async (out) => {
        for (const part of parts) {
          seen(part);
          await out.write(part);
          bytes += part.length;
        }
      });
    }
    this.#records.push({
      file,
      first_row: this.#before,
      rows: this.#rows,
      nnz: this.#values,
      bytes,
      sha256: hash.digest("hex"),
    });
    this.#before += this.#rows;
    this.#rows = 0;
    this.#values = 0;
    this.#indptr = [0];
  }
}

/** All values of rows of stored entries. */
function densified({ rows, indptr, indices, data }: Sparse, columns: number): Dense {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let at = indptr[row]!; at < indptr[row + 1]!; at++) values[row * columns + indices[at]!] = data[at]!;
  }
  return { rows, values };
}

/** The values of rows that are not zero. */
export function sparsified({ rows, values }: Dense, columns: number): Sparse {
  let count = 0;
  for (let at = 0; at < rows * columns; at++) if (values[at] !== 0) count++;
  const indptr = new Float64Array(rows + 1), indices = new Uint32Array(count), data = new Float32Array(count);
  let next = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column]!;
      if (value === 0) continue;
      indices[next] = column;
      data[next++] = value;
    }
    indptr[row + 1] = next;
  }
  return { rows, indptr, indices, data };
}

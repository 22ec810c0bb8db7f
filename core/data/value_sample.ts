/** What the values of some rows are like: their range, whether they are whole, zeros, sums of rows. */
import type { PortraitMaker } from "./portrait.ts";
import type { Block } from "./readers/reader.ts";
import { type Likeness, Smoothness } from "./smoothness.ts";

/** The largest numbers of rows and of values that are read. */
export const SAMPLE_ROWS = 1000;
export const SAMPLE_VALUES = 20e6;

export interface ValueSample {
  /** Number of rows that were read. */
  readonly rows: number;
  /** How many of them have no value but 0. */
  readonly emptyRows: number;
  /** The smallest and largest nonzero value; 0 if all are zero. */
  readonly least: number;
  readonly greatest: number;
  /** Whether all values are whole numbers. */
  readonly whole: boolean;
  /** Share of zeros among all values of these rows. */
  readonly zeros: number;
  /** Sums of the rows: lowest, median, highest. */
  readonly rowSums: readonly [number, number, number];
  /** How alike neighbours are; null of sparse rows and of a small matrix. */
  readonly likeness: Likeness | null;
}

export class ValueTally {
  #least = Infinity;
  #greatest = -Infinity;
  #whole = true;
  #stored = 0;
  #empty = 0;
  readonly #sums: number[] = [];
  readonly #smoothness = new Smoothness();

  /** @param portrait is shown every row, too */
  constructor(readonly portrait: PortraitMaker | null = null) {}

  get rows(): number {
    return this.#sums.length;
  }

  /** Adds the values [from, to) of a row. @param places their columns; null where the row has all values, in order */
  add(values: Float32Array, from: number, to: number, places: Uint32Array | null): void {
    this.portrait?.add(values, from, to, places);
    if (places === null) this.#smoothness.add(values, from, to);
    let sum = 0;
    const before = this.#stored;
    for (let at = from; at < to; at++) {
      const value = values[at]!;
      if (value === 0) continue;
      this.#stored++;
      sum += value;
      if (value < this.#least) this.#least = value;
      if (value > this.#greatest) this.#greatest = value;
      this.#whole &&= Number.isInteger(value);
    }
    if (this.#stored === before) this.#empty++;
    this.#sums.push(sum);
  }

  sample(columns: number): ValueSample {
    const sums = this.#sums.sort((a, b) => a - b);
    const isAllZero = this.#stored === 0;
    return {
      rows: sums.length,
      emptyRows: this.#empty,
      least: isAllZero ? 0 : this.#least,
      greatest: isAllZero ? 0 : this.#greatest,
      whole: this.#whole,
      zeros: sums.length > 0 ? 1 - this.#stored / (sums.length * columns) : 1,
      likeness: this.#smoothness.likeness(),
      rowSums: [sums[0] ?? 0, sums[sums.length >> 1] ?? 0, sums.at(-1) ?? 0],
    };
  }
}

/** Adds the first rows of a source: at most `most` of them, and no more values than a look may take. */
export async function tallyBlocks(
  tally: ValueTally,
  blocks: AsyncIterable<Block>,
  columns: number,
  most: number,
): Promise<void> {
  const end = tally.rows + most;
  let values = 0;
  for await (const block of blocks) {
    for (let row = 0; row < block.rows && tally.rows < end; row++) {
      const [data, from, to, places] = "values" in block
        ? [block.values, row * columns, (row + 1) * columns, null] as const
        : [block.data, block.indptr[row]!, block.indptr[row + 1]!, block.indices] as const;
      tally.add(data, from, to, places);
      values += to - from;
    }
    if (tally.rows >= end || values >= SAMPLE_VALUES) return;
  }
}

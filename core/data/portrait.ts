/** What is drawn of data: how the values of some rows are spread, sums of rows, how full rows and columns are, and the first rows. */

/** Numbers in bins. */
export interface Spread {
  /** One more than there are bins, rising. A bin holds what is at least its first edge and below its second. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Whether the edges rise by a factor. */
  readonly log: boolean;
}

/** The first rows by groups of neighbouring columns. */
export interface Grid {
  readonly rows: number;
  /** Groups of columns. */
  readonly groups: number;
  /** Columns of a group: all, or nearly all, have so many. */
  readonly columns: number;
  /** Mean magnitudes, row by row. */
  readonly values: readonly number[];
}

export interface Portrait {
  /** Of values that are not zero: all, or some of them, evenly chosen. Null where all are zero. */
  readonly values: Spread | null;
  readonly rowSums: Spread;
  /** How many values of a row are not zero. */
  readonly filled: Spread;
  /** Columns whose values are zero in all rows that were looked at; null where there are too many columns to count. */
  readonly emptyColumns: number | null;
  /** The first rows, with all values; none where they are too long. */
  readonly first: readonly (readonly number[])[];
  readonly grid: Grid;
}

/** Values that are kept for the bins; of more, every second, fourth, ... */
const KEPT = 1 << 18;
const BINS = 40;
/** Rows that are kept whole, up to a length. */
const FIRST_ROWS = 12, FIRST_COLUMNS = 1 << 16;
const GRID_ROWS = 96, GRID_GROUPS = 240;
/** Columns of which it is noted whether they are empty. */
const NOTED_COLUMNS = 1e8;
/** A range of positive numbers this wide is divided by factors. */
const LONG = 100;

/** Bins for numbers: of whole numbers, edges are whole, or in the middle between two where each number has a bin. @param values at least one */
export function spreadOf(values: ArrayLike<number>): Spread {
  let least = Infinity, greatest = -Infinity, whole = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
    whole &&= Number.isInteger(value);
  }
  const log = least > 0 && greatest / least >= LONG;
  const end = whole ? greatest + 1 : greatest > least ? greatest : least + (Math.abs(least) || 1);
  const bins = whole && !log ? Math.min(BINS, end - least) : BINS;
  const shift = whole && !log && bins === end - least ? 0.5 : 0;
  const even = Array.from({ length: bins + 1 }, (_, i) => {
    const share = i / bins;
    if (i === bins) return end;
    return log ? least * (end / least) ** share : least + (end - least) * share;
  });
  const edges = whole ? [...new Set(even.map((edge) => Math.round(edge) - shift))] : even;
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (let i = 0; i < values.length; i++) {
    let low = 0, high = counts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (edges[middle]! <= values[i]!) low = middle;
      else high = middle - 1;
    }
    counts[low]!++;
  }
  return { edges, counts, log };
}

/** Collects a portrait row by row. */
export class PortraitMaker {
  #kept = new Float32Array(KEPT);
  #count = 0;
  #every = 1;
  #seen = 0;
  #sums: number[] = [];
  #filled: number[] = [];
  #first: number[][] = [];
  #grid: number[] = [];
  readonly #used: Uint8Array | null;
  readonly #groups: number;

  constructor(readonly columns: number) {
    this.#used = columns <= NOTED_COLUMNS ? new Uint8Array(columns) : null;
    this.#groups = Math.max(1, Math.min(columns, GRID_GROUPS));
  }

  /** Adds the values [from, to) of a row. @param places their columns; null where the row has all values, in order */
  add(values: Float32Array, from: number, to: number, places: Uint32Array | null): void {
    const whole = this.#first.length < FIRST_ROWS && this.columns <= FIRST_COLUMNS;
    const row = whole ? new Array<number>(this.columns).fill(0) : null;
    const magnitudes = this.#sums.length < GRID_ROWS ? new Array<number>(this.#groups).fill(0) : null;
    let sum = 0, filled = 0;
    for (let at = from; at < to; at++) {
      const value = values[at]!, column = places === null ? at - from : places[at]!;
      if (value === 0) continue;
      sum += value;
      filled++;
      this.#keep(value);
      if (this.#used) this.#used[column] = 1;
      if (row) row[column] = value;
      if (magnitudes) magnitudes[Math.floor(column / this.columns * this.#groups)]! += Math.abs(value);
    }
    this.#sums.push(sum);
    this.#filled.push(filled);
    if (row) this.#first.push(row);
    if (magnitudes) this.#grid.push(...magnitudes.map((each) => each * this.#groups / this.columns));
  }

  #keep(value: number): void {
    if (this.#seen++ % this.#every !== 0) return;
    if (this.#count === KEPT) {
      for (let i = 0; i < KEPT / 2; i++) this.#kept[i] = this.#kept[2 * i]!;
      this.#count /= 2;
      this.#every *= 2;
      if ((this.#seen - 1) % this.#every !== 0) return;
    }
    this.#kept[this.#count++] = value;
  }

  /** @returns null where no row was added */
  portrait(): Portrait | null {
    if (this.#sums.length === 0) return null;
    return {
      values: this.#count === 0 ? null : spreadOf(this.#kept.subarray(0, this.#count)),
      rowSums: spreadOf(this.#sums),
      filled: spreadOf(this.#filled),
      emptyColumns: this.#used && this.columns - this.#used.reduce((sum, one) => sum + one, 0),
      first: this.#first,
      grid: {
        rows: Math.min(GRID_ROWS, this.#sums.length),
        groups: this.#groups,
        columns: Math.round(this.columns / this.#groups),
        values: this.#grid,
      },
    };
  }
}

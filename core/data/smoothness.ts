/** How alike neighbours are along the rows of a matrix and down its columns: samples of a signal are, rows mostly are not. */

/** Rows and columns that are looked at, from the first ones on. */
const ROWS_MAX = 256, COLUMNS_MAX = 512;
/** Fewer tell nothing. */
const LEAST = 32;

export interface Likeness {
  /** Correlation of a value with the next one in its row, and with the next one in its column, without means of rows and columns. */
  readonly along: number;
  readonly down: number;
}

/** Keeps a corner of a matrix, row by row. */
export class Smoothness {
  readonly #rows: Float64Array[] = [];

  add(values: Float32Array, from: number, to: number): void {
    if (this.#rows.length === ROWS_MAX) return;
    this.#rows.push(Float64Array.from(values.subarray(from, Math.min(to, from + COLUMNS_MAX))));
  }

  /** Null of few rows or columns, and of values that are all alike. */
  likeness(): Likeness | null {
    const rows = this.#rows, columns = rows[0]?.length ?? 0;
    if (Math.min(rows.length, columns) < LEAST) return null;
    const downMeans = new Float64Array(columns);
    for (const row of rows) row.forEach((value, column) => downMeans[column]! += value / rows.length);
    const all = downMeans.reduce((sum, mean) => sum + mean, 0) / columns;
    const centred = rows.map((row) => {
      const mean = row.reduce((sum, value) => sum + value, 0) / columns;
      return row.map((value, column) => value - mean - downMeans[column]! + all);
    });
    let squares = 0, along = 0, down = 0;
    for (const [at, row] of centred.entries()) {
      const next = centred[at + 1];
      for (let column = 0; column < columns; column++) {
        squares += row[column]! ** 2;
        if (column + 1 < columns) along += row[column]! * row[column + 1]!;
        if (next) down += row[column]! * next[column]!;
      }
    }
    if (!(squares > 0) || !Number.isFinite(squares)) return null;
    const part = (sum: number, [pairs, of]: readonly [number, number]) => sum / squares * of / pairs;
    return {
      along: part(along, [columns - 1, columns]),
      down: part(down, [rows.length - 1, rows.length]),
    };
  }
}

/** Whether signals seem to go down the columns and not along the rows. */
export const seemsTurned = ({ along, down }: Likeness): boolean => down > 0.5 && along < down - 0.3;

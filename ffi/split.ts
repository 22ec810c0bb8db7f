/** Seeded split of rows: see nrw_split_rows in narrows.h. */
import { errorRecord, unwrap } from "./error.ts";
import { engine } from "./library.ts";

/**
 * Which part each row belongs to: 0 train, 1 validation, 2 test. A function of the seed and the global row number alone,
 * so rows keep their part when files are added behind them.
 * @param firstRow global number of the first row
 */
export function splitRows(
  seed: number,
  firstRow: number,
  rows: number,
  trainShare: number,
  validationShare: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(rows);
  const error = errorRecord();
  unwrap(
    engine().nrw_split_rows(BigInt(seed), firstRow, rows, trainShare, validationShare, out, error),
    error,
  );
  return out;
}

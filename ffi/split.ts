/** Which part each row belongs to. */
import { errorRecord, unwrap } from "./error.ts";
import { engine } from "./library.ts";
import { MAX_U32, seedOf, whole, within } from "./numbers.ts";

/** The parts of the data: the values of {@link splitRows}. */
export const PART = { train: 0, validation: 1, test: 2 } as const;

/**
 * Assigns rows to train, validation and test by a seeded hash: a function of (seed, the row's key) alone.
 * @param firstRow key of the first row; those of the rows after it count on
 * @param train share of the rows, as `validation`; together at most 1, the rest is test
 * @returns `rows` values of {@link PART}
 * @throws {EngineError} `invalid_argument`
 */
export function splitRows(
  { seed, firstRow, rows, train, validation }: {
    readonly seed: number | bigint;
    readonly firstRow: number;
    readonly rows: number;
    readonly train: number;
    readonly validation: number;
  },
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(whole(rows, "rows", 0, MAX_U32));
  const error = errorRecord();
  const code = engine().nrw_split_rows(
    seedOf(seed),
    whole(firstRow, "firstRow", 0, Number.MAX_SAFE_INTEGER),
    rows,
    within(train, "train", 0, 1),
    within(validation, "validation", 0, 1),
    out,
    error,
  );
  unwrap(code, error);
  return out;
}

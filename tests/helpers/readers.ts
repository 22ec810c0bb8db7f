/** What a reader gives, as plain arrays, and hostile copies of a file. */
import type { Reader, ReaderOptions } from "../../core/data/readers/reader.ts";

export interface Read {
  readonly values: number[][];
  readonly rowNames: readonly string[] | null;
  readonly columnNames: readonly string[] | null;
  readonly rowTables: Readonly<Record<string, readonly string[]>>;
  readonly notes: readonly string[];
  readonly sparse: boolean;
}

/** All rows of a source, dense. */
export async function readAll(reader: Reader, path: string, options: ReaderOptions = {}, blockRows = 7): Promise<Read> {
  const open = await reader.open(path, options);
  try {
    const values: number[][] = [];
    for await (const block of open.read(blockRows)) {
      for (let row = 0; row < block.rows; row++) {
        if ("values" in block) {
          values.push([...block.values.subarray(row * open.columns, (row + 1) * open.columns)]);
          continue;
        }
        const dense = new Array<number>(open.columns).fill(0);
        let last = -1;
        for (let at = block.indptr[row]!; at < block.indptr[row + 1]!; at++) {
          const column = block.indices[at]!;
          if (!(column > last)) throw new Error(`row ${values.length}: column ${column} after ${last}`);
          last = column;
          dense[column] = block.data[at]!;
        }
        values.push(dense);
      }
    }
    if (values.length !== open.rows) throw new Error(`${values.length} rows of ${open.rows}`);
    const { rowNames, columnNames, notes, sparse } = open;
    return { values, rowNames, columnNames, rowTables: Object.fromEntries(open.rowTables), notes, sparse };
  } finally {
    open.close();
  }
}

/** A small generator of random numbers that tests can repeat (xorshift32). */
export function random(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Copies of a file with flipped bits, zeroed or repeated stretches, or cut short. */
export function* mutations(bytes: Uint8Array, count: number, seed = 1): Generator<Uint8Array<ArrayBuffer>> {
  const next = random(seed);
  const place = () => Math.floor(next() * bytes.length);
  for (let i = 0; i < count; i++) {
    let copy = bytes.slice();
    const kind = i % 4;
    if (kind === 0) copy = copy.slice(0, place());
    else if (kind === 1) {
      for (let flips = 0; flips < 1 + Math.floor(next() * 8); flips++) copy[place()]! ^= 1 << Math.floor(next() * 8);
    } else if (kind === 2) copy.fill(next() < 0.5 ? 0 : 255, place(), place());
    else copy.copyWithin(place(), place(), place());
    yield copy as Uint8Array<ArrayBuffer>;
  }
}

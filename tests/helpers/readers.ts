/** What a reader gives, as plain arrays. */
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

/** The rows of a Matrix Market file, whose lines are entries of rows x columns or, as in Cell Ranger's files, of columns x rows. */
import { type Entries, entriesOf, type MatrixHeader } from "./matrix_text.ts";
import type { Block, ReaderOptions } from "./reader.ts";
import { requirePlausible, RowAssembler, RowBuckets } from "./rows.ts";

interface Options extends ReaderOptions {
  /** Whether a row of the data is a column of the file. */
  readonly transposed: boolean;
}

/** Rows in blocks: as they come where the file is in their order, else sorted. @throws {OutOfOrder} */
export async function* matrixRows(
  path: string,
  header: MatrixHeader,
  options: Options,
  blockRows: number,
): AsyncGenerator<Block> {
  const { transposed } = options;
  const rows = transposed ? header.columns : header.rows;
  requirePlausible(path, rows, header.entries);
  const needsSorting = options.anyOrder || header.symmetry !== "general" || (header.isArray && !transposed) ||
    !await beginsInOrder(path, transposed);
  if (!needsSorting) {
    const assembler = new RowAssembler(blockRows);
    for await (const entries of entriesOf(path)) {
      const [row, column] = transposed ? [entries.columns, entries.rows] : [entries.rows, entries.columns];
      for (let at = 0; at < entries.count; at++) {
        const value = entries.values[at]!;
        if (value === 0) continue;
        while (!assembler.goTo(row[at]!)) yield assembler.take();
        assembler.add(column[at]!, value);
      }
    }
    while (!assembler.goTo(rows)) yield assembler.take();
    yield assembler.take();
    return;
  }
  const buckets = new RowBuckets(rows, header.entries, options.scratch);
  try {
    for await (const entries of entriesOf(path)) addAll(buckets, entries, header, transposed);
    yield* buckets.blocks(blockRows);
  } finally {
    await buckets.close();
  }
}

/** Whether the first entries are in the order of the rows, so that most likely all are. */
async function beginsInOrder(path: string, transposed: boolean): Promise<boolean> {
  for await (const { count, rows, columns } of entriesOf(path)) {
    const order = (transposed ? columns : rows).subarray(0, count);
    return order.every((row, at) => at === 0 || row >= order[at - 1]!);
  }
  return true;
}

/** A symmetric file holds the entries on and below the diagonal alone. */
function addAll(buckets: RowBuckets, entries: Entries, { symmetry }: MatrixHeader, transposed: boolean): void {
  const mirrored = symmetry === "skew-symmetric" ? -1 : 1;
  for (let at = 0; at < entries.count; at++) {
    const i = entries.rows[at]!, j = entries.columns[at]!, value = entries.values[at]!;
    if (value === 0) continue;
    if (transposed) buckets.add(j, i, value);
    else buckets.add(i, j, value);
    if (symmetry === "general" || i === j) continue;
    if (transposed) buckets.add(i, j, mirrored * value);
    else buckets.add(j, i, mirrored * value);
  }
}

/** Reads a source to its end, checking what every reader promises. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../../../../core/errors.ts";
import type { OpenSource, Reader, ReaderOptions } from "../../../../core/data/readers/reader.ts";

export interface Rows extends Omit<OpenSource, "read" | "close"> {
  /** All rows, one after another. */
  readonly values: number[];
  /** Rows of each block. */
  readonly blocks: readonly number[];
}

/** All rows of a dense source, read in blocks of `blockRows`. */
export async function readAll(reader: Reader, path: string, options: ReaderOptions = {}, blockRows = 100) {
  const source = await reader.open(path, options);
  const values: number[] = [], blocks: number[] = [];
  try {
    for await (const block of source.read(blockRows)) {
      assert("values" in block, "the rows are dense");
      assert(block.rows > 0 && block.rows <= blockRows, `a block of ${block.rows} rows`);
      assertEquals(block.values.length, block.rows * source.columns);
      for (const value of block.values) values.push(value);
      blocks.push(block.rows);
    }
  } finally {
    source.close();
  }
  assertEquals(values.length, source.rows * source.columns);
  assertEquals(source.shape?.reduce((product, size) => product * size, 1) ?? source.columns, source.columns);
  if (source.rowNames) {
    assertEquals(source.rowNames.length, source.rows);
    assertEquals(new Set(source.rowNames).size, source.rows);
  }
  for (const [name, table] of source.rowTables) assertEquals(table.length, source.rows, name);
  return { ...source, values, blocks } as Rows;
}

/** The message and hint of a source that is refused when it is opened or read. */
export async function refusalOf(reader: Reader, path: string, options: ReaderOptions = {}): Promise<string> {
  const error = await assertRejects(() => readAll(reader, path, options), UserError);
  assert(!error.message.includes("\n"), error.message);
  return error.message + (error.hint ? ` (${error.hint})` : "");
}

/** Arrays beside the rows in the same file that say something about each of them, such as labels. */
import type { ArrayFile } from "./array_files.ts";

/** Rows of which tables are looked for, arrays that are looked at, and how many different numbers are still labels. */
const ROWS_MAX = 1 << 24, ARRAYS_MAX = 100, DIFFERENT = 20;

/**
 * Tables of the rows by the names of the arrays: those with a text a row, and those with a whole number a row of which few differ.
 * @param rows how many there are @param own the array that the rows are made of
 */
export async function listsOf(
  file: ArrayFile,
  rows: number,
  own: string,
): Promise<[name: string, values: readonly string[]][]> {
  if (rows < 2 || rows > ROWS_MAX) return [];
  const tables: [string, readonly string[]][] = [];
  const lists = file.members.filter(({ name, shape, isPart }) => {
    const long = shape.filter((size) => size > 1);
    return name !== own && !isPart && long.length === 1 && long[0] === rows;
  });
  for (const { name, shape, type, isNumeric, isComplex } of lists.slice(0, ARRAYS_MAX)) {
    const texts = type === "text" ? await file.texts?.(name) : null;
    if (texts) tables.push([name, texts]);
    if (!isNumeric || isComplex) continue;
    const { values, strides } = await file.read(name, shape.map(() => 0), [...shape]);
    const stride = strides[shape.findIndex((size) => size > 1)]!;
    const numbers = Array.from({ length: rows }, (_, row) => values[row * stride]!);
    const different = new Set(numbers).size;
    if (!numbers.every(Number.isInteger) || different > Math.max(DIFFERENT, rows / 10)) continue;
    tables.push([name, numbers.map(String)]);
  }
  return tables;
}

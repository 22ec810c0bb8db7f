/** A table of float32 values with a row for each row of the data: `.npy`, or `.csv` for programs that read text. */
import { extname } from "@std/path";
import { UserError } from "../errors.ts";
import { formatCsvLine } from "./csv.ts";
import { writeAtomically } from "./file.ts";
import { NpyWriter } from "./npy.ts";

export const TABLE_KINDS = [".npy", ".csv"] as const;
const TEXT_BYTES = 1 << 20;

/** The ending of a file's name, of those that are allowed. @throws {UserError} for any other */
export function endingOf<const Ending extends string>(path: string, endings: readonly Ending[], field: string): Ending {
  const extension = extname(path).toLowerCase();
  const ending = endings.find((known) => known === extension);
  if (ending !== undefined) return ending;
  const named = endings.filter((ending) => ending !== "");
  const list = `${named.slice(0, -1).join(", ")} or ${named.at(-1)}`;
  throw new UserError(field, `must end in ${list}, got ${path}`, "give the file one of these endings");
}

/** The kind of a table by its file's name. @throws {UserError} for any other */
export const tableKind = (path: string, field: string): typeof TABLE_KINDS[number] =>
  endingOf(path, TABLE_KINDS, field);

/** The shortest text from which the same float32 comes back. */
export function float32Text(value: number): string {
  if (!Number.isFinite(value)) return formatCsvLine([value]);
  const enough = [7, 8].find((digits) => Math.fround(Number(value.toPrecision(digits))) === value) ?? 9;
  return formatCsvLine([Number(value.toPrecision(enough))]);
}

export interface Table {
  /** Of each row its number through all rows of the data, from 0. */
  readonly rowNumbers: readonly number[];
  /** Names of the columns, for the header of a text. */
  readonly columns: readonly string[];
  /** What a text also says about each row, between its number and its values. */
  readonly about?: readonly { readonly name: string; readonly values: readonly (string | number)[] }[];
}

/**
 * Writes a table that appears whole or not at all. A `.csv` has a header and begins each line with the row's number and what is said
 * about the row.
 * @param parts the values, row by row, some rows at a time
 * @returns its shape
 */
export async function writeTable(
  path: string,
  { rowNumbers, columns, about = [] }: Table,
  parts: AsyncIterable<Float32Array<ArrayBuffer>>,
): Promise<[number, number]> {
  const shape: [number, number] = [rowNumbers.length, columns.length];
  if (tableKind(path, "output") === ".npy") {
    await using out = await NpyWriter.create(path, "f32", shape);
    for await (const values of parts) await out.write(values);
    await out.close();
    return shape;
  }
  await writeAtomically(path, async (file) => {
    const encoder = new TextEncoder();
    let text = formatCsvLine(["row", ...about.map(({ name }) => name), ...columns]) + "\n";
    let row = 0;
    for await (const values of parts) {
      for (let at = 0; at < values.length; at += columns.length, row++) {
        const cells = Array.from(values.subarray(at, at + columns.length), float32Text);
        const begin = formatCsvLine([rowNumbers[row]!, ...about.map(({ values }) => values[row]!)]);
        text += `${begin},${cells.join(",")}\n`;
        if (text.length < TEXT_BYTES) continue;
        await file.write(encoder.encode(text));
        text = "";
      }
    }
    if (row !== shape[0]) throw new Error(`${path}: ${row} rows written of ${shape[0]}`);
    await file.write(encoder.encode(text));
  });
  return shape;
}

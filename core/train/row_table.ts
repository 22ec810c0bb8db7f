/** Which row is which: the table that embed and reconstruct write with --rows, one line for each row of their output. */
import { readRowTable } from "../data/annotations.ts";
import type { RowChoice } from "../data/row_choice.ts";
import { type Part, PARTS } from "../data/source.ts";
import { writeAtomically } from "../formats/file.ts";
import { formatCsvLine } from "../formats/csv.ts";
import { type Restored, rowsOf } from "./restore.ts";

const LINES = 10_000;

export const ROW_COLUMNS = ["file", "row", "name", "label", "part"] as const;

/** File, row (within the file, from 0), name, label and part of each chosen row, in their order. */
export async function* describedRows(
  { source, config, otherData, labelsField, locate }: Restored,
  choice: RowChoice,
  note?: (text: string) => void,
): AsyncGenerator<(string | number)[]> {
  const table = await readRowTable(config.data, source, note, labelsField).catch((error) => {
    throw locate(error);
  });
  const { labels } = table, names = source.rowNames ?? table.names;
  for (const file of source.files) {
    const parts = partOfRows(file);
    for (const row of choice.byFile.get(file.index) ?? []) {
      const at = file.firstRow + row;
      const part = otherData === null ? parts[row]! : "new";
      yield [file.name, file.offset + row, names?.[at] ?? "", labels?.[at] ?? "", part];
    }
  }
}

/**
 * Writes file, row (within the file, from 0), name, label and part of every row of a split, in the order of the output.
 */
export async function writeRowTable(
  restored: Restored,
  split: string,
  path: string,
  note?: (text: string) => void,
): Promise<void> {
  const choice = rowsOf(restored, split);
  await writeAtomically(path, async (out) => {
    let lines = [formatCsvLine(ROW_COLUMNS)];
    const flush = async () => {
      await out.write(new TextEncoder().encode(lines.map((line) => line + "\n").join("")));
      lines = [];
    };
    for await (const cells of describedRows(restored, choice, note)) {
      lines.push(formatCsvLine(cells));
      if (lines.length >= LINES) await flush();
    }
    await flush();
  });
}

function partOfRows(file: Restored["source"]["files"][number]): Part[] {
  const parts: Part[] = [];
  for (const part of PARTS) for (const row of file.parts[part]) parts[row] = part;
  return parts;
}

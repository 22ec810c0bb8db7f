/** The table that embed and reconstruct write with --rows: one line for each row of their output. */
import { readRowTable } from "../data/annotations.ts";
import { type Part, PARTS } from "../data/source.ts";
import { writeAtomically } from "../formats/file.ts";
import { formatCsvLine } from "../formats/csv.ts";
import { type Restored, rowsOf } from "./restore.ts";

const LINES = 10_000;

/**
 * Writes file, row (within the file, from 0), name, label and part of every row of a split, in the order of the output.
 */
export async function writeRowTable(
  restored: Restored,
  split: string,
  path: string,
  note?: (text: string) => void,
): Promise<void> {
  const { source, config, otherData } = restored;
  const choice = rowsOf(restored, split);
  const table = await readRowTable(config.data, source, note, restored.labelsField).catch((error) => {
    throw restored.locate(error);
  });
  const { labels } = table, names = source.rowNames ?? table.names;
  await writeAtomically(path, async (out) => {
    let lines = ["file,row,name,label,part"];
    const flush = async () => {
      await out.write(new TextEncoder().encode(lines.map((line) => line + "\n").join("")));
      lines = [];
    };
    for (const file of source.files) {
      const parts = partOfRows(file);
      for (const row of choice.byFile.get(file.index) ?? []) {
        const at = file.firstRow + row;
        const part = otherData === null ? parts[row]! : "new";
        lines.push(formatCsvLine([file.name, file.offset + row, names?.[at] ?? "", labels?.[at] ?? "", part]));
        if (lines.length >= LINES) await flush();
      }
    }
    await flush();
  });
}

function partOfRows(file: Restored["source"]["files"][number]): Part[] {
  const parts: Part[] = [];
  for (const part of PARTS) for (const row of file.parts[part]) parts[row] = part;
  return parts;
}

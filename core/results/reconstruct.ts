/** Writes reconstructions. */
import { writeTable } from "../formats/table.ts";
import { checkColumns, reconstructedRows, type Restored, rowsOf } from "../train/restore.ts";

/**
 * Writes reconstructions of a split (rows x chosen columns, float32; all columns if none are chosen) to an .npy or .csv
 * file.
 */
export async function reconstructTo(
  restored: Restored,
  split: string,
  path: string,
  columns: Uint32Array<ArrayBuffer> | null,
): Promise<[number, number]> {
  checkColumns(restored, columns, "--columns");
  const choice = rowsOf(restored, split);
  const names = restored.columnNames;
  const chosen = columns ?? Uint32Array.from({ length: restored.source.columns }, (_, column) => column);
  const table = {
    rowNumbers: choice.rows,
    columns: Array.from(chosen, (column) => names?.[column] ?? `column_${column}`),
  };
  return await writeTable(path, table, reconstructedRows(restored, choice, columns));
}

/** Writes latent vectors: as a table of numbers, with names and labels as Parquet, or into a copy of an AnnData file. */
import { readRowTable } from "../data/annotations.ts";
import { writeParquet } from "../formats/parquet_write.ts";
import { endingOf, TABLE_KINDS, writeTable } from "../formats/table.ts";
import { latentRows, type Restored, rowsOf } from "../train/restore.ts";
import { embedIntoH5ad } from "./h5ad.ts";

/** How a file of latent vectors may end. */
export const EMBED_ENDINGS = [...TABLE_KINDS, ".parquet", ".h5ad"] as const;
/** Of these, the tables, which have the labels of the rows. */
export const LABELLED_ENDINGS = [".csv", ".parquet"];

/**
 * Writes the latent vectors of a split (rows x latent, float32). `.npy` has nothing else; `.csv` and `.parquet` have
 * numbers, names and labels of the rows, where there are any; `.h5ad` is a copy of the file of the rows with
 * `obsm["X_narrows"]`.
 * @returns the shape
 * @throws {UserError}
 */
export async function embedTo(restored: Restored, split: string, path: string): Promise<[number, number]> {
  const ending = endingOf(path, EMBED_ENDINGS, "--output");
  const choice = rowsOf(restored, split);
  const width = restored.model.latentSize;
  const columns = Array.from({ length: width }, (_, i) => `latent_${i}`);
  const values = latentRows(restored, choice);
  if (ending === ".h5ad") return await embedIntoH5ad(restored, choice, path, values);
  if (ending === ".npy") return await writeTable(path, { rowNumbers: choice.rows, columns }, values);
  const { config, source } = restored;
  const table = await readRowTable(config.data, source, restored.note, restored.labelsField).catch((error) => {
    throw restored.locate(error);
  });
  const names = source.rowNames ?? table.names, { labels } = table;
  const chosen = (texts: readonly string[]) => choice.rows.map((row) => texts[row]!);
  const about = [
    ...names === null ? [] : [{ name: "name", values: chosen(names) }],
    ...labels === null ? [] : [{ name: "label", values: chosen(labels) }],
  ];
  if (ending === ".csv") return await writeTable(path, { rowNumbers: choice.rows, columns, about }, values);
  await writeParquet(path, [{ name: "row", values: choice.rows }, ...about], columns, choice.rows.length, values);
  return [choice.rows.length, width];
}

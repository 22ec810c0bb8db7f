/** The latent vectors of a run for TensorBoard's embedding projector (tensorboard/plugins/projector). */
import { join } from "@std/path";
import { chooseRows } from "../data/row_choice.ts";
import { makeFolder, writeAtomically } from "../formats/file.ts";
import { float32Text } from "../formats/table.ts";
import { latentRows, type Restored, rowsOf, splitParts } from "./restore.ts";
import { describedRows, ROW_COLUMNS } from "./row_table.ts";

/** Most rows: the projector holds all of them in the browser. They are evenly spread over the data. */
export const PROJECTOR_ROWS = 10_000;

const CONFIG = `embeddings {
  tensor_name: "latent"
  tensor_path: "latent.tsv"
  metadata_path: "latent_rows.tsv"
}
`;

/** A cell of a table of tabs and lines. */
const cell = (value: string | number) => String(value).replaceAll(/\p{Cc}/gu, " ");

/**
 * Writes `latent.tsv` (rows x latent, without a header), `latent_rows.tsv` (which row is which, with a header) and
 * `projector_config.pbtxt` into a folder, each of them whole or not at all.
 * @returns the number of rows, and of those of the split
 */
export async function writeProjector(
  restored: Restored,
  split: string,
  folder: string,
  note?: (text: string) => void,
): Promise<{ rows: number; of: number }> {
  const { source, config, model } = restored;
  const of = rowsOf(restored, split).rows.length;
  const choice = chooseRows(source, splitParts(split), config.data, PROJECTOR_ROWS);
  const encoder = new TextEncoder();
  await makeFolder(folder);
  await writeAtomically(join(folder, "latent.tsv"), async (file) => {
    for await (const values of latentRows(restored, choice)) {
      const lines: string[] = [];
      for (let at = 0; at < values.length; at += model.latentSize) {
        lines.push(Array.from(values.subarray(at, at + model.latentSize), float32Text).join("\t"));
      }
      await file.write(encoder.encode(lines.map((line) => `${line}\n`).join("")));
    }
  });
  await writeAtomically(join(folder, "latent_rows.tsv"), async (file) => {
    let text = `${ROW_COLUMNS.join("\t")}\n`;
    for await (const cells of describedRows(restored, choice, note)) text += `${cells.map(cell).join("\t")}\n`;
    await file.write(encoder.encode(text));
  });
  await writeAtomically(join(folder, "projector_config.pbtxt"), (file) => file.write(encoder.encode(CONFIG)));
  return { rows: choice.rows.length, of };
}

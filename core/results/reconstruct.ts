/** Writes reconstructions: as a table of numbers, as sparse counts, as pictures or as recordings. */
import { extname } from "@std/path";
import type { RowChoice } from "../data/row_choice.ts";
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { writeAtomically } from "../formats/file.ts";
import { pictureOf } from "../formats/pictures/png_write.ts";
import { endingOf, TABLE_KINDS, writeTable } from "../formats/table.ts";
import { wavOf } from "../formats/wav_write.ts";
import { checkColumns, reconstructedRows, type Restored, rowsOf } from "../train/restore.ts";
import { fileNames, writeBelow, writeFolder } from "./row_files.ts";
import { pictureShape, rangeOf, recordingForm, shapeOf } from "./row_form.ts";
import { toUser } from "../paths.ts";
import { writeSparse } from "./sparse.ts";

/** How a file of reconstructions may end; a path without an ending is a folder with a file for each row. */
export const RECONSTRUCT_ENDINGS = [...TABLE_KINDS, ".npz", ".png", ".wav", ""] as const;

export interface ReconstructOptions {
  /** Of `.npz`: values that are nearer to 0 than this are left out. */
  readonly threshold?: number;
}

type Columns = Uint32Array<ArrayBuffer> | null;

/** How a row becomes a file of its own. */
interface RowFile {
  readonly ending: ".png" | ".wav";
  /** What the rows are, with their size. */
  readonly about: string;
  of(values: Float32Array): Uint8Array;
}

async function asPictures(restored: Restored, choice: RowChoice, field: string): Promise<RowFile> {
  const shape = pictureShape(restored, field), range = await rangeOf(restored, choice);
  const colours = shape.channels === 3 ? "in colours" : "grey";
  return {
    ending: ".png",
    about: `${shape.height} x ${shape.width} pixels, ${colours}; ${range[0]} is black and ${range[1]} is white`,
    of: (values) => pictureOf(values, shape, range),
  };
}

function asRecordings(restored: Restored, field: string): RowFile {
  const { channels, samples, rate } = recordingForm(restored, field);
  const about = `${countText(samples)} samples at ${countText(rate)} Hz${channels > 1 ? `, ${channels} channels` : ""}`;
  return { ending: ".wav", about, of: (values) => wavOf(values, channels, rate) };
}

/** One file for each row, or the file of the only row. */
async function writeRowFiles(restored: Restored, choice: RowChoice, path: string, ending: string): Promise<void> {
  const isFolder = ending === "", rows = choice.rows.length;
  if (!isFolder && rows !== 1) {
    const hint = "name a folder, without an ending, for a file of each row";
    throw new UserError("--output", `${toUser(path)} is one file, but there are ${countText(rows)} rows`, hint);
  }
  const field = `--output ${toUser(path)}`;
  const { length: dimensions } = shapeOf(restored);
  if (isFolder && dimensions === 1 && restored.source.rateHz === null) {
    const what = "has no ending, which makes a folder of pictures or recordings, but the rows are neither";
    throw new UserError(field, what, "end the name in .npy, .csv or .npz");
  }
  const isPicture = ending === ".png" || (isFolder && dimensions === 3);
  const { about, of, ...file } = isPicture ? await asPictures(restored, choice, field) : asRecordings(restored, field);
  const names = fileNames(choice.rows, restored.source.rowNames, file.ending), width = restored.source.columns;
  const each = async (write: (bytes: Uint8Array, row: number) => Promise<void>) => {
    let row = 0;
    for await (const values of reconstructedRows(restored, choice, null)) {
      for (let at = 0; at < values.length; at += width) await write(of(values.subarray(at, at + width)), row++);
    }
    if (row !== rows) throw new Error(`${path}: ${row} rows of ${rows}`);
  };
  if (isFolder) await writeFolder(path, (folder) => each((bytes, row) => writeBelow(folder, names[row]!, bytes)));
  else await each((bytes) => writeAtomically(path, (out) => out.write(bytes)));
  restored.note(`${isPicture ? "pictures" : "recordings"} of ${about}`);
}

/**
 * Writes reconstructions of a split (rows x chosen columns, float32; all columns if none are chosen), in the scale of the
 * transformed data: `.npy` and `.csv` all values, `.npz` a sparse matrix. A `.png` or `.wav` has one row; a path without an
 * ending is a folder with a file of each row, pictures or recordings as the rows' shape says.
 * @throws {UserError}
 */
export async function reconstructTo(
  restored: Restored,
  split: string,
  path: string,
  columns: Columns,
  { threshold }: ReconstructOptions = {},
): Promise<[number, number]> {
  checkColumns(restored, columns, "--columns");
  const ending = extname(path) === "" ? "" : endingOf(path, RECONSTRUCT_ENDINGS, "--output");
  if (threshold !== undefined && ending !== ".npz") {
    throw new UserError("--threshold", "is for .npz, in which values near 0 are left out", "leave it out");
  }
  const choice = rowsOf(restored, split);
  const shape: [number, number] = [choice.rows.length, columns?.length ?? restored.source.columns];
  if (ending === ".npz") {
    await writeSparse(path, shape, threshold, reconstructedRows(restored, choice, columns), restored.note);
  } else if (ending === ".npy" || ending === ".csv") {
    const names = restored.columnNames;
    const chosen = columns ?? Uint32Array.from({ length: restored.source.columns }, (_, column) => column);
    const table = {
      rowNumbers: choice.rows,
      columns: Array.from(chosen, (column) => names?.[column] ?? `column_${column}`),
    };
    await writeTable(path, table, reconstructedRows(restored, choice, columns));
  } else {
    if (columns !== null) throw new UserError("--columns", "pictures and recordings have all columns", "leave it out");
    await writeRowFiles(restored, choice, path, ending);
  }
  return shape;
}

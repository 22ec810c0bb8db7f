/** Latent vectors in a copy of the AnnData file that the rows come from, as `obsm["X_narrows"]`. */
import { basename, dirname, resolve } from "@std/path";
import { readFrame } from "../data/readers/h5ad_frame.ts";
import type { RowChoice } from "../data/row_choice.ts";
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { removeQuietly, syncFolder, temporaryBeside } from "../formats/file.ts";
import { addObsm } from "../formats/h5ad_write.ts";
import { Hdf5File } from "../formats/hdf5.ts";
import { attempt } from "../formats/io_error.ts";
import { toUser } from "../paths.ts";
import type { Restored } from "../train/restore.ts";
import { onlySource } from "./source_file.ts";

const NAME = "X_narrows";
const INSTEAD = "use .npy, .csv or .parquet, or name one .h5ad file with --data";

/**
 * The number of each row within the file. Rows are found by their names, which say which cell is which; where names are there
 * twice or none at all, the rows must be as many as the file's.
 */
function placesOf({ source }: Restored, names: readonly string[] | null, rows: number, path: string): number[] {
  const changed = (what: string) =>
    new UserError(
      path,
      `${what}, so it is not the file that was prepared`,
      "train or embed with the file as it is now",
    );
  if (
    source.rows === rows &&
    (names === null || source.rowNames === null || source.rowNames.every((name, at) => name === names[at]))
  ) {
    return Array.from({ length: rows }, (_, row) => row);
  }
  if (names === null || source.rowNames === null) {
    throw changed(`has ${countText(rows)} cells, but the data have ${countText(source.rows)}`);
  }
  const places = new Map(names.map((name, at) => [name, at]));
  if (places.size < names.length) {
    throw new UserError(path, "has cells of the same name, and not all of its cells are in the data", INSTEAD);
  }
  return source.rowNames.map((name) => {
    const at = places.get(name);
    if (at === undefined) throw changed(`has no cell named ${name}`);
    return at;
  });
}

/** The vectors in the file's order: NaN where no vector is given. */
async function inFileOrder(
  rows: number,
  width: number,
  places: readonly number[],
  parts: AsyncIterable<Float32Array<ArrayBuffer>>,
): Promise<Float32Array<ArrayBuffer>> {
  const values = new Float32Array(rows * width).fill(NaN);
  let row = 0;
  for await (const part of parts) {
    for (let at = 0; at < part.length; at += width, row++) {
      values.set(part.subarray(at, at + width), places[row]! * width);
    }
  }
  if (row !== places.length) throw new Error(`${row} rows of ${places.length}`);
  return values;
}

/** The names of the cells, and their number. */
async function cellsOf(path: string): Promise<{ readonly names: readonly string[] | null; readonly rows: number }> {
  using file = await Hdf5File.open(path);
  const { index } = readFrame(file, "obs", false);
  if (index !== null) return { names: index, rows: index.length };
  const rows = file.array("X")?.shape[0] ?? file.attributeNumbers("X", "shape")?.[0];
  if (rows === undefined) throw new UserError(path, "says neither in obs nor in X how many cells it has", INSTEAD);
  return { names: null, rows };
}

/**
 * Copies the .h5ad file of the rows and adds their latent vectors. Everything else in the copy is as it was. Cells without a
 * vector, which are not in the split, have NaN, and a note says how many they are.
 * @returns the shape of the vectors, with all cells of the file
 * @throws {UserError} where the rows come from no single .h5ad file; then nothing is written
 */
export async function embedIntoH5ad(
  restored: Restored,
  choice: RowChoice,
  path: string,
  parts: AsyncIterable<Float32Array<ArrayBuffer>>,
): Promise<[number, number]> {
  const source = onlySource(restored, "h5ad", `--output ${toUser(path)}`, INSTEAD);
  if (resolve(path) === resolve(source) || Deno.realPathSync(source) === realPath(path)) {
    throw new UserError(
      "--output",
      `${toUser(path)} is the file of the data itself, which stays as it is`,
      "name another file",
    );
  }
  const width = restored.model.latentSize;
  const { names, rows } = await cellsOf(source);
  const places = placesOf(restored, names, rows, toUser(source));
  const values = await inFileOrder(rows, width, choice.rows.map((row) => places[row]!), parts);
  const missing = rows - choice.rows.length;
  const temporary = temporaryBeside(path);
  try {
    await attempt(path, `copy ${basename(source)} to it`, () => Deno.copyFile(source, temporary));
    await attempt(path, "make it writable", () => Deno.chmod(temporary, 0o644));
    await addObsm(temporary, NAME, values, [rows, width], toUser(source));
    await attempt(path, "fsync", async () => {
      using file = await Deno.open(temporary, { read: true, write: true });
      await file.sync();
    });
    await attempt(path, "rename the finished file to it", () => Deno.rename(temporary, path));
  } catch (error) {
    await removeQuietly(temporary);
    throw error;
  }
  await syncFolder(dirname(path));
  if (missing > 0) {
    const what = `${countText(missing)} of the ${countText(rows)} cells have no vector, since they are not in the part`;
    restored.note(`${what}: their values in obsm["${NAME}"] are NaN`);
  }
  return [rows, width];
}

function realPath(path: string): string | null {
  try {
    return Deno.realPathSync(path);
  } catch {
    return null; // nothing is there yet
  }
}

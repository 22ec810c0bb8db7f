/** Names of columns and labels of rows: for plots only, never for training. */
import type { DataConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { readNpy } from "../formats/npy.ts";
import { reason } from "./files.ts";
import type { Source } from "./source.ts";

async function bytes(path: string, field: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw new UserError(`${field}: ${path}`, `cannot read it: ${reason(error)}`, `correct ${field}, or set it to null`);
  }
}

async function lines(path: string, field: string): Promise<string[]> {
  let data = await bytes(path, field);
  if (path.endsWith(".gz")) {
    try {
      const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
      data = new Uint8Array(await new Response(stream).arrayBuffer());
    } catch (error) {
      throw new UserError(`${field}: ${path}`, `is not a whole gzip file: ${reason(error)}`, "make the file again");
    }
  }
  const text = new TextDecoder().decode(data);
  return text.replace(/\r?\n$/, "").split(/\r?\n/).map((line) => line.split("\t")[0]!);
}

async function numbers(path: string): Promise<string[]> {
  try {
    return Array.from((await readNpy(path)).data, String);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const hint = error.hint ?? "correct data.labels, or set it to null";
    throw new UserError("data.labels", error.message, hint, 2);
  }
}

function checkCount(found: number, wanted: number, path: string, field: string, what: string): void {
  if (found === wanted) return;
  throw new UserError(
    `${field}: ${path}`,
    `has ${found} entries for ${wanted} ${what}`,
    "one line each, in their order",
  );
}

/** One name a column; null without a file. */
export async function readColumnNames(path: string | null, columns: number): Promise<string[] | null> {
  if (path === null) return null;
  const names = await lines(path, "data.column_names");
  checkCount(names.length, columns, path, "data.column_names", "columns");
  return names;
}

/** One label a row in file order; null without a file. */
export async function readLabels(path: string | null, rows: number): Promise<string[] | null> {
  if (path === null) return null;
  const labels = path.endsWith(".npy") ? await numbers(path) : await lines(path, "data.labels");
  checkCount(labels.length, rows, path, "data.labels", "rows");
  return labels;
}

/**
 * Whether names and labels can be read and fit the data: before training, since they are first drawn at its end.
 * @throws {UserError}
 */
export async function checkAnnotations(data: DataConfig, source: Source): Promise<void> {
  await readColumnNames(data.column_names, source.columns);
  await readLabels(data.labels, source.rows);
}

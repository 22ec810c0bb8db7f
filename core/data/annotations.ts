/** Names of columns and labels of rows: for plots only, never for training. */
import type { DataConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { NpyReader } from "../formats/npy.ts";
import { isMissing, unreadablePath, whereOfPath } from "../missing.ts";
import { reason } from "./files.ts";
import { HEAD_BYTES, kindOf } from "./kinds.ts";
import type { Source } from "./source.ts";

async function bytes(path: string, field: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw unreadablePath(path, field, isMissing(error) ? undefined : `cannot read it (${reason(error)})`);
  }
}

async function readText(path: string, field: string): Promise<string> {
  let data = await bytes(path, field);
  if (path.endsWith(".gz")) {
    try {
      const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
      data = new Uint8Array(await new Response(stream).arrayBuffer());
    } catch (error) {
      throw new UserError(`${field}: ${path}`, `is not a whole gzip file: ${reason(error)}`, "make the file again");
    }
  }
  if (data.subarray(0, HEAD_BYTES).includes(0)) {
    const kind = kindOf(path)?.name ?? "no text";
    throw new UserError(whereOfPath(path), `${field}: ${path} is ${kind}`, "write a text file with one a line");
  }
  return new TextDecoder().decode(data);
}

/** Calls `see` with where each line starts and ends: no line becomes a string that is not wanted. */
function eachLine(text: string, see: (start: number, end: number) => void): void {
  const last = text.endsWith("\n") ? text.length - 1 : text.length;
  for (let start = 0; start <= last;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 || newline > last ? last : newline;
    see(start, text[end - 1] === "\r" && end > start ? end - 1 : end);
    start = end + 1;
  }
}

/** The first field of every line. */
function firstFields(text: string): string[] {
  const fields: string[] = [];
  eachLine(text, (start, end) => {
    const tab = text.indexOf("\t", start);
    fields.push(text.slice(start, tab >= 0 && tab < end ? tab : end));
  });
  return fields;
}

function countLines(text: string): number {
  let count = 0;
  eachLine(text, () => count++);
  return count;
}

/** Labels as numbers, one a row: `read` gets the open file. */
async function numbers<T>(path: string, read: (reader: NpyReader) => Promise<T> | T): Promise<T> {
  try {
    using reader = await NpyReader.open(path);
    return await read(reader);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError("data.labels", error.message, error.hint ?? "correct data.labels, or set it to null", 2);
  }
}

const isNpy = (path: string) => path.endsWith(".npy");
const labelCount = (reader: NpyReader) => reader.shape.reduce((product, size) => product * size, 1);

/** One name a column; null without a file. */
export async function readColumnNames(path: string | null): Promise<string[] | null> {
  return path === null ? null : firstFields(await readText(path, "data.column_names"));
}

/** One label a row in file order; null without a file. */
export async function readLabels(path: string | null): Promise<string[] | null> {
  if (path === null) return null;
  if (!isNpy(path)) return firstFields(await readText(path, "data.labels"));
  return await numbers(path, async (reader) => Array.from(await reader.rows(0, reader.shape[0] ?? 1), String));
}

function checkCount(found: number, wanted: number, path: string, field: string, what: string): void {
  if (found === wanted) return;
  throw new UserError(
    whereOfPath(path),
    `${field}: ${path} has ${found} entries for ${wanted} ${what}`,
    "one line each, in their order",
  );
}

/**
 * Whether names and labels can be read and are as many as the data has columns and rows: asked before a run, since they are
 * first drawn at its end.
 * @throws {UserError}
 */
export async function checkAnnotations({ column_names, labels }: DataConfig, source: Source): Promise<void> {
  if (column_names !== null && source.columnNames === null) {
    const found = countLines(await readText(column_names, "data.column_names"));
    checkCount(found, source.columns, column_names, "data.column_names", "columns");
  }
  if (labels !== null && source.labels === null) {
    const found = isNpy(labels) ? await numbers(labels, labelCount) : countLines(await readText(labels, "data.labels"));
    checkCount(found, source.rows, labels, "data.labels", "rows");
  }
}

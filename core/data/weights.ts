/**
 * What rows and columns count for in the loss: files with one number each. Only their ratios count. Weights of rows are divided
 * by their mean over the training rows, and those of columns by their mean, so that the loss is a weighted mean and its size
 * stays that of a loss without weights.
 */
import { columnWeightsOf } from "../config/properties.ts";
import type { Config } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { exists } from "../formats/file.ts";
import { readTextFile } from "../formats/text_file.ts";
import { unreadablePath, whereOfPath } from "../missing.ts";
import { ofKeptRows } from "./annotations.ts";
import { readLabelArray } from "./label_array.ts";
import { type Part, PARTS, type Source } from "./source.ts";

const ROW_FIELD = "data.row_weights", COLUMN_FIELD = "loss.column_weights";

/** One text a value, of a text file with one value a line and perhaps a header. */
async function textLines(path: string, field: string, wanted: number): Promise<string[]> {
  const lines = (await readTextFile(path, field)).replace(/^\uFEFF/, "").split("\n").map((line) => line.trim());
  if (lines.at(-1) === "") lines.pop();
  const isHeader = lines.length === wanted + 1 && !Number.isFinite(Number(lines[0] || NaN));
  return isHeader ? lines.slice(1) : lines;
}

/**
 * One number of 0 or more for each of `wanted` rows or columns, of an `.npy` file or a text with one number a line.
 * @param field the config's key, for messages
 * @throws {UserError} which names the file and the entry
 */
export async function readWeights(
  path: string,
  field: string,
  wanted: number,
  of: "rows" | "columns",
): Promise<Float64Array> {
  if (!await exists(path)) throw unreadablePath(path, field);
  const refuse = (what: string, hint: string) => {
    const place = whereOfPath(path);
    return place === ""
      ? new UserError(`${field}: ${path}`, what, hint)
      : new UserError(place, `${field}: ${path} ${what}`, hint);
  };
  const isArray = path.endsWith(".npy");
  const texts = isArray ? await readLabelArray(path, wanted, of) : await textLines(path, field, wanted);
  if (texts.length !== wanted) {
    const what = `has ${countText(texts.length)} numbers for ${countText(wanted)} ${of}`;
    throw refuse(what, "write one number a line, in their order");
  }
  return Float64Array.from(texts, (text, at) => {
    const value = text === "" ? NaN : Number(text);
    if (Number.isFinite(Math.fround(value)) && value >= 0) return value;
    const one = of === "rows" ? "row" : "column";
    throw refuse(`gives ${one} ${at} the weight ${JSON.stringify(text)}`, "a weight is a number of 0 or more");
  });
}

/** The weights divided by `mean`. */
const scaled = (weights: Float64Array, mean: number): Float32Array<ArrayBuffer> =>
  Float32Array.from(weights, (weight) => weight / mean);

async function columnWeights(path: string, columns: number): Promise<Float32Array<ArrayBuffer>> {
  const weights = await readWeights(path, COLUMN_FIELD, columns, "columns");
  const sum = weights.reduce((all, weight) => all + weight, 0);
  if (!(sum > 0)) throw new UserError(COLUMN_FIELD, `${path} gives every column the weight 0`, "weigh one of them");
  return scaled(weights, sum / columns);
}

/** The sum of the weights of the rows of a part. */
function sumOf({ files }: Source, part: Part, weights: Float64Array): number {
  let sum = 0;
  for (const { firstRow, parts } of files) for (const row of parts[part]) sum += weights[firstRow + row]!;
  return sum;
}

async function rowWeights(path: string, source: Source): Promise<Float32Array<ArrayBuffer>> {
  const written = await readWeights(path, ROW_FIELD, source.keptRows?.of ?? source.rows, "rows");
  const weights = Float64Array.from(ofKeptRows(source, Array.from(written)));
  const bare = PARTS.find((part) => source.partRows[part] > 0 && !(sumOf(source, part, weights) > 0));
  if (bare !== undefined) {
    throw new UserError(ROW_FIELD, `${path} gives every row of the part ${bare} the weight 0`, "weigh one of them");
  }
  const part = PARTS.find((one) => source.partRows[one] > 0)!;
  return scaled(weights, sumOf(source, part, weights) / source.partRows[part]);
}

/** The source with the weights that the config names. @throws {UserError} */
export async function weighted(source: Source, { data, loss }: Pick<Config, "data" | "loss">): Promise<Source> {
  let found = source;
  const path = columnWeightsOf(loss);
  if (path !== null) found = { ...found, columnWeights: await columnWeights(path, source.columns) };
  if (data.row_weights === null) return found;
  const rows = await rowWeights(data.row_weights, source);
  const files = found.files.map((file) => {
    return { ...file, weights: rows.subarray(file.firstRow, file.firstRow + file.info.rows) };
  });
  return { ...found, files, rowWeights: rows };
}

/** The source with all rows counting alike. */
export function withoutRowWeights(source: Source): Source {
  const files = source.files.map(({ weights: _, ...file }) => file);
  return source.rowWeights === null ? source : { ...source, files, rowWeights: null };
}

/** What the loss is weighted by, in words; null where all rows and columns count alike. */
export function weightsText({ rowWeights, columnWeights }: Source): "rows" | "columns" | "rows and columns" | null {
  if (rowWeights !== null) return columnWeights === null ? "rows" : "rows and columns";
  return columnWeights === null ? null : "columns";
}

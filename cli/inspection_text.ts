/** What `data inspect` prints. */
import type { Inspection } from "../core/data/inspect.ts";
import type { Member } from "../core/data/readers/reader.ts";
import { transformsFor } from "../core/data/suggest.ts";
import { countText, percentText, pluralText } from "../core/figures.ts";
import { orientation } from "./data_view.ts";
import { table } from "./dry_run.ts";
import { short } from "./progress.ts";

/** Names, tables and arrays that are shown. */
const SHOWN = 5, TABLES = 30, ARRAYS = 200;

const figure = (value: number) => Number.isInteger(value) ? countText(value) : short(value);

function some(values: readonly string[]): string {
  const shown = values.slice(0, SHOWN).join(", ");
  return values.length > SHOWN ? `${shown}, ...` : shown;
}

export function inspectionLines(seen: Inspection): string[] {
  const { format, path, rows, columns, dataType, sample, files, source } = seen;
  const shape = source?.shape ? `, shape ${source.shape.join(" x ")}` : "";
  const rate = source?.rate_hz ? `, ${countText(source.rate_hz)} Hz` : "";
  const count = source ? pluralText(source.sources, "source") : pluralText(files.length, "file");
  const [least, median, most] = sample.rowSums;
  const empty = sample.emptyRows > 0 ? `${countText(sample.emptyRows)} of ${countText(sample.rows)}` : "none";
  return [
    `data       ${path}: ${count}, ${format}`,
    `size       ${countText(rows)} rows x ${countText(columns)} columns, ${dataType}${shape}${rate}`,
    `values     ${transformsFor(sample).kind}, ${sample.whole ? "whole numbers, " : ""}from ${
      figure(sample.least)
    } to ${figure(sample.greatest)} where not zero; ${percentText(sample.zeros)} zeros (in ${
      countText(sample.rows)
    } rows)`,
    `row sums   ${figure(least)} to ${figure(most)}, median ${figure(median)}`,
    `empty rows ${empty} of the rows that were looked at`,
    `layout     ${orientation(seen).text}`,
    ...source ? sourceLines(source) : [],
  ];
}

/** The arrays of a file. */
export function arrayLines(members: readonly Member[]): string[] {
  if (members.length === 0) return [];
  const rows = members.slice(0, ARRAYS).map(({ name, shape, type, sparse }) => [
    name,
    shape.map(countText).join(" x "),
    type,
    sparse ? "sparse" : "dense",
  ]);
  const more = members.length > ARRAYS ? [`  and ${countText(members.length - ARRAYS)} more`] : [];
  return ["arrays", ...table(["name", "shape", "type", ""], rows, [1]), ...more];
}

function sourceLines({ members, notes, rowNames, columnNames, tables }: NonNullable<Inspection["source"]>): string[] {
  const texts = tables.slice(0, TABLES).map(([name, values]) => {
    const different = [...new Set(values)];
    return [name, countText(different.length), some(different)];
  });
  return [
    `row names  ${rowNames ? some(rowNames) : "none"}`,
    `columns    ${columnNames ? some(columnNames) : "they have no names"}`,
    ...notes.map((text) => `note       ${text}`),
    ...arrayLines(members),
    ...texts.length > 0
      ? ["tables of rows (data.labels may name one)", ...table(["name", "values", ""], texts, [1])]
      : [],
    ...tables.length > TABLES ? [`  and ${tables.length - TABLES} more`] : [],
  ];
}

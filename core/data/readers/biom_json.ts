/** BIOM files of version 1.0: JSON, sparse or dense, plain or gzip. The text is held whole, so its size is bounded. */
import { z } from "zod";
import { basename } from "@std/path";
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { isRecord } from "../../formats/json.ts";
import { readTextFile } from "../../formats/text_file.ts";
import type { Block, OpenSource, ReaderOptions } from "./reader.ts";
import { refuseMember, requireNoSettings } from "./settings.ts";
import { requirePlausible, sortEntries } from "./rows.ts";

const AGAIN = "make the file again, or fetch it again";

const axis = z.array(z.object({ id: z.union([z.string(), z.number()]), metadata: z.unknown() }));
const whole = z.int().min(0);
const schema = z.object({
  matrix_type: z.enum(["sparse", "dense"]),
  shape: z.tuple([whole, whole]),
  rows: axis,
  columns: axis,
  data: z.array(z.array(z.number())),
});
type Biom = z.infer<typeof schema>;

/** Entries by sample: where those of each sample begin, and their observations and values. */
function bySample(path: string, { matrix_type, shape: [observations, samples], data }: Biom) {
  const bad = (what: string) => new UserError(path, what, AGAIN);
  const entries: (readonly [observation: number, sample: number, value: number])[] = [];
  if (matrix_type === "dense") {
    if (data.length !== observations) throw bad(`data has ${data.length} rows for ${countText(observations)}`);
    data.forEach((row, observation) => {
      if (row.length !== samples) throw bad(`data: row ${observation} has ${row.length} values for ${samples}`);
      row.forEach((value, sample) => value !== 0 && entries.push([observation, sample, value]));
    });
  } else {
    data.forEach((entry, at) => {
      const [observation, sample, value] = entry;
      const isIn = (index: number | undefined, size: number) => Number.isInteger(index) && index! >= 0 && index! < size;
      if (entry.length !== 3 || !isIn(observation, observations) || !isIn(sample, samples)) {
        throw bad(`data: entry ${at} is [${entry.slice(0, 4).join(", ")}], which is no place in the matrix`);
      }
      if (value !== 0) entries.push([observation!, sample!, value!]);
    });
  }
  const starts = new Float64Array(samples + 1);
  for (const [, sample] of entries) starts[sample + 1]!++;
  for (let sample = 0; sample < samples; sample++) starts[sample + 1]! += starts[sample]!;
  const next = starts.slice(), indices = new Uint32Array(entries.length), values = new Float32Array(entries.length);
  for (const [observation, sample, value] of entries) {
    indices[next[sample]!] = observation;
    values[next[sample]!++] = value;
  }
  return { starts, indices, values };
}

/** Texts of the metadata of samples, by name, where all of them have it as text. */
function tablesOf({ columns }: Biom): Map<string, readonly string[]> {
  const first = columns[0]?.metadata;
  const names = isRecord(first) ? Object.keys(first) : [];
  const texts = (name: string) =>
    columns.map(({ metadata }) => {
      const value = isRecord(metadata) ? metadata[name] : undefined;
      return typeof value === "string" ? value : undefined;
    });
  const found = names.map((name) => [name, texts(name)] as const);
  return new Map(found.filter(([, values]) => values.every((value) => value !== undefined)) as [string, string[]][]);
}

export async function openBiomJson(path: string, options: ReaderOptions): Promise<OpenSource> {
  refuseMember(options, "a file of the format biom");
  requireNoSettings(options, "biom");
  let json: unknown;
  try {
    json = JSON.parse(await readTextFile(path, "data.path"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UserError(path, "is not whole JSON", AGAIN);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError(path, `is no BIOM file: ${issue!.path.join(".") || "content"}: ${issue!.message}`, AGAIN);
  }
  const table = parsed.data;
  const { shape: [columns, rows] } = table;
  for (const [what, found, wanted] of [["rows", table.rows, columns], ["columns", table.columns, rows]] as const) {
    if (found.length === wanted) continue;
    throw new UserError(path, `${what} has ${countText(found.length)} entries for ${countText(wanted)}`, AGAIN);
  }
  requirePlausible(path, Math.max(rows, columns), table.data.length);
  const { starts, indices, values } = bySample(path, table);
  return {
    rows,
    columns,
    sparse: true,
    rowNames: table.columns.map(({ id }) => String(id)),
    columnNames: table.rows.map(({ id }) => String(id)),
    rowTables: tablesOf(table),
    members: [{ name: basename(path), shape: [rows, columns], type: "JSON", sparse: table.matrix_type === "sparse" }],
    notes: ["a row is a sample, a column an observation"],
    async *read(blockRows): AsyncGenerator<Block> {
      for (let row = 0; row < rows; row += blockRows) {
        const count = Math.min(blockRows, rows - row);
        const [from, to] = [starts[row]!, starts[row + count]!];
        const wide = indices.slice(from, to), data = values.slice(from, to), indptr = new Float64Array(count + 1);
        let end = 0;
        for (let i = 0; i < count; i++) {
          const start = end;
          for (let at = starts[row + i]! - from; at < starts[row + i + 1]! - from; at++) {
            wide[end] = wide[at]!;
            data[end++] = data[at]!;
          }
          end = sortEntries(wide, data, start, end);
          indptr[i + 1] = end;
        }
        yield { rows: count, indptr, indices: wide.slice(0, end), data: data.slice(0, end) };
      }
    },
    close: () => {},
  };
}

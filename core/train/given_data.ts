/** The data that evaluate, embed and reconstruct read: the run's own, or others, beside what the run was trained on. */
import { resolve } from "@std/path";
import type { DataConfig } from "../config/types.ts";
import { readColumnNames } from "../data/annotations.ts";
import { compareData, matchColumns, trainedRows } from "../data/compare.ts";
import { type DataIdentity, identify } from "../data/identity.ts";
import { readRunData, readRunNames } from "../data/run_data.ts";
import { openSource, type Part, PARTS, type Source } from "../data/source.ts";
import { UserError } from "../errors.ts";
import { exists } from "../formats/file.ts";

export interface GivenData {
  /** A file, a folder or a glob of data that the run has never seen: all rows are one part. */
  readonly data?: string;
  /** One a row of the data, in place of the config's. */
  readonly labels?: string;
  /** One a column of the data, in place of the config's. */
  readonly columnNames?: string;
  /** Whether rows that were trained on may be in a part that was held out. */
  readonly allowTrainedRows?: boolean;
}

export interface GivenSource {
  readonly source: Source;
  readonly trainedRows: Readonly<Record<Part, number>>;
}

/** All rows are the part `test`. */
const ONE_PART = { by: "rows", train: 0, validation: 0, test: 1, seed: 0 } as const;

/** The run's config with the data that were given in place of its own. */
export async function dataOf(runDir: string, data: DataConfig, given: GivenData): Promise<DataConfig> {
  const at = (path: string | undefined) => path === undefined ? undefined : resolve(path);
  if (given.data !== undefined) {
    const others = { labels: at(given.labels) ?? null, column_names: at(given.columnNames) ?? null };
    return { ...data, ...others, path: resolve(given.data), split: ONE_PART };
  }
  let { column_names } = data;
  // The run keeps the names: its own data can be read without the file that they came from.
  if (column_names !== null && !await exists(column_names) && await readRunData(runDir)) column_names = null;
  return { ...data, labels: at(given.labels) ?? data.labels, column_names: at(given.columnNames) ?? column_names };
}

function withColumnMap(source: Source, columnMap: Uint32Array<ArrayBuffer> | null): Source {
  return columnMap === null ? source : { ...source, files: source.files.map((file) => ({ ...file, columnMap })) };
}

function requireWidth({ columns, files }: Source, trained: DataIdentity): void {
  if (columns === trained.columns) return;
  throw new UserError(
    files[0]!.path,
    `has ${columns} columns, the run was trained on ${trained.columns}`,
    "give data of the run's columns",
  );
}

/**
 * Opens the data, brings its columns into the run's order, and says what differs from what the run was trained on.
 * @throws {UserError}
 */
export async function givenSource(
  runDir: string,
  data: DataConfig,
  { data: other, columnNames, allowTrainedRows = false, note = () => {} }: GivenData & {
    note?: (text: string) => void;
  },
): Promise<GivenSource> {
  const source = openSource(data, { evaluated: true });
  const field = columnNames === undefined ? "data.column_names" : "--column-names";
  const names = await readColumnNames(data.column_names, source.columns, note, field);
  const trained = await readRunData(runDir);
  if (trained === null) {
    if (other === undefined && !allowTrainedRows) {
      throw new UserError(
        runDir,
        "has no data.json, as runs of earlier versions: which rows it was trained on is not known",
        "give data that it has never seen with --data F, or add --allow-trained-rows",
      );
    }
    return { source, trainedRows: { train: 0, validation: 0, test: 0 } };
  }
  requireWidth(source, trained);
  const columnMap = await columnsOf(runDir, trained, names, { where: `${field}: ${data.column_names}`, other, note });
  const now = await identify(data, source, { names, labels: null, like: trained });
  const counts = Object.fromEntries(PARTS.map((part) => [part, trainedRows(trained, now, source, part)]));
  if (other !== undefined) {
    if (counts.test! > 0) note(`${counts.test} of the ${source.rows} rows are rows that the run was trained on`);
  } else {
    for (const { kind, text } of compareData(trained, now)) {
      if (kind !== "names") note(`the data are not as the run was trained on: ${text}`);
    }
  }
  return { source: withColumnMap(source, columnMap), trainedRows: counts as GivenSource["trainedRows"] };
}

async function columnsOf(
  runDir: string,
  trained: DataIdentity,
  names: readonly string[] | null,
  { where, other, note }: { where: string; other: string | undefined; note: (text: string) => void },
): Promise<Uint32Array<ArrayBuffer> | null> {
  if (names === null) {
    if (trained.column_names !== null && other !== undefined) {
      note("no names were given for the columns (--column-names F): they are taken to be in the run's order");
    }
    return null;
  }
  const known = await readRunNames(runDir, trained);
  const map = known === null ? null : matchColumns(known, names, where);
  if (map) note("the columns are the run's in another order: they are brought into the run's by their names");
  return map;
}

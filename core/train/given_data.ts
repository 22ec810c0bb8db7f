/**
 * The data that evaluate, embed and reconstruct read: the run's own or other data, compared with what the run was
 * trained on.
 */
import { countText } from "../figures.ts";
import { basename, isAbsolute, resolve } from "@std/path";
import { type DataFormat, isChunkFormat } from "../config/data_formats.ts";
import { tableOrFile } from "../config/resolve.ts";
import type { Config, DataConfig } from "../config/types.ts";
import { columnNamesOf } from "../data/annotations.ts";
import { matchColumns } from "../data/column_match.ts";
import { compareData, trainedData, trainedRows } from "../data/compare.ts";
import type { Made } from "../data/data_json.ts";
import { type DataIdentity, identify } from "../data/identity.ts";
import type { MemoryData, MemoryRows } from "../data/memory.ts";
import { locate } from "../data/locate.ts";
import { readRunData, readRunNames, readRunSteps } from "../data/run_data.ts";
import { openData } from "../data/open.ts";
import type { PreparingProgress } from "../data/prepare.ts";
import { type Part, PARTS, type Source } from "../data/source.ts";
import { withRowFiles } from "../data/row_files.ts";
import { UserError } from "../errors.ts";
import { exists } from "../formats/file.ts";
import { toUser } from "../paths.ts";
import { readModel } from "../runs/read.ts";

export interface GivenData {
  /** Other data than the run's own: arrays in memory, or a file, a folder or a glob. */
  readonly data?: MemoryData | string;
  /** How `data` are split. `none` (default): all rows are one part, `train`; `run`: as the run's config says. */
  readonly split?: "none" | "run";
  /** One label per row, instead of the config's. Without them, `data` have no labels. */
  readonly labels?: string;
  /** One name per column, instead of the config's. Without them, `data` have no names. */
  readonly columnNames?: string;
  /**
   * The category of each row, instead of the config's: a file, or the name of a table of rows. Without it, `data` have those of
   * the table that the config names, if they have that table.
   */
  readonly batch?: string;
  /** Whether a validation or test part may have rows that were trained on. */
  readonly allowTrainedRows?: boolean;
}

export interface GivenSource {
  readonly source: Source;
  /** One name per column of the network. */
  readonly columnNames: readonly string[] | null;
  readonly trainedRows: Readonly<Record<Part, number>>;
}

/** All rows are the part `train`. */
const ONE_PART = { by: "rows", train: 1, validation: 0, test: 0, seed: 0 } as const;

/** Settings with which pictures become rows of the shape that a network was trained on, as far as they do not say otherwise. */
async function pictureSettings(runDir: string, path: string, format: DataFormat): Promise<Record<string, unknown>> {
  if (format !== "image" && format !== "auto") return {};
  const places = locate(path, "--data", format);
  if (!places.every((place) => place.kind === "source" && place.reader.format === "image")) return {};
  const [channels, ...size] = (await readModel(runDir))[0]?.input_shape ?? [];
  if (size.length !== 2 || (channels !== 1 && channels !== 3)) return {};
  return { size, [channels === 1 ? "grey" : "colour"]: true };
}

/** Whether a path names sources, which have to be prepared: neither chunks nor a data set that was imported. */
function areSources(path: string): boolean {
  return locate(path, "--data", "auto").every(({ kind }) => kind === "source");
}

/** The config of sources that are prepared as those of the imported data set were with which the run was trained. */
function asMade(
  data: DataConfig,
  { format, member, reader, steps }: Made,
  settings: Readonly<Record<string, unknown>>,
): Partial<DataConfig> {
  return {
    format: format as DataConfig["format"],
    member: data.member ?? member,
    reader: { ...settings, ...reader, ...data.reader },
    steps: data.steps.length > 0 ? data.steps : steps,
  };
}

/** The run's config with the given data instead of its own. */
export async function dataOf(runDir: string, data: DataConfig, given: GivenData): Promise<DataConfig> {
  const at = (path: string | undefined) => path === undefined ? undefined : resolve(path);
  // A word may name a table of the rows.
  const tableAt = (path: string | undefined) =>
    path === undefined ? undefined : tableOrFile(basename(path), resolve(path));
  const labels = tableAt(given.labels), batch = tableAt(given.batch);
  // A table of rows is looked for in other data as well; a file is of the run's own rows.
  const ownTable = data.batch !== null && !isAbsolute(data.batch) ? data.batch : null;
  const { data: rows, split } = given;
  if (rows !== undefined) {
    const chosen = split === "run" ? data.split : ONE_PART;
    const others = {
      labels: labels ?? null,
      column_names: at(given.columnNames) ?? null,
      batch: batch ?? ownTable,
      row_weights: null,
    };
    if (typeof rows !== "string") return { ...data, ...others, path: "", format: "memory", split: chosen };
    const made = (await readRunData(runDir))?.made;
    if (made && areSources(rows)) {
      const path = resolve(rows), settings = await pictureSettings(runDir, path, made.format as DataFormat);
      return { ...data, ...others, ...asMade(data, made, settings), path, split: chosen };
    }
    // A source is read as the run's own were; chunks are found by their first bytes.
    const format = isChunkFormat(data.format) || data.format === "memory" ? "auto" : data.format;
    const path = resolve(rows), reader = { ...await pictureSettings(runDir, path, format), ...data.reader };
    return { ...data, ...others, path, format, reader, split: chosen };
  }
  let { column_names } = data;
  // The run keeps the names: its own data can be read without the file that they came from.
  if (column_names !== null && !await exists(column_names) && await readRunData(runDir)) column_names = null;
  return {
    ...data,
    labels: labels ?? data.labels,
    column_names: at(given.columnNames) ?? column_names,
    batch: batch ?? data.batch,
  };
}

function withColumnMap(source: Source, columnMap: Uint32Array<ArrayBuffer> | null): Source {
  return columnMap === null ? source : { ...source, files: source.files.map((file) => ({ ...file, columnMap })) };
}

/** Checks that other data have as many columns as the network. */
async function requireColumns(runDir: string, source: Source, { path }: DataConfig): Promise<void> {
  const trained = (await readModel(runDir)).find((layer) => layer.name.startsWith("encoder."))?.inputs;
  if (trained === undefined || trained === source.columns) return;
  const [file] = source.files;
  throw new UserError(
    file!.path.endsWith(file!.name) ? file!.path : path, // a chunk is called by what it was prepared from
    `has ${countText(source.columns)} columns, but the run was trained on ${trained}`,
    "give the columns that the run was trained on",
  );
}

/**
 * Opens the data, brings its columns into the run's order, and says what differs from what the run was trained on.
 * @throws {UserError}
 */
export async function givenSource(
  runDir: string,
  { data, loss, paths }: Pick<Config, "data" | "loss" | "paths">,
  memory: MemoryRows | null,
  { data: other, split = "none", columnNames, batch, allowTrainedRows = false, note = () => {}, progress }:
    & GivenData
    & {
      note?: (text: string) => void;
      progress?: (progress: PreparingProgress) => void;
    },
): Promise<GivenSource> {
  const trained = await readRunData(runDir);
  const fitted = readRunSteps(runDir, trained);
  const opened = await openData({ data, paths }, memory, { evaluated: true, note, progress, fitted });
  const source = await withRowFiles(opened, { data, loss }, {
    known: trained?.batch?.names,
    field: batch === undefined ? "data.batch" : "--batch",
    optional: other !== undefined && batch === undefined,
    note,
  });
  await requireColumns(runDir, source, data);
  const field = columnNames === undefined ? "data.column_names" : "--column-names";
  const names = await columnNamesOf(data, source, note, field);
  if (trained === null) {
    if (other === undefined && !allowTrainedRows) {
      throw new UserError(
        runDir,
        "has no data.json, since an earlier version made it, so the rows that it was trained on are not known",
        "give data that the run has never seen with --data F, or add --allow-trained-rows",
      );
    }
    return { source, columnNames: names, trainedRows: { train: 0, validation: 0, test: 0 } };
  }
  const known = await readRunNames(runDir, trained);
  const columnMap = columnsOf(trained, known, names, {
    where: memory
      ? "data.columnNames"
      : data.column_names === null
      ? toUser(data.path)
      : `${field}: ${data.column_names}`,
    isOther: other !== undefined,
    note,
  });
  const now = await identify(data, source, { names, labels: null, like: trained });
  const counts = Object.fromEntries(PARTS.map((part) => [part, trainedRows(trainedData(trained), now, source, part)]));
  if (other !== undefined && split === "none") {
    const count = PARTS.reduce((sum, part) => sum + counts[part]!, 0);
    if (count > 0) note(`${countText(count)} of the ${countText(source.rows)} rows were used to train the run`);
  } else {
    for (const { kind, text } of compareData(trained, now)) {
      if (kind !== "names") note(`the data differ from those that the run was trained on: ${text}`);
    }
  }
  return {
    source: withColumnMap(source, columnMap),
    columnNames: known ?? names,
    trainedRows: counts as GivenSource["trainedRows"],
  };
}

function columnsOf(
  trained: DataIdentity,
  known: readonly string[] | null,
  names: readonly string[] | null,
  { where, isOther, note }: { where: string; isOther: boolean; note: (text: string) => void },
): Uint32Array<ArrayBuffer> | null {
  if (names === null) {
    if (trained.column_names !== null && isOther) {
      note("no names were given for the columns (--column-names F): they are assumed to be in the run's order");
    }
    return null;
  }
  const map = known === null ? null : matchColumns(known, names, where);
  if (map) {
    note("the data have the run's columns in another order; they are brought into the run's order by their names");
  }
  return map;
}

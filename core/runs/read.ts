/** Reads run folders in any state. What is missing is empty in the result, and what is malformed is named. */
import { globToRegExp, isAbsolute, isGlob, join, resolve } from "@std/path";
import { parse as parseYaml } from "@std/yaml";
import { UserError } from "../errors.ts";
import { exists, InputFile } from "../formats/file.ts";
import { ioError } from "../formats/io_error.ts";
import { isRecord, readJson } from "../formats/json.ts";
import { readCsv } from "./csv_read.ts";
import { DecodeError, type Decoder, record } from "./decode.ts";
import { EDITS_FILE, readEdits } from "./edits.ts";
import { isRunFolder, openRun } from "./folder.ts";
import { graphParts, GRAPHS_FILE } from "./graph_parts.ts";
import {
  CHUNK_COLUMNS,
  columnErrors,
  type Columns,
  EPOCH_COLUMNS,
  latent,
  layerRows,
  reconstruction,
  sessionList,
  STEP_COLUMNS,
  summary,
} from "./schema.ts";
import { lastStart } from "./started.ts";
import type { LayerRow, RunData } from "./types.ts";

const JSON_BYTES_MAX = 256 << 20;
const YAML_BYTES_MAX = 4 << 20;
const ROWS_MAX = 20_000;
/** Diagnostics that have a field of their own in {@linkcode RunData}. */
const NAMED = ["latent", "reconstruction", "columns"];
/** Diagnostics that are not compared over epochs, and the epochs that are read besides the one that is shown. */
const SINGLE = ["reconstruction", "columns", "traversal"], EPOCHS_MAX = 11;

export interface ReadOptions {
  /** Whether to read no more than a comparison of runs needs: without the rows of steps and chunks, and without diagnostics. */
  readonly brief?: boolean;
  /** Where `brief`, diagnostics that are read nonetheless, by their names. */
  readonly also?: readonly string[];
}

/**
 * Reads a run folder. Logs of more than 20,000 rows are thinned evenly; the first and last rows are kept.
 * @throws {UserError} only if `path` is not a run folder.
 */
export async function readRun(path: string, { brief = false, also = [] }: ReadOptions = {}): Promise<RunData> {
  const run = await openRun(path);
  const problems: string[] = [];
  const at = (name: string) => join(run.path, name);

  /** What `read` gives for a file; `fallback` if it is not there, or with a problem noted if it is malformed. */
  const attempt = async <T>(file: string, fallback: T, read: (file: string) => Promise<T>): Promise<T> => {
    try {
      return await exists(file) ? await read(file) : fallback;
    } catch (error) {
      if (error instanceof DecodeError) problems.push(`${file}: ${error.message}`);
      else if (error instanceof UserError) problems.push(error.message);
      else throw error;
      return fallback;
    }
  };
  const none = { rows: [], total: 0 };
  const json = <T>(file: string, decode: Decoder<T>) =>
    attempt<T | null>(file, null, async (file) => decode(await readJson(file, JSON_BYTES_MAX), ""));
  const csv = <Row>(file: string, columns: Columns<Row>) =>
    attempt<{ rows: Row[]; total: number }>(file, { rows: [], total: 0 }, async (file) => {
      const read = await readCsv(file, columns, ROWS_MAX);
      problems.push(...read.problems);
      return read;
    });

  const configText = await attempt(at("config.yaml"), "", readText);
  const ended = await json(at("summary.json"), summary);
  const steps = brief ? none : await csv(at("steps.csv"), STEP_COLUMNS);
  const chunks = brief ? none : await csv(at("chunks.csv"), CHUNK_COLUMNS);
  const epochs = await csv(at("epochs.csv"), EPOCH_COLUMNS);
  const diagnostics = brief && also.length === 0 ? null : await attempt(
    at("diagnostics"),
    at("diagnostics"),
    (folder) => diagnosticsOf(folder, ended?.evaluated?.epoch ?? null),
  );
  const diagnostic = <T>(name: string, decode: Decoder<T>) =>
    brief || diagnostics === null ? null : json(join(diagnostics, name), decode);
  return {
    path: run.path,
    name: run.name,
    config: await attempt(at("config.yaml"), {}, (file) => Promise.resolve(parseConfig(file, configText))),
    configText,
    environment: await json(at("environment.json"), record),
    data: await json(at("data.json"), record),
    sessions: await json(at("sessions.json"), sessionList) ?? [],
    edits: await attempt(at(EDITS_FILE), [], readEdits),
    summary: ended,
    model: await json(at("model.json"), layerRows) ?? [],
    graphs: brief ? [] : await json(at(GRAPHS_FILE), graphParts) ?? [],
    steps: steps.rows,
    chunks: chunks.rows,
    epochs: epochs.rows,
    latent: await diagnostic("latent.json", latent),
    reconstruction: await diagnostic("reconstruction.json", reconstruction),
    columns: await diagnostic("columns.json", columnErrors),
    diagnostics: diagnostics === null
      ? {}
      : await diagnosticsIn(diagnostics, json, (name) => brief ? also.includes(name) : !NAMED.includes(name)),
    history: brief || diagnostics === null
      ? []
      : await attempt(at("diagnostics"), [], (folder) => historyIn(folder, diagnostics, json)),
    logged: { steps: steps.total, chunks: chunks.total, epochs: epochs.total },
    problems,
  };
}

/** The model table of a run; empty if none can be read. */
export async function readModel(runDir: string): Promise<readonly LayerRow[]> {
  try {
    return layerRows(await readJson(join(runDir, "model.json"), JSON_BYTES_MAX), "");
  } catch (error) {
    if (error instanceof DecodeError || error instanceof UserError || error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function readText(path: string): Promise<string> {
  using file = await InputFile.open(path);
  if (file.size > YAML_BYTES_MAX) throw new UserError(path, `has ${file.size} bytes, which is too much for a config`);
  const bytes = new Uint8Array(file.size);
  await file.readAt(0, bytes);
  return new TextDecoder().decode(bytes);
}

function parseConfig(path: string, text: string): Record<string, unknown> {
  let config: unknown;
  try {
    config = parseYaml(text);
  } catch (cause) {
    const first = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new UserError(path, `is not YAML (${first})`);
  }
  if (!isRecord(config)) throw new UserError(path, "is not a map of settings");
  return config;
}

/**
 * The diagnostics of the weights that the summary's metrics are of, else of the last epoch that has any; a folder that does
 * not exist where there is none.
 */
async function diagnosticsOf(folder: string, evaluated: number | null): Promise<string> {
  let last = -1;
  let name = "epoch-none";
  for (const entry of await entriesIn(folder)) {
    const epoch = Number(/^epoch-(\d+)$/.exec(entry.name)?.[1] ?? NaN);
    if (entry.isDirectory && epoch === evaluated) return join(folder, entry.name);
    if (entry.isDirectory && epoch > last) [last, name] = [epoch, entry.name];
  }
  return join(folder, name);
}

type ReadJson = <T>(file: string, decode: Decoder<T>) => Promise<T | null>;

/** The diagnostics of epochs other than those in the folder `shown`, as many as are drawn side by side. */
async function historyIn(folder: string, shown: string, json: ReadJson): Promise<RunData["history"]> {
  const epochs = (await entriesIn(folder)).filter(({ isDirectory }) => isDirectory).flatMap(({ name }) => {
    const epoch = /^epoch-(\d+)$/.exec(name)?.[1];
    return epoch === undefined || join(folder, name) === shown ? [] : [{ name, epoch: Number(epoch) }];
  }).sort((a, b) => a.epoch - b.epoch);
  const kept = epochs.length <= EPOCHS_MAX
    ? epochs
    : Array.from({ length: EPOCHS_MAX }, (_, i) => epochs[Math.round(i * (epochs.length - 1) / (EPOCHS_MAX - 1))]!);
  const history: { epoch: number; diagnostics: Record<string, unknown> }[] = [];
  for (const { name, epoch } of kept) {
    history.push({
      epoch,
      diagnostics: await diagnosticsIn(join(folder, name), json, (name) => !SINGLE.includes(name)),
    });
  }
  return history;
}

/** What diagnostics of some names wrote, undecoded. */
async function diagnosticsIn(
  folder: string,
  json: ReadJson,
  isRead: (name: string) => boolean,
): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  if (!await exists(folder)) return found;
  for (const { name, isFile } of await entriesIn(folder)) {
    const diagnostic = /^([a-z][a-z0-9_]*)\.json$/.exec(name)?.[1];
    if (!isFile || diagnostic === undefined || !isRead(diagnostic)) continue;
    const data = await json(join(folder, name), record);
    if (data !== null) found[diagnostic] = data;
  }
  return found;
}

async function entriesIn(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (cause) {
    throw ioError(folder, "list the folder", cause);
  }
}

/** While runs are looked for: what is missing, no folder, or not readable has no entries. */
function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  return entriesIn(folder).catch(() => []);
}

/** While runs are looked for: a folder that cannot be looked into is not one. */
function isReadableRun(path: string): Promise<boolean> {
  return isRunFolder(path).catch(() => false);
}

/** The run that was started last, or null. */
export async function newestRun(runsDir: string): Promise<string | null> {
  let newest: { path: string; started: number } | null = null;
  for (const path of await runsIn(resolve(runsDir))) {
    const started = lastStart(path);
    if (!newest || started >= newest.started) newest = { path, started };
  }
  return newest?.path ?? null;
}

/** The run folders that a glob (or plain path) names, sorted; a folder that holds runs stands for all of them. */
export async function findRuns(glob: string): Promise<string[]> {
  let paths = [isAbsolute(glob) ? "/" : "."];
  for (const part of glob.split("/").filter((part) => part !== "" && part !== ".")) {
    if (!isGlob(part)) paths = paths.map((path) => join(path, part));
    else if (part === "**") paths = (await Promise.all(paths.map(foldersBelow))).flat();
    else {
      const pattern = globToRegExp(part);
      const matches = paths.map(async (path) =>
        (await entriesOf(path)).filter((entry) => pattern.test(entry.name)).map((entry) => join(path, entry.name))
      );
      paths = (await Promise.all(matches)).flat();
    }
  }
  const found = new Set<string>();
  for (const path of paths.map((path) => resolve(path))) {
    if (await isReadableRun(path)) found.add(path);
    else for (const run of await runsIn(path)) found.add(run);
  }
  return [...found].sort();
}

async function runsIn(folder: string): Promise<string[]> {
  const runs: string[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (await isReadableRun(path)) runs.push(path);
  }
  return runs;
}

/** A folder and all those below it, but not into run folders. */
async function foldersBelow(folder: string): Promise<string[]> {
  if (await isReadableRun(folder)) return [folder];
  const below = (await entriesOf(folder)).filter((entry) => entry.isDirectory);
  return [folder, ...(await Promise.all(below.map((entry) => foldersBelow(join(folder, entry.name))))).flat()];
}

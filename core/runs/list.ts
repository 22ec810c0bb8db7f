/**
 * A list of run folders in any state, also while they are written. What cannot be read is left out without waiting.
 */
import { parse as parseYaml } from "@std/yaml";
import { join } from "@std/path";
import { InputFile } from "../formats/file.ts";
import { isRecord, readJson } from "../formats/json.ts";
import { readCsv } from "./csv_read.ts";
import { isInUse } from "./lock.ts";
import { findRuns } from "./read.ts";
import { EPOCH_COLUMNS, summary as summaryOf } from "./schema.ts";
import { lastStart } from "./started.ts";
import type { RunStatus, Summary } from "./types.ts";

const CONFIG_BYTES_MAX = 1 << 20;
const JSON_BYTES_MAX = 16 << 20;
const LOG_BYTES_MAX = 64 << 20;
const LOG_ROWS_MAX = 200_000;
/** The size of folders with more entries than this is given as "over". */
const ENTRIES_MAX = 20_000;

export interface ListedRun {
  readonly name: string;
  readonly path: string;
  /**
   * As the run's summary says; without one `running` while a process writes the run, and `died` where that process is gone
   * without having ended it.
   */
  readonly status: RunStatus | "died";
  /** Number of completed epochs, and of epochs in the config. */
  readonly epochs: number;
  readonly planned_epochs: number | null;
  /** The lowest validation loss, or training loss if there are no validation rows; null before the first epoch. */
  readonly best_loss: number | null;
  readonly best_epoch: number | null;
  /** When its last session began, ISO 8601. */
  readonly started_at: string;
  readonly bytes: number;
  /** Whether there may be more bytes than were counted. */
  readonly bytes_at_least: boolean;
}

/** The runs that a folder, a run folder or a glob names, newest first. */
export async function listRuns(glob: string): Promise<ListedRun[]> {
  const paths = await findRuns(glob);
  const runs: ListedRun[] = [];
  for (const path of paths) runs.push(await listedRun(path));
  return runs.sort((a, b) =>
    a.started_at < b.started_at ? 1 : a.started_at > b.started_at ? -1 : a.name < b.name ? 1 : -1
  );
}

/** The result of `read`; null if the file is missing, malformed or just being replaced. */
async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}

/** How a run stands, and its summary if it has ended. */
export interface RunState {
  readonly status: ListedRun["status"];
  readonly summary: Summary | null;
}

/** The state of a run folder, without waiting. */
export async function runState(path: string): Promise<RunState> {
  const summary = await orNull(async () => summaryOf(await readJson(join(path, "summary.json"), JSON_BYTES_MAX), ""));
  return { status: isInUse(path) ? "running" : summary?.status ?? "died", summary };
}

async function listedRun(path: string): Promise<ListedRun> {
  const { status, summary: ended } = await runState(path);
  const inUse = status === "running";
  const log = ended && !inUse ? null : await orNull(() => epochsOf(path));
  const size = await orNull(() => sizeOf(path));
  const source: Pick<Summary, "epochs" | "best_loss" | "best_epoch"> = log ?? ended ??
    { epochs: 0, best_loss: null, best_epoch: null };
  return {
    name: path.slice(path.lastIndexOf("/") + 1),
    path,
    status,
    epochs: source.epochs,
    planned_epochs: await orNull(() => plannedEpochs(path)),
    best_loss: source.best_loss,
    best_epoch: source.best_epoch,
    started_at: new Date(lastStart(path)).toISOString(),
    bytes: size?.bytes ?? 0,
    bytes_at_least: size?.atLeast ?? true,
  };
}

async function epochsOf(path: string): Promise<Pick<Summary, "epochs" | "best_loss" | "best_epoch">> {
  const log = join(path, "epochs.csv");
  if ((await Deno.stat(log)).size > LOG_BYTES_MAX) throw new Error("a log of this length is not looked through");
  const { rows } = await readCsv(log, EPOCH_COLUMNS, LOG_ROWS_MAX);
  let [best_loss, best_epoch]: [number | null, number | null] = [null, null];
  for (const row of rows) {
    const loss = row.validation_loss ?? row.train_loss;
    if (best_loss === null || loss < best_loss) [best_loss, best_epoch] = [loss, row.epoch];
  }
  return { epochs: rows.at(-1)?.epoch ?? 0, best_loss, best_epoch };
}

async function plannedEpochs(path: string): Promise<number | null> {
  using file = await InputFile.open(join(path, "config.yaml"));
  if (file.size > CONFIG_BYTES_MAX) return null;
  const bytes = new Uint8Array(file.size);
  await file.readAt(0, bytes);
  const config = parseYaml(new TextDecoder().decode(bytes));
  const training = isRecord(config) ? config.training : undefined;
  const epochs = isRecord(training) ? training.epochs : undefined;
  return typeof epochs === "number" ? epochs : null;
}

/** Bytes of all files below a folder; files that disappear meanwhile are not counted. */
async function sizeOf(path: string): Promise<{ bytes: number; atLeast: boolean }> {
  let bytes = 0, entries = 0;
  const folders = [path];
  for (const folder of folders) {
    const inside = await orNull(() => Array.fromAsync(Deno.readDir(folder)));
    for (const entry of inside ?? []) {
      if (++entries > ENTRIES_MAX) return { bytes, atLeast: true };
      const below = join(folder, entry.name);
      if (entry.isDirectory) folders.push(below);
      else if (entry.isFile) bytes += (await orNull(() => Deno.lstat(below)))?.size ?? 0;
    }
  }
  return { bytes, atLeast: false };
}

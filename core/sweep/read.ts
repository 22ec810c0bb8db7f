/** Reads a sweep's folder: its config, its table of runs and the run folders. Nothing of it needs the engine. */
import { parse as parseYaml } from "@std/yaml";
import { basename, join, resolve } from "@std/path";
import { latentSizeOf } from "../analysis/latent_sizes.ts";
import { metricOf, METRICS } from "../analysis/metrics.ts";
import type { AnalysedRun } from "../analysis/runs.ts";
import { UserError } from "../errors.ts";
import { parseCsvLine, parseCsvNumber } from "../formats/csv.ts";
import { isFile, readTextSync } from "../formats/file.ts";
import { isRecord } from "../formats/json.ts";
import { readCsv } from "../runs/csv_read.ts";
import { runState } from "../runs/list.ts";
import { EPOCH_COLUMNS } from "../runs/schema.ts";
import type { EpochRow } from "../runs/types.ts";
import { readRounds, type SweepRound } from "./read_rounds.ts";

export type { ComparedPoint, SweepRound } from "./read_rounds.ts";

const CONFIG = "sweep.yaml";
const RESULTS = "results.csv", ROUNDS = "rounds.csv";
const CONFIG_BYTES_MAX = 4 << 20;
const RESULTS_BYTES_MAX = 256 << 20;
/** The largest number of epochs of a run that are read; the rows of a longer log are thinned evenly. */
const EPOCHS_MAX = 1000;

/** A line of results.csv, with what the run folder says about how the run stands now. */
export interface SweepRun {
  /** Number of its point, from 1. */
  readonly point: number;
  /** The values of the parameters, as YAML, in the order of the sweep's keys. */
  readonly values: readonly string[];
  /** `finished`, `failed`, `died`, `running`, or what the table says of a run that has not ended. */
  readonly status: string;
  /** `selection` of a run by which points were chosen, whose value is in no figure of its point. */
  readonly role: "report" | "selection";
  /** The metric; null of a run that is not finished, or where it is not a finite number. */
  readonly value: number | null;
  readonly error: string;
  /** The run as an analysis takes it: of its config only the seed and the parameters. */
  readonly analysed: AnalysedRun;
  /** Values in its latent vector; null where that is not known. */
  readonly latentSize: number | null;
  readonly epochs: readonly EpochRow[];
}

export interface SweepData {
  readonly path: string;
  readonly name: string;
  /** The sweep's config as it was given, as text. */
  readonly configText: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The keys of the parameters, without the seed. */
  readonly keys: readonly string[];
  readonly metric: string;
  readonly runs: readonly SweepRun[];
  /** With `prune`, the rounds that have ended. */
  readonly rounds: readonly SweepRound[];
  readonly problems: readonly string[];
}

/** Whether a folder is one of a sweep: it has a sweep's config, and no config of a run. */
export function isSweepFolder(path: string): boolean {
  return isFile(join(path, CONFIG)) && !isFile(join(path, "config.yaml"));
}

function sweepConfig(path: string): { text: string; config: Readonly<Record<string, unknown>> } {
  const text = readTextSync(path, CONFIG_BYTES_MAX);
  let config: unknown;
  try {
    config = parseYaml(text);
  } catch {
    throw new UserError(path, "is not YAML", "run the sweep again, which writes this file", 1);
  }
  if (!isRecord(config)) throw new UserError(path, "is not a map of settings", undefined, 1);
  return { text, config };
}

/** The columns of results.csv: the parameters stand between `seed` and `run`, and the metric after `status`. */
function columnsOf(header: readonly string[], path: string) {
  const at = (name: string) => {
    const found = header.indexOf(name);
    if (found < 0) throw new UserError(`${path}:1`, `there is no column ${name}`, "run the sweep again", 1);
    return found;
  };
  const [seed, run, status] = [at("seed"), at("run"), at("status")];
  const metric = header[status + 1] ?? "";
  if (!METRICS.includes(metric)) {
    throw new UserError(`${path}:1`, `there is no metric ${JSON.stringify(metric)}`, "run the sweep again", 1);
  }
  const keys = header.slice(seed + 1, run);
  return {
    keys,
    metric,
    role: header.indexOf("role"),
    point: at("point"),
    seed,
    run,
    status,
    value: status + 1,
    seconds: at("seconds"),
    error: at("error"),
  };
}

const numberOf = (text: string | undefined): number | null => {
  const value = parseCsvNumber(text ?? "");
  return Number.isFinite(value) ? value : null;
};

/**
 * Reads a sweep's folder. What a run folder lacks is empty in the result, and what is malformed is named.
 * @throws {UserError} if the folder is not a sweep's, or has no table of runs yet
 */
export async function readSweepFolder(folder: string): Promise<SweepData> {
  const path = resolve(folder);
  if (!isSweepFolder(path)) throw new UserError(folder, "is not the folder of a sweep", `it has no ${CONFIG}`);
  const table = join(path, RESULTS);
  if (!isFile(table)) {
    throw new UserError(table, "is not there yet", "a sweep writes it when its first run has ended");
  }
  const { text, config } = sweepConfig(join(path, CONFIG));
  const [header = "", ...lines] = readTextSync(table, RESULTS_BYTES_MAX).split("\n");
  const columns = columnsOf(parseCsvLine(header), table);
  const problems: string[] = [];
  const names = new Set<string>();
  const runs: SweepRun[] = [];
  for (const [i, line] of lines.entries()) {
    if (line === "") continue;
    const fields = parseCsvLine(line);
    const name = fields[columns.run] ?? "";
    // A name is that of a folder in this one, and nothing else is read.
    if (fields.length <= columns.value || name === "" || basename(name) !== name || name.startsWith(".")) {
      problems.push(`${table}:${i + 2}: is not a line about a run`);
      continue;
    }
    if (names.has(name)) continue;
    names.add(name);
    const told: Told = {
      name,
      seed: numberOf(fields[columns.seed]),
      values: columns.keys.map((_, k) => fields[columns.seed + 1 + k] ?? ""),
      status: fields[columns.status] ?? "",
    };
    const { analysed, epochs, latentSize } = await folderOf(join(path, name), told, columns.keys, problems);
    runs.push({
      point: numberOf(fields[columns.point]) ?? 0,
      values: told.values,
      status: analysed.status === "stopped" && told.status !== "finished" ? told.status : analysed.status,
      role: fields[columns.role] === "selection" ? "selection" : "report",
      value: analysed.status === "finished" && analysed.summary ? metricOf(analysed.summary, columns.metric) : null,
      error: fields[columns.error] ?? "",
      analysed,
      epochs,
      latentSize,
    });
  }
  const { keys, metric } = columns;
  const name = typeof config.name === "string" ? config.name : basename(path);
  const rounds = readRounds(join(path, ROUNDS), problems);
  return { path, name, configText: text, config, keys, metric, runs, rounds, problems };
}

interface Told {
  readonly name: string;
  readonly seed: number | null;
  readonly values: readonly string[];
  readonly status: string;
}

/** A nested map with the values at their dotted keys, as far as they are YAML. */
function configOf(keys: readonly string[], { values, seed }: Told): Record<string, unknown> {
  const config: Record<string, unknown> = { seed };
  for (const [i, key] of keys.entries()) {
    // A parameter that depends on another one may have no value.
    if (values[i] === "") continue;
    const names = key.split(".");
    let at = config;
    for (const name of names.slice(0, -1)) {
      const below = Object.hasOwn(at, name) ? at[name] : undefined;
      at = (isRecord(below) ? below : put(at, name, {})) as Record<string, unknown>;
    }
    put(at, names.at(-1)!, yamlOf(values[i]!));
  }
  return config;
}

/** Sets a property of any name, `__proto__` among them. @returns the value */
function put<T>(map: Record<string, unknown>, name: string, value: T): T {
  Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true });
  return value;
}

function yamlOf(text: string): unknown {
  try {
    return parseYaml(text);
  } catch {
    return text;
  }
}

/** How a run stands by its folder, or by the table where it has none. */
async function folderOf(
  path: string,
  told: Told,
  keys: readonly string[],
  problems: string[],
): Promise<Pick<SweepRun, "analysed" | "epochs" | "latentSize">> {
  const { name, seed, status } = told;
  const run = { name, path, seed, config: configOf(keys, told) };
  if (!isFile(join(path, "config.yaml"))) {
    const analysed = { ...run, status: status === "failed" ? "failed" : "stopped", summary: null } as const;
    return { analysed, epochs: [], latentSize: null };
  }
  const latentSize = await latentSizeOf(path);
  const state = await runState(path);
  // A run that was not started again since the sweep's end counts as the sweep has left it.
  const left = state.status === "died" && status !== "failed" ? "stopped" : state.status;
  const log = join(path, "epochs.csv");
  const analysed = { ...run, status: left, summary: state.summary };
  if (!isFile(log)) return { analysed, epochs: [], latentSize };
  const { rows, problems: found } = await readCsv(log, EPOCH_COLUMNS, EPOCHS_MAX);
  problems.push(...found);
  return { analysed, epochs: rows, latentSize };
}

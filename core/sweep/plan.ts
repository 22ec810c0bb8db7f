/** The runs of a sweep: each point with each seed, checked before anything starts. */
import { join } from "@std/path";
import { loadConfig, type LoadedConfig } from "../config/mod.ts";
import { problem } from "../config/error.ts";
import { showFlow } from "../config/show.ts";
import type { Setting } from "../config/settings.ts";
import { isUnder, type Node, toValue } from "../config/tree.ts";
import type { Config } from "../config/types.ts";
import { toPlain } from "../config/yaml.ts";
import { UserError } from "../errors.ts";
import { namesIn } from "../formats/file.ts";
import { Fingerprints, identityOf } from "./identity.ts";
import { type Point, pointsOf } from "./points.ts";
import type { SweepConfig } from "./sweep_config.ts";

export interface PlannedRun {
  /** Number of its point, from 1. */
  readonly point: number;
  readonly seed: number;
  /** The values of the parameters, as YAML. */
  readonly values: readonly string[];
  /** 64 hex digits. */
  readonly identity: string;
  /** The name of its folder. */
  readonly name: string;
  readonly path: string;
  readonly loaded: LoadedConfig;
}

export interface Plan {
  readonly sweep: SweepConfig;
  /** `RUNS/sweeps/NAME`, where RUNS is the base config's paths.runs. */
  readonly folder: string;
  /** The keys of the parameters. */
  readonly keys: readonly string[];
  /** The values of each point's parameters, as YAML. */
  readonly points: readonly (readonly string[])[];
  readonly metric: string;
  readonly runs: readonly PlannedRun[];
  /** Runs that were left out because an earlier point has the same. */
  readonly repeated: number;
  /** Whether the number of threads is left to the program. */
  readonly threadsAreFree: boolean;
}

const IDENTITY_DIGITS = 10;

function settingsOf(sweep: SweepConfig, point: Point, seed: number | null): Setting[] {
  const values = sweep.parameters.map(({ path, key }, i): Setting => ({ path, key, value: point[i]! }));
  if (seed === null) return [...sweep.overrides, ...values];
  const origin = { source: `seed=${seed}`, folder: "/" };
  return [...sweep.overrides, ...values, { path: "seed", key: origin, value: { kind: "scalar", origin, value: seed } }];
}

/** @throws {UserError} for an override of what the sweep sets */
function checkOverrides({ parameters, seeds }: SweepConfig, overrides: readonly string[]): void {
  for (const override of overrides) {
    const path = override.split("=", 1)[0]!.trim();
    const where = `--override "${override}"`;
    const same = parameters.find((each) => isUnder(each.path, path) || isUnder(path, each.path));
    if (same) throw problem(where, `${same.path} is a parameter of the sweep`, "change it in the sweep's config");
    if (path === "name") throw problem(where, "a sweep names its runs", "leave it out");
    if (path === "seed" && seeds > 1) throw problem(where, `the sweep has seeds: ${seeds}`, "leave out one of them");
  }
}

function usualMetric({ data: { split } }: Config): string {
  const has = split.by === "rows" ? split.validation > 0 : split.validation.length > 0;
  return has ? "validation.loss" : "train.loss";
}

/** The name of a run's folder: that of the folder in which the same run is already, or a new one. */
function folderName(present: readonly string[], point: number, seed: number, identity: string): string {
  const id = identity.slice(0, IDENTITY_DIGITS);
  return present.find((name) => name.endsWith(`-${id}`)) ?? `${String(point).padStart(3, "0")}-seed-${seed}-${id}`;
}

/**
 * Loads the config of every run and hashes the data.
 * @param overrides of the command line, for every run
 * @param note is told what has to be prepared before
 * @throws {ConfigError} with the place in the sweep's config; {UserError} if the data cannot be opened
 */
export async function planSweep(
  sweep: SweepConfig,
  overrides: readonly string[],
  note?: (text: string) => void,
): Promise<Plan> {
  checkOverrides(sweep, overrides);
  const load = (point: Point, seed: number | null) =>
    loadConfig({ file: sweep.base, settings: settingsOf(sweep, point, seed), overrides });
  // A parameter may stand for something that the base config has not, or has wrong: the first values tell types as well.
  const first = sweep.parameters.map((parameter): Node =>
    parameter.kind === "list" ? parameter.values[0]! : { kind: "scalar", origin: parameter.at, value: parameter.min }
  );
  const base = load(first, null);
  if (base.config.data.format === "memory") {
    throw new UserError(base.origin("data.format"), "data.format: memory holds no rows for a sweep", "name a file");
  }
  const points = pointsOf(sweep, toPlain(base.config));
  const folder = join(base.config.paths.runs, "sweeps", sweep.name);
  const present = await namesIn(folder);
  const fingerprints = new Fingerprints(note);
  const withThreads = sweep.parameters.some(({ path }) => /^runtime(\.threads)?$/.test(path));
  const runs = new Map<string, PlannedRun>();
  const values = points.map((point) => point.map((value) => showFlow(toValue(value))));
  let planned = 0;
  for (const [i, point] of points.entries()) {
    for (let k = 0; k < sweep.seeds; k++) {
      const loaded = load(point, k === 0 ? null : base.config.seed + k);
      const { config } = loaded;
      planned++;
      const data = await fingerprints.of(config).catch((error) => Promise.reject(loaded.locate(error)));
      const identity = identityOf(config, data, withThreads);
      if (runs.has(identity)) continue;
      const name = folderName(present, i + 1, config.seed, identity);
      runs.set(identity, {
        point: i + 1,
        seed: config.seed,
        values: values[i]!,
        identity,
        name,
        path: join(folder, name),
        loaded,
      });
    }
  }
  return {
    sweep,
    folder,
    keys: sweep.parameters.map(({ path }) => path),
    points: values,
    metric: sweep.metric ?? usualMetric(base.config),
    runs: [...runs.values()],
    repeated: planned - runs.size,
    threadsAreFree: base.origin("runtime.threads") === "default",
  };
}

/** The points and runs of a sweep. Each run's config is checked, and its data are hashed, before it is started. */
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
import { Budgets } from "./budget.ts";
import { Fingerprints, identityOf } from "./identity.ts";
import { type Parameter, type Point, withConditions } from "./parameters.ts";
import { pointName, pointsOf, wholeNumbers } from "./points.ts";
import { type Round, roundsOf } from "./rounds.ts";
import { recordedPoints } from "./sweep_json.ts";
import type { SweepConfig } from "./sweep_config.ts";
import { Tpe } from "./tpe.ts";

/** What the figures of a run are for: the tables, or the choice of points. */
export type Role = "report" | "selection";

export interface PlannedRun {
  /** Number of its point, from 1. */
  readonly point: number;
  readonly seed: number;
  readonly role: Role;
  /** The values of the parameters, as YAML; null where one is not set. */
  readonly values: readonly (string | null)[];
  /** 64 hex digits. */
  readonly identity: string;
  /** The name of its folder. */
  readonly name: string;
  readonly path: string;
  readonly loaded: LoadedConfig;
}

const IDENTITY_DIGITS = 10;

/** @throws {UserError} for an override of what the sweep sets */
function checkOverrides({ parameters, seeds, prune }: SweepConfig, overrides: readonly string[]): void {
  for (const override of overrides) {
    const path = override.split("=", 1)[0]!.trim();
    const where = `--override "${override}"`;
    const same = parameters.find((each) => isUnder(each.path, path) || isUnder(path, each.path));
    if (same) throw problem(where, `${same.path} is a parameter of the sweep`, "change it in the sweep's config");
    if (path === "name") throw problem(where, "a sweep names its runs", "leave it out");
    if (path === "seed" && seeds > 1) throw problem(where, `the sweep has seeds: ${seeds}`, "leave out one of them");
    if (path === "seed" && prune) throw problem(where, "prune chooses the seeds", "set the seed in the base config");
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

/** The first value of each parameter: a parameter may stand for something that the base config has not, or has wrong. */
const firstOf = (parameter: Parameter): Node =>
  parameter.kind === "list" ? parameter.values[0]! : { kind: "scalar", origin: parameter.at, value: parameter.min };

export class Plan {
  /** `RUNS/sweeps/NAME`, where RUNS is the base config's paths.runs. */
  readonly folder: string;
  readonly metric: string;
  /** The keys of the parameters. */
  readonly keys: readonly string[];
  /** Whether the number of threads is left to the program. */
  readonly threadsAreFree: boolean;
  /** The points that are known so far; one whose method is `tpe` chooses more. */
  readonly points: Point[] = [];
  readonly whole: readonly boolean[];
  /** How points are left out; empty where none are. */
  readonly rounds: readonly Round[];
  readonly budgets: Budgets;
  readonly #base: LoadedConfig;
  readonly #runs = new Map<string, PlannedRun>();
  readonly #asked = new Map<string, Promise<PlannedRun>>();
  readonly #fingerprints: Fingerprints;
  readonly #withThreads: boolean;
  readonly #note?: (text: string) => void;
  #present: readonly string[] = [];
  #repeated = 0;

  constructor(readonly sweep: SweepConfig, readonly overrides: readonly string[], note?: (text: string) => void) {
    checkOverrides(sweep, overrides);
    const { parameters } = sweep;
    this.#note = note;
    this.#base = this.load(withConditions(parameters, parameters.map(firstOf)), null);
    const { config } = this.#base;
    if (config.data.format === "memory") {
      const where = this.#base.origin("data.format");
      throw new UserError(where, "data.format: memory holds no rows for a sweep", "name a file");
    }
    this.whole = wholeNumbers(parameters, toPlain(config));
    this.folder = join(config.paths.runs, "sweeps", sweep.name);
    this.metric = sweep.metric ?? usualMetric(config);
    this.keys = parameters.map(({ path }) => path);
    this.threadsAreFree = this.#base.origin("runtime.threads") === "default";
    this.#withThreads = parameters.some(({ path }) => /^runtime(\.threads)?$/.test(path));
    this.#fingerprints = new Fingerprints(note);
    this.budgets = new Budgets(note);
    if (sweep.method !== "tpe") this.points.push(...pointsOf(sweep, toPlain(config)));
    const { prune } = sweep;
    if (prune !== null && this.points.length <= prune.keep) {
      const hint = "leave it out, or try more points";
      const what = `prune.keep is ${prune.keep}, and there are ${this.points.length} points: nothing would be left out`;
      throw problem(sweep.place("prune"), what, hint);
    }
    this.rounds = prune === null ? [] : roundsOf(this.points.length, prune);
  }

  /** Those that are known so far. */
  get runs(): readonly PlannedRun[] {
    return [...this.#runs.values()];
  }

  /** Runs that were left out because an earlier point has the same. */
  get repeated(): number {
    return this.#repeated;
  }

  /** How many points there will be. */
  get pointCount(): number {
    return this.sweep.method === "tpe" ? this.sweep.points! : this.points.length;
  }

  /** How often a run is trained to a pause or to its end, if none of them fails and no two are the same. */
  get stints(): number {
    const { seeds, prune } = this.sweep;
    if (prune === null) return this.pointCount * seeds - this.#repeated;
    const inRounds = this.rounds.map((round, i) => {
      const before = this.rounds[i - 1];
      return round.points * (round.seeds - (before?.share === round.share ? before.seeds : 0));
    });
    return inRounds.reduce((sum, count) => sum + count, prune.keep * seeds);
  }

  /** The seeds whose figures are in the tables; with `prune` they are others than those that choose. */
  get reportSeeds(): number[] {
    return Array.from(
      { length: this.sweep.seeds },
      (_, k) => this.#base.config.seed + (this.sweep.prune?.seeds ?? 0) + k,
    );
  }

  get selectionSeeds(): number[] {
    return Array.from({ length: this.sweep.prune?.seeds ?? 0 }, (_, k) => this.#base.config.seed + k);
  }

  /** Reads what is there already. */
  async begin(): Promise<void> {
    this.#present = await namesIn(this.folder);
    if (this.sweep.method === "tpe") {
      const chooser = new Tpe(this.sweep.parameters, this.whole, this.sweep.tpe);
      this.points.push(...await recordedPoints(this));
      // The points that are drawn by chance are known beforehand.
      const taken = new Set(this.points.map(pointName));
      while (this.points.length < Math.min(this.sweep.tpe.random, this.sweep.points!)) {
        const point = chooser.next(this.points.length, [], taken);
        if (point === null) break;
        this.points.push(point);
        taken.add(pointName(point));
      }
    }
  }

  /** The config of a point with a seed; null: with the base's. @throws {ConfigError} with the place in the sweep's config */
  load(point: Point, seed: number | null): LoadedConfig {
    const { parameters, overrides, base } = this.sweep;
    const values = parameters.flatMap(({ path, key }, i): Setting[] => {
      const value = point[i];
      return value == null ? [] : [{ path, key, value }];
    });
    const origin = { source: `seed=${seed}`, folder: "/" };
    const seeded: Setting[] = seed === null
      ? []
      : [{ path: "seed", key: origin, value: { kind: "scalar", origin, value: seed } }];
    const loaded = loadConfig({
      file: base,
      settings: [...overrides, ...values, ...seeded],
      overrides: this.overrides,
    });
    if (loaded.config.training.replicas === null) return loaded;
    const where = loaded.origin("training.replicas");
    throw problem(where, "training.replicas: a sweep trains each of its runs alone", "remove it, or set it to null");
  }

  /** The values of a point as YAML. */
  valuesOf(point: Point): (string | null)[] {
    return point.map((value) => value && showFlow(toValue(value)));
  }

  /**
   * The run of a point with a seed. Where another point has the same run, it is that one.
   * @param number of the point, from 1
   * @throws {ConfigError} with the place in the sweep's config; {UserError} if the data cannot be opened
   */
  run(number: number, seed: number, role: Role): Promise<PlannedRun> {
    const name = `${number} ${seed}`;
    let asked = this.#asked.get(name);
    if (asked === undefined) this.#asked.set(name, asked = this.#planned(number, seed, role));
    return asked;
  }

  async #planned(number: number, seed: number, role: Role): Promise<PlannedRun> {
    const point = this.points[number - 1]!;
    const loaded = this.load(point, seed === this.#base.config.seed ? null : seed);
    const data = await this.#fingerprints.of(loaded.config).catch((error) => Promise.reject(loaded.locate(error)));
    const identity = identityOf(loaded.config, data, this.#withThreads);
    const same = this.#runs.get(identity);
    if (same !== undefined) {
      this.#repeated++;
      return same;
    }
    const name = folderName(this.#present, number, loaded.config.seed, identity);
    const run: PlannedRun = {
      ...{ point: number, seed: loaded.config.seed, role, values: this.valuesOf(point), identity, name, loaded },
      path: join(this.folder, name),
    };
    this.#runs.set(identity, run);
    return run;
  }

  /** Plans all runs that are known before anything is trained, so that mistakes are found. */
  async planKnown(): Promise<void> {
    const role = this.rounds.length > 0 ? "selection" : "report";
    const seeds = this.rounds.length > 0 ? this.selectionSeeds.slice(0, this.rounds[0]!.seeds) : this.reportSeeds;
    for (const number of this.points.keys()) {
      for (const seed of seeds) await this.run(number + 1, seed, role);
    }
  }
}

/**
 * Loads the configs of all runs that are known beforehand and hashes the data.
 * @param overrides of the command line, for every run
 * @param note is told what has to be prepared before
 * @throws {ConfigError} with the place in the sweep's config; {UserError} if the data cannot be opened
 */
export async function planSweep(
  sweep: SweepConfig,
  overrides: readonly string[],
  note?: (text: string) => void,
): Promise<Plan> {
  const plan = new Plan(sweep, overrides, note);
  await plan.begin();
  await plan.planKnown();
  return plan;
}

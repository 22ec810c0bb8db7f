/** Reads a sweep's config: a base config, the parameters that are tried, and how. */
import { basename, dirname, resolve } from "@std/path";
import { metricNamed } from "../analysis/metrics.ts";
import { loadTree } from "../config/files.ts";
import { NAME_PATTERN, safeName } from "../config/name.ts";
import { show } from "../config/show.ts";
import type { Setting } from "../config/settings.ts";
import { isUnder, type MapNode, toValue, whereOf } from "../config/tree.ts";
import { UserError } from "../errors.ts";
import { exists, hintFor } from "../missing.ts";
import { toUser, userFolder } from "../paths.ts";
import { type Parameter, PARAMETERS_EXAMPLE, readParameters } from "./parameters.ts";
import { MapReader, Problems } from "./reading.ts";
import { type Pruning, readPruning, readSlurm, readTpe, type TpeSettings } from "./sections.ts";

const METHODS = ["grid", "random", "sobol", "tpe"] as const;
export type Method = typeof METHODS[number];

export interface SweepConfig {
  readonly name: string;
  /** The absolute path of a config. */
  readonly base: string;
  readonly parameters: readonly Parameter[];
  readonly method: Method;
  /** The number of points; null for a grid. */
  readonly points: number | null;
  readonly seeds: number;
  /** Set for every run. */
  readonly overrides: readonly Setting[];
  /** Null where none is named. */
  readonly metric: string | null;
  /** Runs at the same time; null where it is not said. */
  readonly jobs: number | null;
  /** How points are chosen where the method is tpe. */
  readonly tpe: TpeSettings;
  /** How points are left out while the sweep goes on; null where all of them are trained to their end. */
  readonly prune: Pruning | null;
  /** Options of sbatch by their long names, for jobs of Slurm. */
  readonly slurm: Readonly<Record<string, string>>;
  /** As it was written, with the absolute path of the base. */
  readonly plain: Readonly<Record<string, unknown>>;
  /** Where a key was written, for messages; where the file begins if it was not. */
  place(key: string): string;
}

const KEYS = [
  "name",
  "base",
  "parameters",
  "method",
  "points",
  "seeds",
  "overrides",
  "metric",
  "jobs",
  "tpe",
  "prune",
  "slurm",
] as const;

/** Most points that are drawn, and most seeds. */
const MAX_POINTS = 10_000, MAX_SEEDS = 1000, MAX_JOBS = 256;

/** Errors: {@link ConfigError} with up to ten problems. */
export function readSweep(file: string): SweepConfig {
  const { tree, files } = loadTree(file, userFolder());
  return new Reader(tree, file).read(files[0]!);
}

class Reader {
  readonly #problems = new Problems();
  readonly #map: MapReader<typeof KEYS[number]>;

  constructor(readonly tree: MapNode, readonly file: string) {
    this.#map = new MapReader(tree, "", KEYS, "keys of a sweep", this.#problems);
  }

  read(path: string): SweepConfig {
    const map = this.#map;
    const stem = safeName(basename(path).replace(/\.[^.]*$/, ""));
    const method = map.text("method", (text) => (METHODS as readonly string[]).includes(text), METHODS.join(", "));
    const base = this.#base();
    const jobs = map.whole("jobs", MAX_JOBS);
    const config: SweepConfig = {
      name: map.text("name", (text) => NAME_PATTERN.test(text), "letters, digits, . _ - (at most 64)") ?? stem,
      base,
      parameters: this.#parameters(),
      method: (method ?? "grid") as Method,
      points: map.whole("points", MAX_POINTS),
      seeds: map.whole("seeds", MAX_SEEDS) ?? 1,
      overrides: [...map.map("overrides", "as in overrides: {training.epochs: 10}")?.entries ?? []]
        .map(([path, { key, node }]) => ({ path, value: node, key })),
      metric: this.#metric(),
      jobs,
      tpe: readTpe(map.map("tpe", "as in tpe: {random: 10}"), jobs ?? 1, this.#problems),
      prune: readPruning(map.map("prune", "as in prune: {factor: 3}"), this.#problems),
      slurm: readSlurm(map.map("slurm", "as in slurm: {partition: main, time: 120}"), this.#problems),
      plain: { ...toValue(this.tree) as Record<string, unknown>, base },
      place: (key) => {
        const entry = this.tree.entries.get(key);
        return entry === undefined ? this.file : whereOf(entry.key);
      },
    };
    if (this.#problems.count === 0) this.#checkTogether(config);
    this.#problems.throwAny();
    return config;
  }

  #base(): string {
    const entry = this.#map.entry("base");
    const value = entry === undefined ? undefined : toValue(entry.node);
    if (entry === undefined) {
      this.#problems.add(
        this.tree.origin,
        "base is missing",
        "name the config that the runs share: base: ../digits.yaml",
      );
    } else if (typeof value !== "string" || value === "") {
      this.#problems.add(entry.node.origin, `base must be the path of a config, got ${show(value)}`);
    } else {
      const path = resolve(entry.node.origin.folder, value);
      if (exists(path)) return path;
      const rule = `relative to the folder of ${this.file}`;
      const hint = hintFor(path, (each) => toUser(each, dirname(resolve(userFolder(), this.file))));
      this.#problems.add(entry.node.origin, `base: there is no such file: ${path} (${rule})`, hint);
    }
    return "";
  }

  #metric(): string | null {
    const entry = this.#map.entry("metric");
    if (entry === undefined) return null;
    try {
      return metricNamed(String(toValue(entry.node)), whereOf(entry.node.origin));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#problems.add(entry.node.origin, `metric: ${error.what}`, error.hint);
      return null;
    }
  }

  #parameters(): Parameter[] {
    if (this.#map.entry("parameters") === undefined) {
      this.#problems.add(this.tree.origin, "parameters is missing", PARAMETERS_EXAMPLE);
    }
    const map = this.#map.map("parameters", PARAMETERS_EXAMPLE);
    return map === null ? [] : readParameters(map, this.#problems);
  }

  #checkTogether(config: SweepConfig): void {
    const { method, points, parameters, prune } = config;
    const at = (name: typeof KEYS[number]) => this.#map.entry(name)!.node.origin;
    if (method === "grid") {
      const range = parameters.find(({ kind }) => kind === "range");
      if (range) {
        const hint = "write a list, or set method: random (or sobol, tpe) and points";
        this.#problems.add(range.key, `parameters.${range.path}: a grid needs a list of values, got a range`, hint);
      }
      if (points !== null) {
        this.#problems.add(at("points"), "points is for random, sobol and tpe: a grid takes every combination");
      }
    } else if (points === null) {
      const key = this.tree.entries.get("method")!.key;
      this.#problems.add(key, `points is missing: how many points method: ${method} is to take`);
    }
    if (method !== "tpe" && this.#map.entry("tpe")) {
      this.#problems.add(
        at("tpe"),
        `tpe is for method: tpe, and the method is ${method}`,
        "set method: tpe, or leave it out",
      );
    }
    if (prune !== null && method === "tpe") {
      const hint = "set method: random or sobol, or leave out prune";
      this.#problems.add(
        at("prune"),
        "prune cannot be combined with method: tpe, which chooses points one after the other",
        hint,
      );
    }
    if (prune !== null && !/^((validation|train)\.loss|best_loss)$/.test(config.metric ?? "validation.loss")) {
      const hint = "leave out metric; deno task analyze shows any metric of the runs that are finished";
      this.#problems.add(
        at("metric"),
        "prune compares losses of runs that are not finished, which have no other metric",
        hint,
      );
    }
    this.#checkKeys(config);
  }

  /** What is set more than once, or cannot be set. */
  #checkKeys({ parameters, overrides, seeds, prune }: SweepConfig): void {
    const add = this.#problems.add.bind(this.#problems);
    for (const { path, key } of [...parameters, ...overrides]) {
      if (path === "name") add(key, "name cannot be set here: a sweep names its runs");
      if (path === "seed" && seeds > 1) {
        add(key, `seed cannot be set here together with seeds: ${seeds}`, "leave out one of them");
      } else if (path === "seed" && prune !== null) {
        add(
          key,
          "seed cannot be set here together with prune, which chooses the seeds",
          "set the seed in the base config",
        );
      }
    }
    const over = (a: string, b: string) => isUnder(a, b) || isUnder(b, a);
    for (const [i, { path, key }] of parameters.entries()) {
      const same = parameters.slice(0, i).find((each) => over(each.path, path));
      if (same) add(key, `parameters.${path}: ${same.path} is a parameter, too`, "leave out one of them");
    }
    for (const { path, key } of overrides) {
      const same = parameters.find((each) => over(each.path, path));
      if (same) add(key, `overrides.${path}: ${same.path} is a parameter of the sweep`, "leave out one of them");
    }
  }
}

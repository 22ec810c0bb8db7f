/** Reads a sweep's config: a base config, the parameters that are tried, and how. */
import { basename, dirname, resolve } from "@std/path";
import { metricNamed } from "../analysis/metrics.ts";
import { ConfigError, type Problem } from "../config/error.ts";
import { loadTree } from "../config/files.ts";
import { nearest } from "../config/nearest.ts";
import { NAME_PATTERN } from "../config/schema.ts";
import { show } from "../config/show.ts";
import type { Setting } from "../config/settings.ts";
import { type Entry, isUnder, type MapNode, type Node, type Origin, toValue, whereOf } from "../config/tree.ts";
import { UserError } from "../errors.ts";
import { exists, hintFor } from "../missing.ts";
import { toUser, userFolder } from "../paths.ts";

const METHODS = ["grid", "random", "sobol"] as const;
export type Method = typeof METHODS[number];

/** A key of the config and what is tried for it. */
export type Parameter =
  & { readonly path: string; readonly key: Origin }
  & (
    | { readonly kind: "list"; readonly values: readonly Node[] }
    | { readonly kind: "range"; readonly min: number; readonly max: number; readonly log: boolean; readonly at: Origin }
  );

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
  readonly jobs: number;
  /** As it was written, with the absolute path of the base. */
  readonly plain: Readonly<Record<string, unknown>>;
  /** Where a key was written, for messages; where the file begins if it was not. */
  place(key: string): string;
}

const KEYS = ["name", "base", "parameters", "method", "points", "seeds", "overrides", "metric", "jobs"] as const;
type Name = typeof KEYS[number];

/** Most points that are drawn, and most seeds. */
const MAX_POINTS = 10_000, MAX_SEEDS = 1000, MAX_JOBS = 256;

/** Errors: {@link ConfigError} with up to ten problems. */
export function readSweep(file: string): SweepConfig {
  const { tree, files } = loadTree(file, userFolder());
  return new Reader(tree, file).read(files[0]!);
}

/** Collects what is wrong, so that all of it is told at once. */
class Reader {
  readonly #problems: (Problem & { readonly origin: Origin })[] = [];

  constructor(readonly tree: MapNode, readonly file: string) {}

  read(path: string): SweepConfig {
    for (const [key, { key: origin }] of this.tree.entries) {
      if (!(KEYS as readonly string[]).includes(key)) this.#unknown(origin, key, KEYS, "keys of a sweep");
    }
    const stem = basename(path).replace(/\.[^.]*$/, "").replaceAll(/[^A-Za-z0-9._-]+/g, "-");
    const parameters = this.#parameters();
    const method = this.#text("method", (text) => (METHODS as readonly string[]).includes(text), METHODS.join(", "));
    const base = this.#base();
    const config: SweepConfig = {
      name: this.#text("name", (text) => NAME_PATTERN.test(text), "letters, digits, . _ - (at most 64)") ?? stem,
      base,
      parameters,
      method: (method ?? "grid") as Method,
      points: this.#whole("points", MAX_POINTS),
      seeds: this.#whole("seeds", MAX_SEEDS) ?? 1,
      overrides: this.#overrides(),
      metric: this.#metric(),
      jobs: this.#whole("jobs", MAX_JOBS) ?? 1,
      plain: { ...toValue(this.tree) as Record<string, unknown>, base },
      place: (key) => {
        const entry = this.tree.entries.get(key);
        return entry === undefined ? this.file : whereOf(entry.key);
      },
    };
    if (this.#problems.length === 0) this.#checkTogether(config);
    if (this.#problems.length > 0) {
      const place = ({ origin: { line = 0, column = 0 } }: { origin: Origin }) => line * 1e6 + column;
      throw new ConfigError(this.#problems.toSorted((a, b) => place(a) - place(b)));
    }
    return config;
  }

  #entry(name: Name): Entry | undefined {
    const entry = this.tree.entries.get(name);
    return entry?.node.kind === "scalar" && entry.node.value === null ? undefined : entry;
  }

  #wrong(origin: Origin, what: string, hint?: string): void {
    this.#problems.push({ origin, where: whereOf(origin), what, ...(hint === undefined ? {} : { hint }) });
  }

  #unknown(origin: Origin, key: string, known: readonly string[], list: string): void {
    const meant = nearest(key.slice(key.lastIndexOf(".") + 1), known);
    const what = `unknown key ${key}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
    this.#wrong(origin, what, `${list}: ${known.join(", ")}`);
  }

  #text(name: Name, fits: (text: string) => boolean, expected: string): string | null {
    const entry = this.#entry(name);
    if (entry === undefined) return null;
    const value = toValue(entry.node);
    if (typeof value === "string" && fits(value)) return value;
    const meant = typeof value === "string" ? nearest(value, expected.split(", ")) : undefined;
    this.#wrong(
      entry.node.origin,
      `${name} must be ${expected.includes(", ") ? "one of " : ""}${expected}, got ${show(value)}`,
      meant === undefined ? undefined : `did you mean ${meant}?`,
    );
    return null;
  }

  #whole(name: Name, most: number): number | null {
    const entry = this.#entry(name);
    if (entry === undefined) return null;
    const value = toValue(entry.node);
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
    this.#wrong(entry.node.origin, `${name} must be a whole number from 1 to ${most}, got ${show(value)}`);
    return null;
  }

  #base(): string {
    const entry = this.#entry("base");
    const value = entry === undefined ? undefined : toValue(entry.node);
    if (entry === undefined) {
      this.#wrong(this.tree.origin, "base is missing", "name the config that the runs share: base: ../digits.yaml");
    } else if (typeof value !== "string" || value === "") {
      this.#wrong(entry.node.origin, `base must be the path of a config, got ${show(value)}`);
    } else {
      const path = resolve(entry.node.origin.folder, value);
      if (exists(path)) return path;
      const rule = `relative to the folder of ${this.file}`;
      const hint = hintFor(path, (each) => toUser(each, dirname(resolve(userFolder(), this.file))));
      this.#wrong(entry.node.origin, `base: there is no such file: ${path} (${rule})`, hint);
    }
    return "";
  }

  #metric(): string | null {
    const entry = this.#entry("metric");
    if (entry === undefined) return null;
    try {
      return metricNamed(String(toValue(entry.node)), whereOf(entry.node.origin));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#wrong(entry.node.origin, `metric: ${error.what}`, error.hint);
      return null;
    }
  }

  /** The entries of a map of dotted keys. */
  #map(name: Name, example: string): [string, Entry][] {
    const entry = this.#entry(name);
    if (entry === undefined) return [];
    if (entry.node.kind === "map") return [...entry.node.entries];
    this.#wrong(entry.node.origin, `${name} must be a map of keys, got ${show(toValue(entry.node))}`, example);
    return [];
  }

  #overrides(): Setting[] {
    return this.#map("overrides", "as in overrides: {training.epochs: 10}")
      .map(([path, { key, node }]) => ({ path, value: node, key }));
  }

  #parameters(): Parameter[] {
    const example = "as in parameters: {optimizer.learning_rate: [0.001, 0.003]}";
    if (this.#entry("parameters") === undefined) this.#wrong(this.tree.origin, "parameters is missing", example);
    return this.#map("parameters", example).flatMap(([path, entry]): Parameter[] => {
      const { key, node } = entry;
      if (node.kind === "list" && node.items.length > 0) return [{ path, key, kind: "list", values: node.items }];
      if (node.kind === "map") return this.#range(path, key, node);
      const value = toValue(node);
      const one = typeof value === "object" || value === null ? "" : `[${value}] or `;
      this.#wrong(
        node.origin,
        `parameters.${path} must be a list of values, or a range, got ${show(value)}`,
        `write ${one}{min: 0.001, max: 0.1, scale: log}`,
      );
      return [];
    });
  }

  #range(path: string, key: Origin, node: MapNode): Parameter[] {
    const known = ["min", "max", "scale"];
    const before = this.#problems.length;
    for (const [name, { key: origin }] of node.entries) {
      if (!known.includes(name)) this.#unknown(origin, `parameters.${path}.${name}`, known, "keys of a range");
    }
    const bound = (name: "min" | "max") => {
      const found = node.entries.get(name);
      const value = found && toValue(found.node);
      if (typeof value === "number" && Number.isFinite(value)) return value;
      const got = found === undefined ? " is missing" : ` must be a number, got ${show(value)}`;
      this.#wrong(found?.node.origin ?? key, `parameters.${path}.${name}${got}`);
      return NaN;
    };
    const [min, max] = [bound("min"), bound("max")];
    const scale = node.entries.get("scale");
    const named = scale === undefined ? "linear" : toValue(scale.node);
    if (named !== "linear" && named !== "log") {
      this.#wrong(scale!.node.origin, `parameters.${path}.scale must be linear or log, got ${show(named)}`);
    }
    if (min >= max) this.#wrong(node.origin, `parameters.${path}: min must be below max, got ${min} and ${max}`);
    if (named === "log" && min <= 0) {
      this.#wrong(node.origin, `parameters.${path}: min must be above 0 where scale is log, got ${min}`);
    }
    if (this.#problems.length > before) return [];
    return [{ path, key, kind: "range", min, max, log: named === "log", at: node.origin }];
  }

  #checkTogether({ method, points, parameters, seeds, overrides }: SweepConfig): void {
    const pointsAt = this.#entry("points")?.node.origin;
    if (method === "grid") {
      const range = parameters.find(({ kind }) => kind === "range");
      if (range) {
        const hint = "write a list, or set method: random (or sobol) and points";
        this.#wrong(range.key, `parameters.${range.path}: a grid needs a list of values, got a range`, hint);
      }
      if (pointsAt) this.#wrong(pointsAt, "points is for random and sobol: a grid takes every combination");
    } else if (points === null && !pointsAt) {
      this.#wrong(this.#entry("method")!.key, `points is missing: how many points method: ${method} is to take`);
    }
    for (const { path, key } of [...parameters, ...overrides]) {
      if (path === "name") this.#wrong(key, "name cannot be set here: a sweep names its runs");
      if (path === "seed" && seeds > 1) {
        this.#wrong(key, `seed cannot be set here together with seeds: ${seeds}`, "leave out one of them");
      }
    }
    for (const [i, { path, key }] of parameters.entries()) {
      const same = parameters.slice(0, i).find((each) => isUnder(each.path, path) || isUnder(path, each.path));
      if (same) this.#wrong(key, `parameters.${path}: ${same.path} is a parameter, too`, "leave out one of them");
    }
    for (const { path, key } of overrides) {
      const same = parameters.find((each) => isUnder(each.path, path) || isUnder(path, each.path));
      if (same) {
        this.#wrong(key, `overrides.${path}: ${same.path} is a parameter of the sweep`, "leave out one of them");
      }
    }
  }
}

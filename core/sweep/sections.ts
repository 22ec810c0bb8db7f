/** The sections `tpe`, `prune` and `slurm` of a sweep's config. */
import { show } from "../config/show.ts";
import { type MapNode, toValue } from "../config/tree.ts";
import { MapReader, type Problems } from "./reading.ts";

/** How {@link TreeParzen} chooses points. */
export interface TpeSettings {
  /** Points that are drawn at random before the first one is chosen by results. */
  readonly random: number;
  /** The share of the points that count as good. */
  readonly quantile: number;
  /** Candidates that are drawn for each value. */
  readonly candidates: number;
  /** Points that may be trained at the same time: each point is chosen by the results of all but so many before it. */
  readonly parallel: number;
  /** Of the random numbers. */
  readonly seed: number;
}

/** How successive halving leaves out points. */
export interface Pruning {
  /** One in so many points goes on to the next round. */
  readonly factor: number;
  /** The share of its epochs that each run is trained in the first round; null: so that the last round has all seeds. */
  readonly first: number | null;
  /** With how many seeds the last round chooses. */
  readonly seeds: number;
  /** Points that are left at the end. */
  readonly keep: number;
}

/** Options of sbatch that a sweep may set. Those that start programs or change what a task runs are not among them. */
const SBATCH = [
  ...[
    "partition",
    "account",
    "qos",
    "time",
    "cpus-per-task",
    "mem",
    "mem-per-cpu",
    "constraint",
    "nodelist",
    "exclude",
  ],
  ...["reservation", "gres", "nice", "licenses", "cluster-constraint", "mail-type", "mail-user", "exclusive", "hint"],
] as const;

/** Reads `slurm`: options of sbatch by their long names. */
export function readSlurm(map: MapNode | null, problems: Problems): Readonly<Record<string, string>> {
  if (map === null) return {};
  const reader = new MapReader(map, "slurm.", SBATCH, "options of sbatch that can be set", problems);
  const options: Record<string, string> = {};
  for (const name of SBATCH) {
    const entry = reader.entry(name);
    if (entry === undefined) continue;
    const value = toValue(entry.node);
    const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
    if (/^[\x20-\x7e]{1,1024}$/.test(text)) options[name] = text;
    else problems.add(entry.node.origin, `slurm.${name} must be a text of one line or a number, got ${show(value)}`);
  }
  return options;
}

const MAX_CANDIDATES = 10_000, MAX_POINTS = 10_000, MAX_SEEDS = 1000, MAX_FACTOR = 100;

/** @param jobs what `parallel` is where it is not given */
export function readTpe(map: MapNode | null, jobs: number, problems: Problems): TpeSettings {
  const keys = ["random", "quantile", "candidates", "parallel", "seed"] as const;
  const reader = map && new MapReader(map, "tpe.", keys, "keys of tpe", problems);
  return {
    random: reader?.whole("random", MAX_POINTS) ?? 10,
    quantile: reader?.share("quantile") ?? 0.15,
    candidates: reader?.whole("candidates", MAX_CANDIDATES) ?? 24,
    parallel: reader?.whole("parallel", MAX_POINTS) ?? jobs,
    seed: reader?.whole("seed", 2 ** 31, 0) ?? 0,
  };
}

export function readPruning(map: MapNode | null, problems: Problems): Pruning | null {
  if (map === null) return null;
  const reader = new MapReader(map, "prune.", ["factor", "first", "seeds", "keep"], "keys of prune", problems);
  return {
    factor: reader.whole("factor", MAX_FACTOR, 2) ?? 3,
    first: reader.share("first"),
    seeds: reader.whole("seeds", MAX_SEEDS) ?? 1,
    keep: reader.whole("keep", MAX_POINTS) ?? 1,
  };
}

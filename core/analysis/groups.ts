/** Runs in groups, the statistics of each group, and each group compared with the best one over the seeds that both have. */
import { knownPaths } from "../config/json_schema.ts";
import { nearestKey } from "../config/nearest.ts";
import { showFlow } from "../config/show.ts";
import { isUnder } from "../config/tree.ts";
import { UserError } from "../errors.ts";
import { type Improvement, improvement } from "./improvement.ts";
import { largerIsBetter, metricOf } from "./metrics.ts";
import { type AnalysedRun, differingKeys, valueOf } from "./runs.ts";
import { type Interval, mean, meanInterval, type Statistics, statisticsOf } from "./statistics.ts";
import { smallestP, wilcoxon } from "./wilcoxon.ts";

export interface Group {
  /** The values of the keys by which the runs are grouped, as YAML; null where a config does not have the key. */
  readonly values: readonly (string | null)[];
  readonly runs: number;
  /** Runs that failed or died, and finished ones without a finite value of the metric. */
  readonly failed: number;
  /** Runs that run, or were stopped. */
  readonly unfinished: number;
  /** Of the finished runs; null where there is none. */
  readonly statistics: Statistics | null;
}

/** A group against the best one, seed by seed: differences are the group's value minus the best group's. */
export interface Comparison {
  readonly group: readonly (string | null)[];
  readonly best: readonly (string | null)[];
  /** Seeds that both have. */
  readonly seeds: readonly number[];
  readonly mean_difference: number;
  /** 95 % interval of the mean difference by Student's t distribution; null of one seed. */
  readonly t_interval: Interval | null;
  /** Wilcoxon's signed-rank test, two-sided; null where no difference is left. */
  readonly wilcoxon_p: number | null;
  /** The smallest p value that this number of seeds can have. */
  readonly smallest_p: number;
  /** How likely a run of the group is better than one of the best group; null where they share no other settings. */
  readonly improvement: Improvement | null;
}

export interface Analysis {
  readonly metric: string;
  readonly larger_is_better: boolean;
  readonly group_by: readonly string[];
  readonly groups: readonly Group[];
  readonly comparisons: readonly Comparison[];
}

/** A group's runs. */
export interface GroupedRuns {
  readonly values: readonly (string | null)[];
  readonly runs: readonly AnalysedRun[];
}

interface Member {
  readonly run: AnalysedRun;
  readonly value: number | null;
}

/** @throws {UserError} if no run has the key */
function requireKey(key: string, runs: readonly AnalysedRun[]): void {
  if (runs.some((run) => valueOf(run.config, key) !== undefined)) return;
  const meant = nearestKey(key, knownPaths());
  throw new UserError(
    "--group-by",
    `no run has the key ${key}`,
    meant === undefined || meant === key ? "name a key of the runs' config.yaml" : `did you mean ${meant}?`,
  );
}

const textOf = (run: AnalysedRun, key: string): string | null => {
  const value = valueOf(run.config, key);
  return value === undefined ? null : showFlow(value);
};

const isFailed = ({ run, value }: Member) =>
  run.status === "failed" || run.status === "died" || (run.status === "finished" && value === null);

/** The values of finished runs by the other settings that tell runs apart, besides seeds: the strata. */
function strataOf(members: readonly Member[], otherKeys: readonly string[]): Map<string, number[]> {
  const strata = new Map<string, number[]>();
  for (const { run, value } of members) {
    if (run.status !== "finished" || value === null) continue;
    const others = JSON.stringify(otherKeys.map((key) => textOf(run, key)));
    strata.set(others, [...strata.get(others) ?? [], value]);
  }
  return strata;
}

function groupOf(
  values: readonly (string | null)[],
  members: readonly Member[],
  otherKeys: readonly string[],
): Group {
  const failed = members.filter(isFailed).length;
  const finished = members.flatMap(({ run, value }) => run.status === "finished" && value !== null ? [value] : []);
  return {
    values,
    runs: members.length,
    failed,
    unfinished: members.length - failed - finished.length,
    statistics: finished.length > 0 ? statisticsOf(finished, [...strataOf(members, otherKeys).values()]) : null,
  };
}

/** The values of finished runs by seed, and within a seed by what else tells runs apart. */
function bySeed(members: readonly Member[], otherKeys: readonly string[]): Map<number, Map<string, number[]>> {
  const seeds = new Map<number, Map<string, number[]>>();
  for (const { run, value } of members) {
    if (run.status !== "finished" || value === null || run.seed === null) continue;
    const others = JSON.stringify(otherKeys.map((key) => textOf(run, key)));
    const inside = seeds.get(run.seed) ?? new Map<string, number[]>();
    inside.set(others, [...inside.get(others) ?? [], value]);
    seeds.set(run.seed, inside);
  }
  return seeds;
}

/**
 * The mean difference of each seed, over pairs of runs that differ in nothing but the keys of the groups. Seeds, not runs, are
 * what is repeated, so that each seed counts once.
 */
function pairedDifferences(group: readonly Member[], best: readonly Member[], otherKeys: readonly string[]) {
  const ours = bySeed(group, otherKeys), theirs = bySeed(best, otherKeys);
  return [...ours].toSorted(([a], [b]) => a - b).flatMap(([seed, inside]) => {
    const differences = [...inside].flatMap(([others, values]) => {
      const against = theirs.get(seed)?.get(others);
      return against === undefined ? [] : [mean(values) - mean(against)];
    });
    return differences.length === 0 ? [] : [{ seed, difference: mean(differences) }];
  });
}

/** Over the other settings that both groups have. */
function improvementOf(
  group: readonly Member[],
  best: readonly Member[],
  otherKeys: readonly string[],
  larger: boolean,
): Improvement | null {
  const ours = strataOf(group, otherKeys), theirs = strataOf(best, otherKeys);
  const both = [...ours.keys()].filter((others) => theirs.has(others));
  if (both.length === 0) return null;
  return improvement(both.map((others) => ours.get(others)!), both.map((others) => theirs.get(others)!), larger);
}

function comparison(
  group: Group,
  best: Group,
  pairs: readonly { seed: number; difference: number }[],
  improvement: Improvement | null,
): Comparison {
  const differences = pairs.map(({ difference }) => difference);
  return {
    group: group.values,
    best: best.values,
    seeds: pairs.map(({ seed }) => seed),
    mean_difference: mean(differences),
    t_interval: differences.length > 1 ? meanInterval(differences) : null,
    wilcoxon_p: wilcoxon(differences),
    smallest_p: smallestP(differences.length),
    improvement,
  };
}

/** Numbers by size, then texts; keys that are missing come last. */
function compareValues(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a < b ? -1 : 1;
}

/** The keys by which runs are grouped, and the other ones in which they differ, besides seeds and names. */
function keysOf(
  runs: readonly AnalysedRun[],
  groupBy: readonly string[] | null,
): { keys: readonly string[]; otherKeys: readonly string[] } {
  const differing = differingKeys(runs.map(({ config }) => config));
  for (const key of groupBy ?? []) requireKey(key, runs);
  const keys = groupBy ?? differing;
  return { keys, otherKeys: differing.filter((key) => !keys.some((each) => isUnder(key, each))) };
}

/** The runs of each group, in the order of {@link analyse}. @throws {UserError} if no run has one of the keys */
export function groupedRuns(runs: readonly AnalysedRun[], groupBy: readonly string[] | null): GroupedRuns[] {
  const { keys } = keysOf(runs, groupBy);
  const groups = new Map<string, { values: (string | null)[]; runs: AnalysedRun[] }>();
  for (const run of runs) {
    const values = keys.map((key) => textOf(run, key));
    const name = JSON.stringify(values);
    if (!groups.has(name)) groups.set(name, { values, runs: [] });
    groups.get(name)!.runs.push(run);
  }
  return [...groups.values()].sort((a, b) =>
    a.values.map((value, i) => compareValues(value, b.values[i]!)).find((order) => order !== 0) ?? 0
  );
}

/**
 * @param groupBy keys of the config; null for those in which the runs differ, besides seeds and names
 * @throws {UserError} if no run has one of the keys
 */
export function analyse(runs: readonly AnalysedRun[], metric: string, groupBy: readonly string[] | null): Analysis {
  const { keys, otherKeys } = keysOf(runs, groupBy);
  const sorted = groupedRuns(runs, groupBy).map(({ values, runs }) => {
    const valueOf = ({ summary }: AnalysedRun) => summary === null ? null : metricOf(summary, metric);
    return { values, members: runs.map((run): Member => ({ run, value: valueOf(run) })) };
  });
  const groups = sorted.map(({ values, members }) => groupOf(values, members, otherKeys));
  const larger = largerIsBetter(metric);
  const means = groups.map(({ statistics }) =>
    statistics === null ? -Infinity : larger ? statistics.mean : -statistics.mean
  );
  const best = means.indexOf(Math.max(...means));
  const comparisons = groups.flatMap((group, i) => {
    if (i === best || group.statistics === null) return [];
    const [ours, theirs] = [sorted[i]!.members, sorted[best]!.members];
    const pairs = pairedDifferences(ours, theirs, otherKeys);
    if (pairs.length === 0) return [];
    return [comparison(group, groups[best]!, pairs, improvementOf(ours, theirs, otherKeys, larger))];
  });
  return { metric, larger_is_better: larger, group_by: keys, groups, comparisons };
}

/**
 * Successive halving (K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
 * AISTATS 2016) over epochs and over seeds: which part of the points goes on, how long they are trained, with how many seeds.
 */
import type { Pruning } from "./sections.ts";

export interface Round {
  /** From 1. */
  readonly number: number;
  /** Points at its beginning. */
  readonly points: number;
  /** The share of its epochs that each run has been trained when the points are compared. */
  readonly share: number;
  /** Seeds of each point, those of the rounds before among them. */
  readonly seeds: number;
  /** Points that go on. */
  readonly keep: number;
}

/**
 * Each round compares the points by the mean loss over their seeds and keeps one in `factor`, until `keep` are left. From round
 * to round the work for a point grows by the same factor: first the epochs up to all of them, then the seeds.
 * @param points how many there are, more than `keep`
 */
export function roundsOf(points: number, { factor, first, seeds, keep }: Pruning): Round[] {
  const left = [points];
  while (left.at(-1)! > keep) left.push(Math.max(keep, Math.ceil(left.at(-1)! / factor)));
  const count = left.length - 1;
  // By default the last round compares whole runs with all seeds.
  const begin = first ?? Math.min(1, seeds / factor ** (count - 1));
  return Array.from({ length: count }, (_, i) => {
    const work = begin * factor ** i;
    return {
      number: i + 1,
      points: left[i]!,
      share: Math.min(1, work),
      seeds: Math.min(seeds, Math.max(1, Math.floor(work + 1e-9))),
      keep: left[i + 1]!,
    };
  });
}

/** The work of the rounds, in whole runs; nothing is trained twice. */
export function workOf(rounds: readonly Round[]): number {
  let work = 0, before: Round | null = null;
  for (const round of rounds) {
    const was: number = before === null ? 0 : before.share * before.seeds;
    work += round.points * (round.share * round.seeds - was);
    before = round;
  }
  return work;
}

/**
 * The places of the points that go on: those of the smallest losses, the earlier one of two that are equal.
 * @param losses Infinity of points that failed, which do not go on
 */
export function survivors(losses: readonly number[], keep: number): number[] {
  const finite = losses.flatMap((loss, i) => Number.isFinite(loss) ? [i] : []);
  return finite.sort((a, b) => losses[a]! - losses[b]! || a - b).slice(0, keep).sort((a, b) => a - b);
}

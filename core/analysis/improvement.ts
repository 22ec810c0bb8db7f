/** How likely a run of one group is better than one of another (R. Agarwal et al., NeurIPS 2021). */
import { bootstrap, type Strata } from "./bootstrap.ts";
import { type Interval, mean } from "./statistics.ts";

/** Resamples for the interval; each of them compares all pairs. */
const RESAMPLES = 2000;

export interface Improvement {
  /** From 0 to 1; 0.5 where neither is better. */
  readonly probability: number;
  /** 95 % stratified bootstrap interval; null where every stratum has a single run on both sides. */
  readonly interval: Interval | null;
}

/** The share of pairs in which the first value is smaller, ties counted half: the Mann-Whitney U of y, divided by n m. */
export function shareSmaller(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < y.length; j++) count += x[i]! < y[j]! ? 1 : x[i]! === y[j]! ? 0.5 : 0;
  }
  return count / (x.length * y.length);
}

/**
 * The probability that a run of `ours` is better than one of `theirs`, the mean over strata.
 * @param ours and theirs: values by stratum, in the same order of strata
 */
export function improvement(ours: Strata, theirs: Strata, largerIsBetter: boolean): Improvement {
  const better = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    largerIsBetter ? shareSmaller(y, x) : shareSmaller(x, y);
  const probability = mean(ours.map((values, i) => better(values, theirs[i]!)));
  if ([...ours, ...theirs].every(({ length }) => length < 2)) return { probability, interval: null };
  const strata = [...ours, ...theirs];
  const begins = strata.map((_, i) => strata.slice(0, i).reduce((sum, { length }) => sum + length, 0));
  const interval = bootstrap(strata, (sample) => {
    const part = (i: number) => sample.subarray(begins[i]!, begins[i]! + strata[i]!.length);
    let sum = 0;
    for (let i = 0; i < ours.length; i++) sum += better(part(i), part(ours.length + i));
    return sum / ours.length;
  }, RESAMPLES);
  return { probability, interval };
}

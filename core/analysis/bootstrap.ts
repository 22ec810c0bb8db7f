/**
 * Percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13), from a fixed seed, within strata: runs
 * that differ in more than their seed are drawn for one another only within what they share (R. Agarwal et al., "Deep reinforcement
 * learning at the edge of the statistical precipice", NeurIPS 2021).
 */
import { uniforms } from "../uniforms.ts";
import type { Interval } from "./statistics.ts";

const RESAMPLES = 10_000;
const SEED = 0x9e3779b9;

/** A quantile of sorted values, linear between neighbours (type 7 of Hyndman and Fan). */
function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = share * (sorted.length - 1), below = Math.floor(place);
  const low = sorted[below]!, high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (place - below) * (high - low);
}

export type Strata = readonly (readonly number[])[];

/**
 * 95 % interval of a statistic. The same values in the same order give the same bounds.
 * @param strata values that are drawn for one another
 * @param statistic of a sample that has as many values of each stratum as there are, one stratum after the other
 */
export function bootstrap(
  strata: Strata,
  statistic: (sample: Float64Array) => number,
  resamples = RESAMPLES,
): Interval {
  const random = uniforms(SEED);
  const sample = new Float64Array(strata.reduce((sum, { length }) => sum + length, 0));
  const found = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    let at = 0;
    for (const values of strata) {
      for (let drawn = 0; drawn < values.length; drawn++) sample[at++] = values[Math.floor(random() * values.length)]!;
    }
    found[i] = statistic(sample);
  }
  found.sort();
  return [quantile(found, 0.025), quantile(found, 0.975)];
}

function sampleMean(sample: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < sample.length; i++) sum += sample[i]!;
  return sum / sample.length;
}

/** 95 % interval of the mean. */
export const bootstrapMean = (strata: Strata): Interval => bootstrap(strata, sampleMean);

/** 95 % interval of the interquartile mean. */
export const bootstrapIqm = (strata: Strata): Interval =>
  bootstrap(strata, (sample) => {
    const cut = Math.floor(sample.length / 4);
    return sampleMean(sample.slice().sort().subarray(cut, sample.length - cut));
  });

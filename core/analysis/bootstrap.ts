/** Percentile bootstrap of a mean (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13), from a fixed seed. */
import type { Interval } from "./statistics.ts";

const RESAMPLES = 10_000;
const SEED = 0x9e3779b9;

/** Uniform numbers in [0, 1): Mulberry32 of T. Ettinger. */
export function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A quantile of sorted values, linear between neighbours (type 7 of Hyndman and Fan). */
function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = share * (sorted.length - 1), below = Math.floor(place);
  const low = sorted[below]!, high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (place - below) * (high - low);
}

/** 95 % interval of the mean. The same values in the same order give the same bounds. */
export function bootstrapMean(values: readonly number[], resamples = RESAMPLES): Interval {
  const random = uniforms(SEED), n = values.length;
  const means = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    let sum = 0;
    for (let drawn = 0; drawn < n; drawn++) sum += values[Math.floor(random() * n)]!;
    means[i] = sum / n;
  }
  means.sort();
  return [quantile(means, 0.025), quantile(means, 0.975)];
}

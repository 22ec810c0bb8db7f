/** Statistics of the values that a metric has in the runs of a group. */
import { bootstrapIqm, bootstrapMean, type Strata } from "./bootstrap.ts";
import { studentQuantile } from "./student.ts";

/** Bounds of an interval, the lower one first. */
export type Interval = readonly [number, number];

export interface Statistics {
  readonly n: number;
  readonly mean: number;
  /** Of the sample, with n - 1; null of one value. */
  readonly sd: number | null;
  readonly median: number;
  /** Interquartile mean. */
  readonly iqm: number;
  /** 95 % interval of the mean by Student's t distribution; null of one value. */
  readonly t_interval: Interval | null;
  /** 95 % stratified bootstrap intervals of the mean and of the interquartile mean; null of one value. */
  readonly bootstrap_interval: Interval | null;
  readonly iqm_interval: Interval | null;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard deviation of a sample of two or more values: the sum of squares is divided by n - 1. */
export function standardDeviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);

export function median(values: readonly number[]): number {
  const order = sorted(values), half = order.length >> 1;
  return order.length % 2 === 1 ? order[half]! : (order[half - 1]! + order[half]!) / 2;
}

/** Mean of the values that are left when the lowest and the highest quarter, rounded down, are taken away. */
export function interquartileMean(values: readonly number[]): number {
  const cut = Math.floor(values.length / 4);
  return mean(sorted(values).slice(cut, values.length - cut));
}

/** 95 % interval of the mean: mean +- t(0.975, n - 1) sd / sqrt(n). */
export function meanInterval(values: readonly number[]): Interval {
  const middle = mean(values);
  const half = studentQuantile(0.975, values.length - 1) * standardDeviation(values) / Math.sqrt(values.length);
  return [middle - half, middle + half];
}

/**
 * @param values one or more, finite
 * @param strata the same values in the strata of the bootstrap; by default they are one
 */
export function statisticsOf(values: readonly number[], strata: Strata = [values]): Statistics {
  const several = values.length > 1;
  return {
    n: values.length,
    mean: mean(values),
    sd: several ? standardDeviation(values) : null,
    median: median(values),
    iqm: interquartileMean(values),
    t_interval: several ? meanInterval(values) : null,
    bootstrap_interval: several ? bootstrapMean(strata) : null,
    iqm_interval: several ? bootstrapIqm(strata) : null,
  };
}

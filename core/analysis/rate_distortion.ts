/**
 * Rate and distortion of variational codes (Alemi, Poole, Fischer, Dillon, Saurous, Murphy, "Fixing a broken ELBO", ICML 2018): the KL
 * divergence of the code from its prior, in nats a row, against what is lost of the row.
 */
import type { SplitMetrics, Summary } from "../runs/types.ts";
import { commonPart } from "./latent_sizes.ts";
import { mean } from "./statistics.ts";

/** What is lost: the negative log-likelihood in nats a row where all runs have one, else the mean squared error. */
export type Distortion = "negative log-likelihood" | "mean squared error";

export interface RateAndDistortion {
  readonly rate: number;
  readonly distortion: number;
}

/** The runs of some settings over the seeds. */
export interface RatedGroup<Key> {
  readonly key: Key;
  readonly runs: readonly RateAndDistortion[];
  readonly mean: RateAndDistortion;
  /** Whether no other group has both a smaller or equal rate and a smaller distortion. */
  readonly best: boolean;
}

export interface Rated<Key> {
  readonly part: "test" | "validation" | "train";
  readonly distortion: Distortion;
  /** By rising rate. */
  readonly groups: readonly RatedGroup<Key>[];
}

const rateOf = (metrics: SplitMetrics | null | undefined) => metrics?.code_kl ?? NaN;

/** The groups that have codes with a rate; null where these are fewer than two, or have no part in common. */
export function rated<Key>(groups: readonly { key: Key; summaries: readonly Summary[] }[]): Rated<Key> | null {
  const coded = groups.map(({ key, summaries }) => ({
    key,
    summaries: summaries.filter(({ metrics }) => Object.values(metrics).some((part) => Number.isFinite(rateOf(part)))),
  })).filter(({ summaries }) => summaries.length > 0);
  const all = coded.flatMap(({ summaries }) => summaries);
  const part = commonPart(all, "code_kl");
  if (coded.length < 2 || part === null) return null;
  const likely = all.every(({ metrics }) => Number.isFinite(metrics[part]!.log_likelihood_per_row ?? NaN));
  const found = coded.map(({ key, summaries }) => {
    const runs = summaries.map(({ metrics }) => metrics[part]!).map((own) => ({
      rate: rateOf(own),
      distortion: likely ? -own.log_likelihood_per_row! : own.mse,
    })).filter(({ rate, distortion }) => Number.isFinite(rate) && Number.isFinite(distortion));
    return {
      key,
      runs,
      mean: { rate: mean(runs.map((r) => r.rate)), distortion: mean(runs.map((r) => r.distortion)) },
    };
  }).filter(({ runs }) => runs.length > 0).sort((a, b) => a.mean.rate - b.mean.rate);
  if (found.length < 2) return null;
  let least = Infinity;
  return {
    part,
    distortion: likely ? "negative log-likelihood" : "mean squared error",
    groups: found.map((group) => {
      const best = group.mean.distortion < least;
      least = Math.min(least, group.mean.distortion);
      return { ...group, best };
    }),
  };
}

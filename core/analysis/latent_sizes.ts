/** Rate and distortion: the error of runs by the size of their latent vector, beside that of PCA of the same size. */
import { readModel } from "../runs/read.ts";
import type { Summary } from "../runs/types.ts";
import { type Interval, mean, meanInterval } from "./statistics.ts";

/** Values in the latent vector: the outputs of the encoder's last layer; null where the run's model.json does not say. */
export async function latentSizeOf(runDir: string): Promise<number | null> {
  const size = (await readModel(runDir)).findLast(({ name }) => name.startsWith("encoder."))?.outputs ?? NaN;
  return Number.isInteger(size) && size > 0 ? size : null;
}

/** A figure over the seeds. */
export interface OverSeeds {
  readonly values: readonly number[];
  readonly mean: number;
  /** 95 % interval of the mean by Student's t distribution; null of one value. */
  readonly t_interval: Interval | null;
}

export interface AtSize {
  readonly size: number;
  readonly mse: OverSeeds;
  readonly r2: OverSeeds;
  /** Of principal component analysis with as many components, for the same rows; null where a run was not compared with it. */
  readonly pca: { readonly mse: OverSeeds; readonly r2: OverSeeds } | null;
}

const PARTS = ["test", "validation", "train"] as const;
type Part = typeof PARTS[number];

/** The first part of test, validation and train of which all summaries have such a metric; null where there is none. */
export function commonPart(summaries: readonly Summary[], metric: "mse" | "code_kl" = "mse"): Part | null {
  if (summaries.length === 0) return null;
  return PARTS.find((part) => summaries.every(({ metrics }) => Number.isFinite(metrics[part]?.[metric] ?? NaN))) ??
    null;
}

function overSeeds(values: readonly number[]): OverSeeds {
  return { values, mean: mean(values), t_interval: values.length > 1 ? meanInterval(values) : null };
}

/** The figures of finished runs by rising size; runs without finite errors of the part are left out. */
export function bySize(runs: readonly { size: number | null; summary: Summary | null }[], part: Part): AtSize[] {
  const sizes = new Map<number, Summary[]>();
  for (const { size, summary } of runs) {
    const own = summary?.metrics[part];
    if (size === null || !summary || !Number.isFinite(own?.mse ?? NaN) || !Number.isFinite(own?.r2 ?? NaN)) continue;
    sizes.set(size, [...sizes.get(size) ?? [], summary]);
  }
  return [...sizes].sort(([a], [b]) => a - b).map(([size, all]) => {
    const pca = all.flatMap(({ baseline }) => {
      const found = baseline?.pca?.components === size ? baseline.pca[part] : null;
      return found && Number.isFinite(found.mse) && Number.isFinite(found.r2) ? [found] : [];
    });
    return {
      size,
      mse: overSeeds(all.map(({ metrics }) => metrics[part]!.mse)),
      r2: overSeeds(all.map(({ metrics }) => metrics[part]!.r2)),
      pca: pca.length < all.length
        ? null
        : { mse: overSeeds(pca.map(({ mse }) => mse)), r2: overSeeds(pca.map(({ r2 }) => r2)) },
    };
  });
}

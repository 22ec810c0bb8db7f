/** How large the last step's update of a tensor was, by the state of its optimizer. */
import type { OptimizerConfig } from "../config/types.ts";
import { kindNamed, OPTIMIZERS } from "../config/vocabulary.ts";
import { type ParameterAbout, sampleOf } from "../diagnostics/diagnostic.ts";

/** The last step: its number from 1, and the learning rate of the tensor. */
export interface LastStep {
  readonly step: number;
  readonly rate: number;
}

/**
 * Root mean square of the update over that of the values before it. Adam's update (Kingma and Ba 2015, algorithm 1; with AdamW's
 * decay, Loshchilov and Hutter 2019) follows from the moments that it leaves behind:
 * rate (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + decay w).
 * @param moments of the tensor; null for a rule without both
 * @returns NaN where the rule has no such moments, or nothing is trained yet
 */
export async function updateRatio(
  value: ParameterAbout,
  moments: { readonly first: ParameterAbout; readonly second: ParameterAbout } | null,
  optimizer: OptimizerConfig,
  { step, rate }: LastStep,
): Promise<number> {
  const { betas, eps, weight_decay, name } = optimizer;
  const { decoupled } = kindNamed(OPTIMIZERS, name);
  if (moments === null || !Array.isArray(betas) || typeof eps !== "number" || step < 1) return NaN;
  const [beta1, beta2] = betas as number[];
  const w = await sampleOf(value), m = await sampleOf(moments.first), v = await sampleOf(moments.second);
  const [bias1, bias2] = [1 - beta1! ** step, 1 - beta2! ** step];
  // The decay that is apart from the moments multiplies the values before the step.
  const kept = decoupled ? 1 - rate * Number(weight_decay ?? 0) : 1;
  let sizes = 0, updates = 0;
  for (let i = 0; i < w.length; i++) {
    const moved = rate * (m[i]! / bias1) / (Math.sqrt(v[i]! / bias2) + eps);
    const before = (w[i]! + moved) / kept, update = before - w[i]!;
    sizes += before * before;
    updates += update * update;
  }
  return sizes > 0 ? Math.sqrt(updates / sizes) : NaN;
}

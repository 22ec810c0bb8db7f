/** The weights of a neuron one by one, as they are listed and edited. */
import type { Bundle, OwnNumber } from "./types.ts";

/** A single weight, where it is, and what it connects. */
export interface Weight extends OwnNumber {
  /** The unit at the other end; null for a bias, a slope, or another number of the unit's own. */
  readonly stage: number | null;
  readonly unit: number | null;
}

/** A number of a neuron's own, which connects it with nothing. */
export const alone = (own: OwnNumber): Weight => ({ ...own, stage: null, unit: null });

/**
 * The weights of bundles, the strongest first.
 * @param unit the neuron whose they are @param side on which side of it
 */
export function listed(bundles: readonly Bundle[], unit: number, side: "into" | "out"): Weight[] {
  return bundles.flatMap(({ tensor, stage, units, values, connections }) =>
    Array.from(units, (far, i): Weight => ({
      ...{ tensor, value: values[i]!, stage, unit: far },
      at: connections ? [connections[i]!] : side === "into" ? [unit, far] : [far, unit],
    }))
  ).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

/** How many weights bundles have. */
export const countOf = (bundles: readonly Bundle[]): number =>
  bundles.reduce((sum, { units }) => sum + units.length, 0);

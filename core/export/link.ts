/** How a loss makes reconstructions of the decoder's outputs, as numbers that every format can express. */
import type { Loss } from "../../spec/network.ts";
import { LOSSES } from "../config/vocabulary.ts";

/**
 * The first outputs of a row, one for each column, become the reconstruction: for `exp` and `softplus` the function of outputs
 * that are first limited to [lowest, highest]; for `softmax` e^y with y the logarithm of the softmax, limited likewise.
 */
export interface Link {
  readonly function: "identity" | "sigmoid" | "exp" | "softplus" | "softmax";
  readonly lowest: number;
  readonly highest: number;
  /**
   * What the reconstruction is multiplied by: the sum of the row's targets divided by `scale`, times `unit`; null where it is
   * multiplied by nothing.
   */
  readonly size: { readonly scale: number; readonly unit: number } | null;
}

/** Limits of the sum of a row's targets divided by `scale`, for rows that are not all zeros. */
export const SIZE_LIMITS = [1e-20, 1e10] as const;

/** Means of counts: the bounds are those of the loss's `clamp`, scVI's where it has none. */
function counts(loss: Loss, link: "exp" | "softplus" | "softmax"): Link {
  const [least, most] = loss.clamp === "dca" ? [1e-5, 1e6] : [1e-8, 1e8];
  const isSoftplus = link === "softplus", scale = loss.size_scale as number;
  return {
    function: link,
    lowest: Math.fround(Math.log(isSoftplus ? Math.expm1(least) : least)),
    highest: Math.fround(isSoftplus ? most : Math.log(most)),
    size: loss.size === "library" ? { scale, unit: link === "softmax" ? scale : 1 } : null,
  };
}

/** @returns null for a loss of which the engine does not say it */
export function linkOf(loss: Loss): Link | null {
  const link = LOSSES.find(({ name }) => name === loss.kind)?.link;
  if (link === undefined) return null;
  const name = link.startsWith("{") ? loss[link.slice(1, -1)] : link;
  if (name === "identity" || name === "sigmoid") return { function: name, lowest: 0, highest: 0, size: null };
  return counts(loss, name as "exp");
}

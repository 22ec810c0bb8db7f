/** Wilcoxon's signed-rank test of paired differences, two-sided (F. Wilcoxon, Biometrics Bulletin 1, 1945). */
import { normalBelow } from "./normal.ts";

/** Up to this number of differences the distribution is counted, ties among them too; beyond it is taken as normal. */
const EXACT_MAX = 50;

/** Twice the ranks of the sizes from 1, so that mean ranks of equal sizes are whole numbers; the sizes rise. */
function doubledRanks(sizes: readonly number[]): number[] {
  const ranks: number[] = [];
  for (let first = 0; first < sizes.length;) {
    let end = first;
    while (end < sizes.length && sizes[end] === sizes[first]) end++;
    for (let i = first; i < end; i++) ranks.push(first + 1 + end);
    first = end;
  }
  return ranks;
}

/** The share of all choices of signs whose positive ranks sum to at most `least`. */
function shareBelow(ranks: readonly number[], least: number): number {
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  const share = new Float64Array(total + 1);
  share[0] = 1;
  let reached = 0;
  for (const rank of ranks) {
    reached += rank;
    for (let sum = reached; sum >= 0; sum--) {
      share[sum] = (share[sum]! + (sum >= rank ? share[sum - rank]! : 0)) / 2;
    }
  }
  return share.subarray(0, least + 1).reduce((sum, value) => sum + value, 0);
}

/**
 * The p value. Differences of 0 are left out, as Wilcoxon did.
 * @returns null if no difference is left
 */
export function wilcoxon(differences: readonly number[]): number | null {
  const kept = differences.filter((value) => value !== 0).sort((a, b) => Math.abs(a) - Math.abs(b));
  const n = kept.length;
  if (n === 0) return null;
  const ranks = doubledRanks(kept.map(Math.abs));
  const positive = ranks.reduce((sum, rank, i) => sum + (kept[i]! > 0 ? rank : 0), 0);
  const least = Math.min(positive, n * (n + 1) - positive);
  if (n <= EXACT_MAX) return Math.min(1, 2 * shareBelow(ranks, least));
  const ties = Map.groupBy(ranks, (rank) => rank).values().map(({ length }) => length ** 3 - length)
    .reduce((sum, value) => sum + value, 0);
  const variance = n * (n + 1) * (2 * n + 1) / 24 - ties / 48;
  return Math.min(1, 2 * normalBelow((least / 2 - n * (n + 1) / 4) / Math.sqrt(variance)));
}

/** The smallest p value that n differences without ties can have: 2 / 2^n. */
export const smallestP = (n: number): number => 2 ** (1 - n);

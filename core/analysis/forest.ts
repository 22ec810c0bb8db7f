/**
 * A random forest of regression trees (Breiman 2001, Random Forests): each tree is grown on a bootstrap sample of the points,
 * and splits where the sum of squares falls most.
 */

interface Leaf {
  readonly mean: number;
}
interface Split {
  readonly feature: number;
  /** Points with a value up to this one go left. */
  readonly threshold: number;
  readonly left: Tree;
  readonly right: Tree;
}
type Tree = Leaf | Split;
type Row = readonly number[];

const TREES = 64;
/** A node with fewer points than this is not split. */
const SPLIT_FROM = 4;

export interface Forest {
  predict(row: Row): number;
  /**
   * The share of the variance of the values that is predicted for points which a tree has not been grown on; NaN where there are
   * too few such points.
   */
  readonly outOfBagR2: number;
}

function predicted(tree: Tree, row: Row): number {
  let node = tree;
  while ("left" in node) node = row[node.feature]! <= node.threshold ? node.left : node.right;
  return node.mean;
}

/** The split with the smallest sum of squares on both sides; null where no feature varies. */
function bestSplit(rows: readonly Row[], values: readonly number[], chosen: readonly number[]) {
  let best: { gain: number; feature: number; threshold: number } | null = null;
  const total = chosen.reduce((sum, i) => sum + values[i]!, 0);
  for (let feature = 0; feature < rows[0]!.length; feature++) {
    const order = chosen.toSorted((a, b) => rows[a]![feature]! - rows[b]![feature]!);
    let left = 0;
    for (let k = 1; k < order.length; k++) {
      left += values[order[k - 1]!]!;
      const [below, above] = [rows[order[k - 1]!]![feature]!, rows[order[k]!]![feature]!];
      if (below === above) continue;
      // The sum of squares falls by this much, up to a term that is the same for all splits.
      const gain = left ** 2 / k + (total - left) ** 2 / (order.length - k);
      if (best === null || gain > best.gain) best = { gain, feature, threshold: (below + above) / 2 };
    }
  }
  return best;
}

function grow(rows: readonly Row[], values: readonly number[], chosen: readonly number[]): Tree {
  const mean = chosen.reduce((sum, i) => sum + values[i]!, 0) / chosen.length;
  if (chosen.length < SPLIT_FROM || chosen.every((i) => values[i] === values[chosen[0]!])) return { mean };
  const split = bestSplit(rows, values, chosen);
  if (split === null) return { mean };
  const { feature, threshold } = split;
  const left = chosen.filter((i) => rows[i]![feature]! <= threshold);
  const right = chosen.filter((i) => !(rows[i]![feature]! <= threshold));
  return { feature, threshold, left: grow(rows, values, left), right: grow(rows, values, right) };
}

/**
 * @param rows of finite numbers, all of the same length
 * @param values one a row, finite
 * @param random uniform numbers in [0, 1)
 */
export function growForest(rows: readonly Row[], values: readonly number[], random: () => number): Forest {
  const n = rows.length;
  const sums = new Float64Array(n), counts = new Uint32Array(n);
  const trees = Array.from({ length: TREES }, () => {
    const chosen = Array.from({ length: n }, () => Math.floor(random() * n));
    const tree = grow(rows, values, chosen);
    const inside = new Set(chosen);
    for (let i = 0; i < n; i++) {
      if (inside.has(i)) continue;
      sums[i]! += predicted(tree, rows[i]!);
      counts[i]!++;
    }
    return tree;
  });
  const tested = values.flatMap((value, i) => counts[i]! > 0 ? [{ value, guess: sums[i]! / counts[i]! }] : []);
  const mean = tested.reduce((sum, { value }) => sum + value, 0) / tested.length;
  const about = tested.reduce((sum, { value }) => sum + (value - mean) ** 2, 0);
  const error = tested.reduce((sum, { value, guess }) => sum + (value - guess) ** 2, 0);
  return {
    predict: (row) => trees.reduce((sum, tree) => sum + predicted(tree, row), 0) / trees.length,
    outOfBagR2: about > 0 ? 1 - error / about : NaN,
  };
}

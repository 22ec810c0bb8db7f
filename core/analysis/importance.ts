/**
 * How much of the differences between the points of a sweep each parameter explains by itself: the main effects of a functional
 * analysis of variance (Hutter, Hoos and Leyton-Brown 2014, An Efficient Approach for Assessing Hyperparameter Importance).
 *
 * The metric is taken as a function of the parameters. The marginal of a parameter is the mean of the function over all values of
 * the others. The variance of the marginal, divided by the variance of the function, is the parameter's share. What the shares
 * leave is due to parameters acting together. On a complete grid the function is the table of values itself. Elsewhere it is a
 * random forest of the points.
 */
import { uniforms } from "../uniforms.ts";
import { type Forest, growForest } from "./forest.ts";
import { mean } from "./statistics.ts";

export interface Importance {
  /** One share a parameter, from 0 to 1. */
  readonly shares: readonly number[];
  /** What the shares leave: 1 - their sum, at least 0. */
  readonly together: number;
  readonly method: "grid" | "forest";
  /** Of a forest, how well it predicts points that a tree has not seen: 1 is perfect, 0 is no better than the mean. */
  readonly outOfBagR2: number | null;
}

/** Fewer points do not make a forest. */
export const LEAST_POINTS = 8;
const SEED = 0x51ed270b;
/** Rows of drawn parameters over which a forest is averaged, and the most values at which a marginal is taken. */
const DRAWN = 256, LEVELS_MAX = 32;

const variance = (values: readonly number[]): number => {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length;
};

const levelsOf = (points: readonly (readonly string[])[], k: number) => [...new Set(points.map((point) => point[k]!))];

/** Whether every combination of the values that occur is there once. */
function isGrid(points: readonly (readonly string[])[], parameters: number): boolean {
  const combinations = Array.from({ length: parameters }, (_, k) => levelsOf(points, k).length)
    .reduce((product, n) => product * n, 1);
  return combinations === points.length && new Set(points.map((point) => JSON.stringify(point))).size === points.length;
}

/** Values as numbers, in an order that a tree can split: numbers as they are, all others by their place in the list. */
export function coordinates(values: readonly string[]): number[] {
  const numbers = values.map((value) => value.trim() === "" ? NaN : Number(value));
  if (numbers.every(Number.isFinite)) return numbers;
  const places = new Map([...new Set(values)].map((value, i) => [value, i]));
  return values.map((value) => places.get(value)!);
}

/**
 * @param points the values of the parameters of each point, as YAML
 * @param values the metric of each point, finite
 * @returns null where the metric is the same at all points, or there are too few points
 */
export function importanceOf(points: readonly (readonly string[])[], values: readonly number[]): Importance | null {
  const parameters = points[0]?.length ?? 0;
  if (points.length < 2 || parameters === 0 || !(variance(values) > 0)) return null;
  if (isGrid(points, parameters)) {
    const total = variance(values);
    const shares = Array.from({ length: parameters }, (_, k) => {
      const marginal = points.map((point) => mean(values.filter((_, i) => points[i]![k] === point[k])));
      return variance(marginal) / total;
    });
    return finished(shares, "grid", null);
  }
  if (points.length < LEAST_POINTS) return null;
  const columns = Array.from({ length: parameters }, (_, k) => coordinates(points.map((point) => point[k]!)));
  const rows = points.map((_, i) => columns.map((column) => column[i]!));
  const random = uniforms(SEED);
  const forest = growForest(rows, values, random);
  const drawn = Array.from(
    { length: DRAWN },
    () => columns.map((column) => column[Math.floor(random() * column.length)]!),
  );
  const total = variance(drawn.map((row) => forest.predict(row)));
  if (!(total > 0)) return null;
  const shares = columns.map((column, k) => variance(marginalOf(forest, drawn, column, k)) / total);
  return finished(shares, "forest", forest.outOfBagR2);
}

/** The forest's mean over the drawn rows with parameter k at each of its values, as often as they occur. */
function marginalOf(forest: Forest, drawn: readonly number[][], column: readonly number[], k: number): number[] {
  const sorted = column.toSorted((a, b) => a - b);
  const n = Math.min(LEVELS_MAX, sorted.length);
  const known = new Map<number, number>();
  return Array.from({ length: n }, (_, i) => {
    const value = sorted[Math.floor((i + 0.5) * sorted.length / n)]!;
    let found = known.get(value);
    if (found === undefined) {
      found = mean(drawn.map((row) => forest.predict(row.with(k, value))));
      known.set(value, found);
    }
    return found;
  });
}

function finished(shares: readonly number[], method: Importance["method"], outOfBagR2: number | null): Importance {
  const bounded = shares.map((share) => Math.min(1, Math.max(0, share)));
  const sum = bounded.reduce((all, share) => all + share, 0);
  // Where the estimates of a forest have a sum above 1, they are divided by it.
  const scaled = sum > 1 ? bounded.map((share) => share / sum) : bounded;
  return { shares: scaled, together: Math.max(0, 1 - sum), method, outOfBagR2 };
}

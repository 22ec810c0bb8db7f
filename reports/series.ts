/** Reduces series to what can be seen in a chart. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Points whose both coordinates are finite. */
export function finite(points: readonly Point[]): Point[] {
  return points.filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y));
}

/** A distance between neighbours that is this many times the usual one is a gap. */
const GAP = 3;
/** With more pieces than this, x has no usual distance, and the series is drawn without breaks. */
const STRETCHES = 100;

/** The pieces of a series between its gaps, where x increases by more than GAP times the usual distance. */
export function stretches(points: readonly Point[]): readonly (readonly Point[])[] {
  const leaps = points.slice(1).map((p, i) => p.x - points[i]!.x);
  const usual = quantile(leaps, 0.5);
  const result: Point[][] = [];
  for (const [i, point] of points.entries()) {
    if (i === 0 || (usual > 0 && leaps[i - 1]! > GAP * usual)) result.push([]);
    result.at(-1)!.push(point);
  }
  return result.length > STRETCHES ? [points] : result;
}

/** Joins pieces to one series for a line, with a break between each two. */
export function broken(parts: readonly (readonly Point[])[]): Point[] {
  return parts.flatMap((part, i) => i === 0 ? [...part] : [{ x: part[0]!.x, y: NaN }, ...part]);
}

/**
 * At most about `limit` points in the same order, keeping the first, the last and each bucket's lowest and highest, so
 * that no spike disappears.
 */
export function keepExtremes(points: readonly Point[], limit: number): readonly Point[] {
  if (points.length <= limit) return points;
  const buckets = Math.max(1, Math.floor(limit / 2) - 1);
  const kept = new Set<number>([0, points.length - 1]);
  for (let b = 0; b < buckets; b++) {
    const [from, to] = [Math.floor((b * points.length) / buckets), Math.floor(((b + 1) * points.length) / buckets)];
    let low = from;
    let high = from;
    for (let i = from + 1; i < to; i++) {
      if (points[i]!.y < points[low]!.y) low = i;
      if (points[i]!.y > points[high]!.y) high = i;
    }
    kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a - b).map((i) => points[i]!);
}

/** At most `limit` points, evenly spaced by index, including the first and the last; for a series that is smooth already. */
export function thin(points: readonly Point[], limit: number): readonly Point[] {
  if (points.length <= limit) return points;
  return Array.from({ length: limit }, (_, i) => points[Math.round((i * (points.length - 1)) / (limit - 1))]!);
}

/** Means over at most `limit` buckets of equal length. */
export function bin(points: readonly Point[], limit: number): readonly Point[] {
  if (points.length <= limit) return points;
  return Array.from({ length: limit }, (_, b) => {
    const bucket = points.slice(
      Math.floor((b * points.length) / limit),
      Math.floor(((b + 1) * points.length) / limit),
    );
    return { x: sum(bucket.map((p) => p.x)) / bucket.length, y: sum(bucket.map((p) => p.y)) / bucket.length };
  });
}

/**
 * Gaussian moving average with a standard deviation of `width` points. Near the beginning the window narrows on both sides,
 * so that a steep fall there is not flattened. Near the end the window is cut on one side.
 */
export function smooth(points: readonly Point[], width: number): Point[] {
  const reach = Math.ceil(3 * width);
  if (reach < 1) return [...points];
  const weights = Array.from({ length: reach + 1 }, (_, k) => Math.exp(-0.5 * (k / width) ** 2));
  return points.map((point, i) => {
    const after = Math.min(reach, i, points.length - 1 - i);
    let sum = 0;
    let total = 0;
    for (let k = -Math.min(reach, i); k <= after; k++) {
      const weight = weights[Math.abs(k)]!;
      sum += weight * points[i + k]!.y;
      total += weight;
    }
    return { x: point.x, y: sum / total };
  });
}

/**
 * Linear interpolation between order statistics (type 7); NaN for no values. Values that are not finite are left out.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  return sorted[low]! + (position - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
}

/** Smallest and largest finite value; null for none. */
export function extent(values: Iterable<number>): readonly [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/**
 * Moves positions apart by at least `gap`, keeping their order, inside [low, high] and as near to their own as possible.
 */
export function spread(positions: readonly number[], gap: number, low: number, high: number): number[] {
  const order = positions.map((_, i) => i).sort((a, b) => positions[a]! - positions[b]!);
  const placed = order.map((i) => positions[i]!);
  for (let i = 0; i < placed.length; i++) {
    placed[i] = Math.max(placed[i]!, i === 0 ? low : placed[i - 1]! + gap);
  }
  for (let i = placed.length - 1; i >= 0; i--) {
    placed[i] = Math.min(placed[i]!, i === placed.length - 1 ? high : placed[i + 1]! - gap);
  }
  const result = new Array<number>(positions.length);
  for (const [rank, i] of order.entries()) result[i] = placed[rank]!;
  return result;
}

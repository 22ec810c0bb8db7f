/**
 * Local regression of one variable on another (W. S. Cleveland and S. J. Devlin, "Locally weighted regression", J. Am. Stat. Assoc.
 * 83, 1988), degree 2, with the interpolation of W. S. Cleveland and E. Grosse, "Computational methods for local regression", Stat.
 * Comput. 1, 1991, as `loess` of R and of netlib have it by default: values and slopes are computed at the corners of cells that hold
 * some of the points each, and a cubic between two corners gives the value.
 */

/** Share of the points of a neighbourhood that a cell holds at most. */
const CELL = 0.2;
/** By how much of the range the outermost corners lie beyond the points. */
const MARGIN = 0.005;
/** Pivots below this share of the largest one count as zero. */
const SINGULAR = 1e-12;

/** The fitted value and slope at a place. */
interface Corner {
  readonly x: number;
  readonly value: number;
  readonly slope: number;
}

/**
 * @param xs where the points are, finite
 * @param ys one value for each
 * @param span share of all points that a neighbourhood holds, in (0, 1]
 * @returns the fitted value of each point
 */
export function loess(xs: Float64Array, ys: Float64Array, span: number): Float64Array {
  const order = Uint32Array.from(xs, (_, i) => i).sort((a, b) => xs[a]! - xs[b]! || a - b);
  const x = Float64Array.from(order, (i) => xs[i]!), y = Float64Array.from(order, (i) => ys[i]!);
  const near = Math.max(1, Math.min(x.length, Math.floor(x.length * span + 1e-5)));
  const corners = cornersOf(x, Math.floor(x.length * span * CELL)).map((at) => fitAt(x, y, at, near));
  const fitted = new Float64Array(x.length);
  let cell = 0;
  for (let i = 0; i < x.length; i++) {
    while (cell + 2 < corners.length && x[i]! > corners[cell + 1]!.x) cell++;
    fitted[order[i]!] = between(corners[cell]!, corners[cell + 1]!, x[i]!);
  }
  return fitted;
}

/** The corners of the cells in rising order. Each cell is halved at its median until it holds at most `most` points. */
function cornersOf(x: Float64Array, most: number): number[] {
  const least = x[0]!, greatest = x.at(-1)!;
  const range = Math.max(greatest - least, 1e-10 * Math.max(Math.abs(least), Math.abs(greatest)) + 1e-30);
  const corners = [least - MARGIN * range, greatest + MARGIN * range];
  const halve = (from: number, to: number): void => { // the points from..to, both among them
    if (to - from + 1 <= Math.max(1, most)) return;
    const at = cutNear(x, Math.floor((from + to + 2) / 2) - 1, from, to);
    if (at === null) return;
    corners.push(x[at]!);
    halve(from, at);
    halve(at + 1, to);
  };
  halve(0, x.length - 1);
  return corners.sort((a, b) => a - b);
}

/** The place nearest to `middle` whose point differs from the next one; null where all of them are the same. */
function cutNear(x: Float64Array, middle: number, from: number, to: number): number | null {
  for (let offset = 0;; offset = offset > 0 ? -offset : 1 - offset) {
    const at = middle + offset;
    if (at >= to || at < from) return null;
    if (x[at] !== x[at + 1]) return at;
  }
}

/** The quadratic of least squares around a place, of the `near` nearest points with tricube weights. */
function fitAt(x: Float64Array, y: Float64Array, at: number, near: number): Corner {
  let from = 0; // of the points in rising order, the nearest ones are neighbours
  while (from + near < x.length && x[from + near]! - at < at - x[from]!) from++;
  const reach = Math.max(at - x[from]!, x[from + near - 1]! - at);
  const sums = new Float64Array(5), right = new Float64Array(3);
  for (let i = from; i < from + near; i++) {
    const u = reach > 0 ? (x[i]! - at) / reach : 0;
    const weight = (1 - Math.abs(u) ** 3) ** 3;
    let power = weight;
    for (let k = 0; k < 5; k++, power *= u) {
      sums[k]! += power;
      if (k < 3) right[k]! += power * y[i]!;
    }
  }
  const [value, slope] = solved(sums, right);
  return { x: at, value, slope: reach > 0 ? slope / reach : 0 };
}

/** Solves the normal equations of degree 2; terms for which there are too few places are left out. */
function solved(sums: Float64Array, right: Float64Array): readonly [number, number] {
  const rows = [0, 1, 2].map((i) => [sums[i]!, sums[i + 1]!, sums[i + 2]!, right[i]!]);
  const result = [0, 0, 0];
  let rank = 0;
  for (; rank < 3; rank++) {
    const row = rows[rank]!;
    if (!(row[rank]! > SINGULAR * sums[0]!)) break;
    for (let below = rank + 1; below < 3; below++) {
      const factor = rows[below]![rank]! / row[rank]!;
      for (let k = rank; k < 4; k++) rows[below]![k]! -= factor * row[k]!;
    }
  }
  for (let i = rank - 1; i >= 0; i--) {
    const row = rows[i]!;
    let rest = row[3]!;
    for (let k = i + 1; k < rank; k++) rest -= row[k]! * result[k]!;
    result[i] = rest / row[i]!;
  }
  return [result[0]!, result[1]!];
}

/** The cubic with the values and slopes of two corners. */
function between(low: Corner, high: Corner, x: number): number {
  const width = high.x - low.x, h = (x - low.x) / width;
  return low.value * (1 - h) ** 2 * (1 + 2 * h) + high.value * h ** 2 * (3 - 2 * h) +
    width * (low.slope * h * (1 - h) ** 2 - high.slope * h ** 2 * (1 - h));
}

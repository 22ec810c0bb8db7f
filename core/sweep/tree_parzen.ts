/**
 * The tree-structured Parzen estimator of J. Bergstra, R. Bardenet, Y. Bengio and B. Kegl, "Algorithms for hyper-parameter
 * optimization", Advances in Neural Information Processing Systems 24 (2011), section 4.
 *
 * The points so far are divided at a quantile of their losses into good and other ones. For each parameter, l is the density of
 * its values in the good points and g that in the others. Of some candidates that are drawn from l, the one with the largest
 * l / g is taken, since expected improvement grows with this ratio. Parameters are taken one after the other, and one that
 * another depends on comes first, so that only those are asked for that have a value.
 */
import { normalCdf } from "../analysis/normal.ts";

/** What a parameter can be. */
export type Dimension =
  | { readonly kind: "choice"; readonly count: number }
  /**
   * A number from 0 to 1, in which the parameter's scale is linear. `cell` gives the numbers that all stand for the value at a
   * number, where values are discrete.
   */
  | { readonly kind: "range"; readonly cell?: (at: number) => readonly [number, number] };

/** A number from 0 to 1 of a range, the place of a choice; null where a parameter has no value. */
export type Place = number | null;

export interface Trial {
  readonly places: readonly Place[];
  /** What is minimised; Infinity of what failed. */
  readonly loss: number;
}

export interface TreeParzenOptions {
  readonly quantile: number;
  readonly candidates: number;
  /** Whether a parameter has a value, given those before it. */
  readonly isActive: (parameter: number, before: readonly Place[]) => boolean;
  /** Uniform numbers from 0 to below 1. */
  readonly random: () => number;
}

/** A density of places from which can be drawn. */
interface Density {
  draw(random: () => number): number;
  /** The logarithm of the density, or of the probability of a discrete place. */
  log(at: number): number;
}

/** The next point to try. */
export function nextPlaces(
  dimensions: readonly Dimension[],
  trials: readonly Trial[],
  { quantile, candidates, isActive, random }: TreeParzenOptions,
): Place[] {
  const order = trials.map((_, i) => i).sort((a, b) => trials[a]!.loss - trials[b]!.loss || a - b);
  const count = Math.ceil(quantile * trials.length);
  const good = order.slice(0, count).map((i) => trials[i]!).filter(({ loss }) => Number.isFinite(loss));
  const other = order.slice(good.length).map((i) => trials[i]!);
  const places: Place[] = [];
  for (const [i, dimension] of dimensions.entries()) {
    if (!isActive(i, places)) {
      places.push(null);
      continue;
    }
    const at = (group: readonly Trial[]) => group.flatMap((trial) => trial.places[i] ?? []);
    const [l, g] = [densityOf(dimension, at(good)), densityOf(dimension, at(other))];
    let best = NaN, most = -Infinity;
    for (let drawn = 0; drawn < candidates; drawn++) {
      const candidate = l.draw(random);
      const gain = l.log(candidate) - g.log(candidate);
      if (gain > most || Number.isNaN(best)) [best, most] = [candidate, gain];
    }
    places.push(best);
  }
  return places;
}

function densityOf(dimension: Dimension, observed: readonly number[]): Density {
  return dimension.kind === "choice" ? choices(dimension.count, observed) : parzen(observed, dimension.cell);
}

/** How often each choice was seen, with one time more for each: a uniform prior. */
function choices(count: number, observed: readonly number[]): Density {
  const weights = new Array<number>(count).fill(1);
  for (const place of observed) weights[place]!++;
  const total = count + observed.length;
  return {
    draw(random) {
      let left = random() * total;
      for (let place = 0; place < count; place++) if ((left -= weights[place]!) < 0) return place;
      return count - 1;
    },
    log: (place) => Math.log(weights[place]! / total),
  };
}

/** A truncated normal distribution on [0, 1]. */
interface Bump {
  readonly middle: number;
  readonly width: number;
  /** Its probability within [0, 1] before it is cut off there. */
  readonly mass: number;
}

/**
 * An equally weighted mixture of the uniform prior and a normal distribution around each value, whose width is the larger of
 * the distances to its neighbours, where the ends count as neighbours, within reasonable bounds.
 */
function parzen(observed: readonly number[], cell?: (at: number) => readonly [number, number]): Density {
  const sorted = observed.toSorted((a, b) => a - b);
  const least = 1 / Math.min(100, sorted.length + 2);
  const bumps = sorted.map((middle, i): Bump => {
    const width = Math.min(1, Math.max(least, middle - (sorted[i - 1] ?? 0), (sorted[i + 1] ?? 1) - middle));
    return { middle, width, mass: normalCdf((1 - middle) / width) - normalCdf(-middle / width) };
  });
  const total = bumps.length + 1;
  return {
    draw(random) {
      const bump = bumps[Math.floor(random() * total) - 1];
      if (bump === undefined) return random();
      for (;;) {
        const place = bump.middle + bump.width * normal(random);
        if (place >= 0 && place <= 1) return place;
      }
    },
    log(at) {
      if (cell !== undefined) {
        const [low, high] = cell(at);
        const share = ({ middle, width, mass }: Bump) =>
          (normalCdf((high - middle) / width) - normalCdf((low - middle) / width)) / mass;
        return Math.log((high - low + bumps.reduce((sum, bump) => sum + share(bump), 0)) / total);
      }
      const density = ({ middle, width, mass }: Bump) =>
        Math.exp(-(((at - middle) / width) ** 2) / 2) / (width * Math.sqrt(2 * Math.PI) * mass);
      return Math.log((1 + bumps.reduce((sum, bump) => sum + density(bump), 0)) / total);
    },
  };
}

/** A number of the standard normal distribution (Box and Muller, 1958). */
const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

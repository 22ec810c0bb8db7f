/** The points of a sweep whose method is `tpe`: random ones first, then each by the results of those before it. */
import { toValue } from "../config/tree.ts";
import { isActive, type Parameter, type Point, withConditions } from "./parameters.ts";
import { pointName, uniform, valueAt } from "./points.ts";
import type { TpeSettings } from "./sections.ts";
import { type Dimension, nextPlaces, type Place } from "./tree_parzen.ts";

/** A point and what became of it. */
export interface Tried {
  readonly point: Point;
  /** What is minimised; Infinity of a point that failed. */
  readonly loss: number;
}

/** How often another point is looked for where one has been tried already. */
const TRIES = 200;

/** The scale of a range: its ends and whether values are rounded to whole numbers, as {@link valueAt} has it. */
function scaleOf({ min, max, log }: Extract<Parameter, { kind: "range" }>, whole: boolean) {
  const [low, high] = whole ? [min - 0.5, max + 0.5] : [min, max];
  const at = (value: number) => log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return (value: number) => Math.min(1, Math.max(0, at(value)));
}

/** Chooses points. The same settings and results give the same points. */
export class Tpe {
  readonly #dimensions: readonly Dimension[];

  /** @param whole of each parameter, whether it takes whole numbers only */
  constructor(
    readonly parameters: readonly Parameter[],
    readonly whole: readonly boolean[],
    readonly settings: TpeSettings,
  ) {
    this.#dimensions = parameters.map((parameter, i): Dimension => {
      if (parameter.kind === "list") return { kind: "choice", count: parameter.values.length };
      if (!whole[i]) return { kind: "range" };
      const at = scaleOf(parameter, true);
      return {
        kind: "range",
        cell: (place) => {
          const value = toValue(valueAt(parameter, place, true)) as number;
          return [at(value - 0.5), at(value + 0.5)];
        },
      };
    });
  }

  /**
   * The point of a number.
   * @param number from 0
   * @param tried the points whose results are known, in their order
   * @param taken the names of all points before it
   * @returns null if no other point is found
   */
  next(number: number, tried: readonly Tried[], taken: ReadonlySet<string>): Point | null {
    let draws = 0;
    const random = () => uniform(`tpe ${this.settings.seed} ${number}`, draws++);
    for (let attempt = 0; attempt < TRIES; attempt++) {
      // Where the estimator finds nothing new, chance does.
      const byChance = number < this.settings.random || tried.length === 0 || attempt >= TRIES / 2;
      const point = byChance ? this.#drawn(random) : this.#estimated(tried, random);
      if (!taken.has(pointName(point))) return point;
    }
    return null;
  }

  #drawn(random: () => number): Point {
    return withConditions(this.parameters, this.parameters.map((each, i) => valueAt(each, random(), this.whole[i]!)));
  }

  #estimated(tried: readonly Tried[], random: () => number): Point {
    const trials = tried.map(({ point, loss }) => ({ loss, places: point.map((_, i) => this.#placeOf(point, i)) }));
    const places = nextPlaces(this.#dimensions, trials, {
      quantile: this.settings.quantile,
      candidates: this.settings.candidates,
      isActive: (i, before) => isActive(this.parameters[i]!, before.map((place, k) => this.#valueOf(place, k))),
      random,
    });
    return places.map((place, i) => this.#valueOf(place, i));
  }

  #valueOf(place: Place, i: number): Point[number] {
    const parameter = this.parameters[i]!;
    if (place === null) return null;
    return parameter.kind === "list" ? parameter.values[place]! : valueAt(parameter, place, this.whole[i]!);
  }

  #placeOf(point: Point, i: number): Place {
    const parameter = this.parameters[i]!, value = point[i];
    if (value == null) return null;
    if (parameter.kind === "range") return scaleOf(parameter, this.whole[i]!)(toValue(value) as number);
    const text = JSON.stringify(toValue(value));
    return parameter.values.findIndex((each) => JSON.stringify(toValue(each)) === text);
  }
}

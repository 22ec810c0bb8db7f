/** The tree-structured Parzen estimator on functions whose minimum is known: better than chance, and the same each time. */
import { assert, assertEquals } from "@std/assert";
import { toValue } from "../../../core/config/tree.ts";
import type { Parameter, Point } from "../../../core/sweep/parameters.ts";
import { pointName } from "../../../core/sweep/points.ts";
import { mean } from "../../../core/analysis/statistics.ts";
import { Tpe, type Tried } from "../../../core/sweep/tpe.ts";

const origin = { source: "test", line: 1, column: 1, folder: "/" };
const range = (path: string, min: number, max: number, log = false): Parameter => (
  { path, key: origin, when: [], kind: "range", min, max, log, at: origin }
);
const list = (path: string, values: readonly (string | number)[]): Parameter => (
  { path, key: origin, when: [], kind: "list", values: values.map((value) => ({ kind: "scalar", origin, value })) }
);

interface Problem {
  readonly parameters: readonly Parameter[];
  readonly whole: readonly boolean[];
  // deno-lint-ignore no-explicit-any -- values as the parameters have them
  readonly loss: (...values: any[]) => number;
}

/** Three minima of 0.397887, at (-pi, 12.275), (pi, 2.275) and (9.42478, 2.475). */
const BRANIN: Problem = {
  parameters: [range("x", -5, 10), range("y", 0, 15)],
  whole: [false, false],
  loss: (x: number, y: number) =>
    (y - 5.1 / (4 * Math.PI ** 2) * x * x + 5 / Math.PI * x - 6) ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10,
};

/** A rate by its logarithm, a whole number, a choice, and a momentum that only one of the choices has. The minimum is 0. */
const MIXED: Problem = {
  parameters: [
    list("name", ["adam", "sgd", "lbfgs"]),
    range("rate", 1e-5, 1, true),
    range("units", 1, 256, true),
    { ...range("momentum", 0, 1), when: [{ parameter: 0, values: [{ kind: "scalar", origin, value: "sgd" }] }] },
  ],
  whole: [false, false, true, false],
  loss: (name: string, rate: number, units: number, momentum: number | null) =>
    (Math.log10(rate) + 2.5) ** 2 + Math.log2(units / 48) ** 2 / 4 +
    (name === "sgd" ? 4 * (momentum! - 0.9) ** 2 : name === "adam" ? 0.5 : 2),
};

/** The losses of successive points. @param random how many of them are drawn by chance */
function search({ parameters, whole, loss }: Problem, seed: number, points: number, random: number, parallel = 1) {
  const tpe = new Tpe(parameters, whole, { random, quantile: 0.15, candidates: 24, parallel, seed });
  const tried: Tried[] = [], taken = new Set<string>();
  for (let number = 0; number < points; number++) {
    const point: Point = tpe.next(number, tried.slice(0, Math.max(0, number - parallel + 1)), taken)!;
    taken.add(pointName(point));
    tried.push({ point, loss: loss(...point.map((value) => value && toValue(value))) });
  }
  return tried;
}

const best = (tried: readonly Tried[]) => Math.min(...tried.map(({ loss }) => loss));

for (const [name, problem, minimum] of [["Branin", BRANIN, 0.397887], ["mixed", MIXED, 0]] as const) {
  Deno.test(`${name}: with the same number of points, tpe comes nearer to the minimum than chance`, () => {
    const seeds = Array.from({ length: 21 }, (_, i) => i);
    const distance = (random: number, parallel = 1) =>
      mean(seeds.map((seed) => best(search(problem, seed, 60, random, parallel)) - minimum));
    const chance = distance(60), chosen = distance(10), four = distance(10, 4);
    assert(chosen < 0.6 * chance, `tpe ${chosen}, chance ${chance}`);
    assert(four < 0.7 * chance, `tpe with four points at a time ${four}, chance ${chance}`);
  });
}

Deno.test("the same seed gives the same points, another one others, and no point comes twice", () => {
  const names = (seed: number) => search(MIXED, seed, 30, 10).map(({ point }) => pointName(point));
  assertEquals(names(1), names(1));
  assertEquals(new Set(names(1)).size, 30);
  assert(names(1).filter((name) => names(2).includes(name)).length < 3);
});

Deno.test("a parameter has a value where its condition is met, and nowhere else", () => {
  const tried = search(MIXED, 3, 40, 10);
  const found = tried.map(({ point: [name, , , momentum] }) => [toValue(name!), momentum !== null] as const);
  assertEquals(found.filter(([name, has]) => (name === "sgd") !== has), []);
  assert(found.some(([, has]) => has) && found.some(([, has]) => !has));
});

Deno.test("points that failed are avoided, and where no point is left there is none", () => {
  const half: Problem = { ...BRANIN, loss: (x: number, y: number) => x > 2 ? Infinity : BRANIN.loss(x, y) };
  const late = [1, 2, 3, 4, 5].flatMap((seed) => search(half, seed, 60, 10).slice(20));
  const failed = late.filter(({ loss }) => loss === Infinity).length / late.length;
  assert(failed < 0.7 * 8 / 15, `${failed}, and by chance ${8 / 15}`);
  const few: Problem = { parameters: [list("a", [1, 2, 3])], whole: [false], loss: (a: number) => a };
  const tpe = new Tpe(few.parameters, few.whole, { random: 1, quantile: 0.15, candidates: 24, parallel: 1, seed: 0 });
  const tried = search(few, 0, 3, 1);
  assertEquals(tried.map(({ loss }) => loss).sort(), [1, 2, 3]);
  assertEquals(tpe.next(3, tried, new Set(tried.map(({ point }) => pointName(point)))), null);
});

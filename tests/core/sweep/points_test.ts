/** Sweep configs and the points that follow from them. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { ConfigError } from "../../../core/config/error.ts";
import { toValue } from "../../../core/config/tree.ts";
import { pointsOf } from "../../../core/sweep/points.ts";
import { sobol, SOBOL_DIMENSIONS } from "../../../core/sweep/sobol.ts";
import { readSweep } from "../../../core/sweep/sweep_config.ts";
import golden from "../../golden/statistics.json" with { type: "json" };
import { temporary } from "../../helpers/cli.ts";

/** Reads a sweep of an empty base config. */
function sweepOf(text: string) {
  using folder = temporary();
  Deno.writeTextFileSync(join(folder.path, "base.yaml"), "");
  const file = join(folder.path, "sweep.yaml");
  Deno.writeTextFileSync(file, `base: base.yaml\n${text}`);
  return readSweep(file);
}

const BASE = { optimizer: { learning_rate: 0.1 }, data: { batch_size: 4 }, model: { encoder: [{ linear: 8 }] } };
const valuesOf = (text: string) =>
  pointsOf(sweepOf(text), BASE).map((point) => point.map((value) => value && toValue(value)));

/** The problems of a config, `line: what`. */
function problemsOf(text: string): string[] {
  const error = assertThrows(() => valuesOf(text), ConfigError);
  return error.problems.map(({ where, what }) => `${where.replace(/^.*\.yaml:?/, "")}: ${what}`);
}

Deno.test("Sobol's sequence is SciPy's in all its dimensions", () => {
  const next = sobol(SOBOL_DIMENSIONS);
  assertEquals(golden.sobol.length, 64);
  for (const point of golden.sobol) assertEquals(next(), point);
});

Deno.test("a grid has every combination, the last parameter fastest", () => {
  const text = "parameters: {optimizer.learning_rate: [0.1, 0.2], optimizer.name: [adam, sgd], data.batch_size: [8]}";
  assertEquals(valuesOf(text), [[0.1, "adam", 8], [0.1, "sgd", 8], [0.2, "adam", 8], [0.2, "sgd", 8]]);
});

for (const method of ["random", "sobol"]) {
  const config = (points: number) => `
method: ${method}
points: ${points}
parameters:
  optimizer.learning_rate: {min: 0.0001, max: 0.1, scale: log}
  data.batch_size: {min: 1, max: 64}
  model.encoder.0.linear: {min: 2, max: 512, scale: log}
  optimizer.name: [adam, sgd]
  training.gradient_clip: {min: 1, max: 2}
`;
  Deno.test(`${method}: values keep their bounds and types and fill the range; more points begin with the same ones`, () => {
    const points = valuesOf(config(128)) as [number, number, number, string, number][];
    assertEquals(points.slice(0, 20), valuesOf(config(20)) as typeof points);
    assertEquals(new Set(points.map((point) => JSON.stringify(point))).size, 128);
    for (const [rate, batch, size, name, clip] of points) {
      assert(rate >= 0.0001 && rate <= 0.1 && Number(rate.toPrecision(6)) === rate, `${rate}`);
      assert(Number.isInteger(batch) && batch >= 1 && batch <= 64, `${batch}`);
      assert(Number.isInteger(size) && size >= 2 && size <= 512, `${size}`);
      assert(["adam", "sgd"].includes(name) && clip >= 1 && clip <= 2);
    }
    const share = (test: (point: typeof points[number]) => boolean) => points.filter(test).length / points.length;
    const half = [
      share(([rate]) => rate < Math.sqrt(1e-5)),
      share(([, batch]) => batch <= 32),
      share(([, , size]) => size < Math.sqrt(1.5 * 512.5)),
      share(([, , , name]) => name === "adam"),
      share((point) => point[4] < 1.5),
    ];
    for (const found of half) assert(Math.abs(found - 0.5) < (method === "sobol" ? 0.02 : 0.15), half.join(" "));
  });
}

Deno.test("points of lists are all different, and as many as there are", () => {
  const text = (points: number) => `
method: random
points: ${points}
parameters: {data.batch_size: [1, 2, 3], optimizer.name: [adam, sgd]}
`;
  assertEquals(new Set(valuesOf(text(6)).map(String)).size, 6);
  const [problem] = problemsOf(text(7));
  assertEquals(problem, "4:1: there are not 7 different points: 1700 draws gave 6");
});

Deno.test("mistakes are told together, with their places and near names", () => {
  assertEquals(
    problemsOf("param: {}\nmethod: sobl\nseeds: 0\nmetric: test.r3\nparameters: {a.b: 3, c: {min: 1, mx: 2}}"),
    [
      "2:1: unknown key param",
      '3:9: method must be one of grid, random, sobol, tpe, got "sobl"',
      "4:8: seeds must be a whole number from 1 to 1000, got 0",
      "5:9: metric: there is no metric test.r3",
      "6:19: parameters.a.b must be a list of values, or a range, got 3",
      "6:22: parameters.c.max is missing",
      "6:34: unknown key parameters.c.mx; did you mean max?",
    ],
  );
});

Deno.test("settings that do not go together are refused", () => {
  const rate = "parameters: {optimizer.learning_rate: [0.1]}";
  const range = "parameters: {optimizer.learning_rate: {min: 1, max: 2}}";
  const whatOf = (text: string) => problemsOf(text).map((line) => line.slice(line.indexOf(": ") + 2));
  assertEquals(whatOf(range), ["parameters.optimizer.learning_rate: a grid needs a list of values, got a range"]);
  assertEquals(whatOf(`${rate}\npoints: 3`), ["points is for random, sobol and tpe: a grid takes every combination"]);
  assertEquals(whatOf(`${range}\nmethod: sobol`), ["points is missing: how many points method: sobol is to take"]);
  assertEquals(whatOf("parameters: {seed: [1, 2]}\nseeds: 2"), ["seed cannot be set here together with seeds: 2"]);
  assertEquals(whatOf("parameters: {name: [a]}"), ["name cannot be set here: a sweep names its runs"]);
  assertEquals(whatOf(`${rate}\noverrides: {optimizer: {learning_rate: 1}}`), [
    "overrides.optimizer: optimizer.learning_rate is a parameter of the sweep",
  ]);
  assertEquals(whatOf("parameters: {optimizer.name: [sgd], optimizer: [{name: adam}]}"), [
    "parameters.optimizer: optimizer.name is a parameter, too",
  ]);
  assertEquals(whatOf("parameters: {data.batch_size: {min: 1.5, max: 3}}\nmethod: random\npoints: 2"), [
    "parameters.data.batch_size takes whole numbers, got 1.5 and 3",
  ]);
  assertEquals(whatOf("parameters: {data.batch_size: {min: 3, max: 1}}\nmethod: random\npoints: 2"), [
    "parameters.data.batch_size: min must be below max, got 3 and 1",
  ]);
});

const CONDITIONS = `
parameters:
  optimizer.name: [adam, sgd]
  optimizer.momentum: {values: [0.5, 0.9], when: {optimizer.name: sgd}}
  optimizer.nesterov: {values: [true, false], when: {optimizer.momentum: [0.9]}}
`;

Deno.test("a grid has a parameter with a condition only where the condition is met", () => {
  assertEquals(valuesOf(CONDITIONS), [
    ["adam", null, null],
    ["sgd", 0.5, null],
    ["sgd", 0.9, true],
    ["sgd", 0.9, false],
  ]);
});

for (const method of ["random", "sobol"]) {
  Deno.test(`${method}: points without a value differ only in those that have one`, () => {
    const points = valuesOf(`method: ${method}\npoints: 4\n${CONDITIONS}`);
    assertEquals(points.map((point) => JSON.stringify(point)).sort(), [
      '["adam",null,null]',
      '["sgd",0.5,null]',
      '["sgd",0.9,false]',
      '["sgd",0.9,true]',
    ]);
  });
}

Deno.test("conditions that cannot be are refused", () => {
  const whatOf = (when: string) =>
    problemsOf(`parameters: {optimizer.name: [adam, sgd], data.batch_size: {min: 1, max: 2, when: ${when}}}`)
      .map((line) => line.slice(line.indexOf(": ") + 2));
  const of = "parameters.data.batch_size.when";
  assertEquals(whatOf("sgd"), [`${of} must be a map of keys, got "sgd"`]);
  assertEquals(whatOf("{optimizer.nam: sgd}"), [`${of}: there is no parameter optimizer.nam above`]);
  assertEquals(whatOf("{optimizer.name: sdg}"), [`${of}: optimizer.name is never sdg`]);
  assertEquals(whatOf("{data.batch_size: 1}"), [`${of}: there is no parameter data.batch_size above`]);
});

Deno.test("sections that do not go with the rest are refused", () => {
  const rate = "parameters: {optimizer.learning_rate: [0.1, 0.2]}";
  const whatOf = (text: string) => problemsOf(text).map((line) => line.slice(line.indexOf(": ") + 2));
  assertEquals(whatOf(`${rate}\ntpe: {random: 3}`), ["tpe is for method: tpe, and the method is grid"]);
  assertEquals(whatOf(`${rate}\nmethod: tpe\npoints: 2\nprune: {keep: 1}`), [
    "prune cannot be combined with method: tpe, which chooses points one after the other",
  ]);
  assertEquals(whatOf(`${rate}\nmetric: test.r2\nprune: {keep: 1}`), [
    "prune compares losses of runs that are not finished, which have no other metric",
  ]);
  assertEquals(whatOf(`${rate}\nprune: {factor: 1, first: 0, sed: 2}`), [
    "prune.factor must be a whole number from 2 to 100, got 1",
    "prune.first must be a number above 0 and up to 1, got 0",
    "unknown key prune.sed",
  ]);
});

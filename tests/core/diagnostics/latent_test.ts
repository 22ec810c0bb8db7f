/** The latent map's columns: those that go with the place on the map, or those that are asked for. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { DiagnosticContext } from "../../../core/diagnostics/diagnostic.ts";
import { latent } from "../../../core/diagnostics/latent.ts";
import { uniforms } from "../../../core/uniforms.ts";

const ROWS = 300, NAMES = ["noise", "first", "second", "first again", "constant", "half", "3"];

interface Given {
  readonly columns?: number | readonly (string | number)[];
  readonly shape?: readonly number[];
  readonly names?: readonly string[] | null;
}

/** Rows in two independent directions, the first of which varies more, and columns made of them. */
function contextOf({ columns, shape, names = NAMES }: Given, asked: number[][] = []): DiagnosticContext {
  const random = uniforms(5), rows = Array.from({ length: ROWS }, (_, i) => i);
  const table = rows.map(() => {
    const [a, b, c, d] = [random() - 0.5, random() - 0.5, random() - 0.5, random() - 0.5];
    return { z: [3 * a, b], x: [9 * c, a, b, 2 * a + 0.1 * d, 4, a + b + c + d, d] };
  });
  const mean = (j: number) => table.reduce((sum, { x }) => sum + x[j]! / ROWS, 0);
  const variation = Float64Array.from(NAMES, (_, j) => table.reduce((sum, { x }) => sum + (x[j]! - mean(j)) ** 2, 0));
  variation[4] = 0;
  const known = {
    ...{ epoch: 1, latentSize: 2, maxRows: 2000, settings: columns === undefined ? {} : { columns } },
    data: { labels: null, names, columns: NAMES.length, shape: shape ?? null },
    sums: { variation },
    choose: () => ({ rows }),
    embed: () => Promise.resolve(Float32Array.from(table.flatMap(({ z }) => z))),
    values: (_: unknown, columns: number[]) => {
      asked.push(columns);
      return Promise.resolve(Float32Array.from(table.flatMap(({ x }) => columns.map((j) => x[j]!))));
    },
  };
  return known as unknown as DiagnosticContext;
}

Deno.test("latent: the columns that go with the place on the map, none that goes with one before it", async () => {
  const found = (await latent.run(contextOf({ columns: 3 })))!;
  // "first again" and "first" go together, so one of them is there; "constant" never is.
  assertEquals(found.columns!.map(({ name }) => name).sort(), ["first", "half", "second"]);
  assertAlmostEquals(found.columns![0]!.r2, 1, 1e-5);
  assertAlmostEquals(found.columns![2]!.r2, 0.5, 0.1);
  assertEquals(found.columns!.map(({ values }) => values.length), [ROWS, ROWS, ROWS]);
  assertEquals(latent.decode(JSON.parse(JSON.stringify(found)), ""), found);
});

Deno.test("latent: columns by name and by number, and those that are not there are named", async () => {
  const asked: number[][] = [];
  const found = (await latent.run(contextOf({ columns: ["3", "constant", 0, "gene", 99, "3"] }, asked)))!;
  assertEquals(asked, [[6, 4, 0]]);
  assertEquals(found.columns!.map(({ column, name }) => [column, name]), [[6, "3"], [4, "constant"], [0, "noise"]]);
  assertEquals([found.columns![1]!.r2, found.unknown_columns], [0, ["gene", "99"]]);
  const unnamed = (await latent.run(contextOf({ columns: [2, "first"], names: null })))!;
  assertEquals([unnamed.columns!.map(({ name }) => name), unnamed.unknown_columns], [["column 2"], ["first"]]);
});

Deno.test("latent: none where none are wanted, and by themselves none of rows with a shape", async () => {
  const asked: number[][] = [];
  for (const given of [{}, { columns: 0 }, { columns: [] }, { columns: 4, shape: [7] }]) {
    const found = (await latent.run(contextOf(given, asked)))!;
    assert(!("columns" in found) && !("unknown_columns" in found));
  }
  assertEquals(asked, []);
  assertEquals((await latent.run(contextOf({ columns: [1], shape: [7] })))!.columns!.length, 1);
});

/** What is drawn of data, against values that are counted by hand, and how rows and columns are told apart. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { orientationOf } from "../../../core/data/orientation.ts";
import { PortraitMaker, spreadOf } from "../../../core/data/portrait.ts";
import { Smoothness } from "../../../core/data/smoothness.ts";
import { random } from "../../helpers/npz.ts";

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

Deno.test("spread: few whole numbers have a bin each, many share them, long ranges rise by a factor", () => {
  assertEquals(spreadOf([3, 1, 1, 5]), { edges: [0.5, 1.5, 2.5, 3.5, 4.5, 5.5], counts: [2, 0, 1, 0, 1], log: false });
  const many = spreadOf(Array.from({ length: 200 }, (_, i) => i));
  assertEquals([many.edges[0], many.edges.at(-1), many.counts.length, sum(many.counts)], [0, 200, 40, 200]);
  assert(many.counts.every((count) => count === 5));
  const long = spreadOf([1, 1, 2, 1000]);
  assertEquals([long.log, long.edges[0], long.edges[1], long.edges.at(-1)], [true, 1, 2, 1001]);
  assertEquals([long.counts[0], long.counts[1], long.counts.at(-1)], [2, 1, 1]);
  const one = spreadOf([2.5, 2.5]);
  assertEquals([one.edges[0], one.edges.at(-1), sum(one.counts)], [2.5, 5, 2]);
  const signed = spreadOf([-0.5, 0.5, 1e6]);
  assertEquals([signed.log, signed.counts[0], signed.counts.at(-1)], [false, 2, 1]);
});

Deno.test("portrait: sums, fullness, empty columns and first rows, of sparse and of dense rows alike", () => {
  const rows = [[0, 2, 0, 1], [0, 0, 0, 0], [0, 3, 0, 0]];
  const dense = new PortraitMaker(4), sparse = new PortraitMaker(4);
  for (const row of rows) {
    dense.add(Float32Array.from(row), 0, 4, null);
    const places = Uint32Array.from([0, 1, 2, 3].filter((column) => row[column] !== 0));
    sparse.add(Float32Array.from(places, (column) => row[column]!), 0, places.length, places);
  }
  const seen = dense.portrait()!;
  assertEquals(sparse.portrait(), seen);
  assertEquals([seen.emptyColumns, seen.first], [2, rows]);
  assertEquals(seen.values, { edges: [0.5, 1.5, 2.5, 3.5], counts: [1, 1, 1], log: false });
  assertEquals(seen.rowSums.counts, [1, 0, 0, 2]);
  assertEquals(seen.filled.counts, [1, 1, 1]);
  assertEquals([seen.grid.rows, seen.grid.groups, seen.grid.columns, seen.grid.values], [3, 4, 1, rows.flat()]);
  assertEquals(new PortraitMaker(4).portrait(), null);
});

Deno.test("portrait: of many values every second, fourth, ... is kept, and neighbouring columns share a dot", () => {
  const maker = new PortraitMaker(1000);
  const row = Float32Array.from({ length: 1000 }, (_, i) => 1 + i % 2);
  for (let i = 0; i < 600; i++) maker.add(row, 0, 1000, null);
  const { values, grid } = maker.portrait()!;
  assert(sum(values!.counts) > 1 << 16 && sum(values!.counts) <= 1 << 18);
  assertEquals([grid.rows, grid.groups, grid.columns], [96, 240, 4]);
  assert(grid.values.every((value) => value > 1 && value < 2));
});

Deno.test("orientation: genes by cells are told from cells by genes", () => {
  const genes = ["MT-CO1", "RPS6", "RPL3", "ACTB"], cells = ["AAACCTGAGAAACCAT-1", "TTTCCTGAGAAACCAT-1"];
  const of = (rowNames: string[] | null, columnNames: string[] | null, shape: number[] | null = null) =>
    orientationOf({ rowNames, columnNames, shape, likeness: null }, "--setting transpose=true turns them");
  assertEquals([of(cells, genes).doubtful, of(genes, cells).doubtful], [false, true]);
  assert(of(genes, cells).text.includes("--setting transpose=true"));
  assertEquals([of(["ENSG00000141510", "ENSMUSG00000059552"], null).doubtful, of(null, null).doubtful], [true, false]);
  assertEquals(of(null, null, [3, 8, 8]).text, "a row has the shape 3 x 8 x 8, channels first");
});

Deno.test("orientation: signals that go down the columns are told by their values", () => {
  const next = random(1);
  const of = (rows: number, columns: number, valueAt: (row: number, column: number) => number) => {
    const smoothness = new Smoothness();
    for (let row = 0; row < rows; row++) {
      smoothness.add(Float32Array.from({ length: columns }, (_, column) => valueAt(row, column)), 0, columns);
    }
    const likeness = smoothness.likeness(), none = { rowNames: null, columnNames: null };
    return { likeness, ...orientationOf({ ...none, shape: [1, columns], likeness }, "turn them") };
  };
  const phases = Array.from({ length: 80 }, () => 7 * next());
  const wave = (sample: number, line: number) => Math.sin(sample / 3 + phases[line]!) + 0.1 * (next() - 0.5);
  const down = of(200, 80, wave);
  assertAlmostEquals(down.likeness!.down, Math.cos(1 / 3), 0.02);
  assert(Math.abs(down.likeness!.along) < 0.2);
  assertEquals([down.doubtful, down.byNames], [true, false]);
  assertStringIncludes(down.text, "as if signals went down the columns; if they do, turn them");
  // Signals along the rows, numbers without order, columns of other sizes, and planes that are smooth both ways.
  assertEquals(of(80, 200, (line, sample) => wave(sample, line)).doubtful, false);
  assertEquals(of(200, 80, () => next()).doubtful, false);
  assertEquals(of(200, 80, (_, column) => 100 * column * (column % 7) + next()).doubtful, false);
  assertEquals(of(80, 80, (row, column) => Math.sin(row / 9) * Math.cos(column / 9)).doubtful, false);
  assertEquals(of(31, 80, wave).likeness, null);
});

/** Where neurons are drawn, and which one lies at a point. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { cellsAt, inCells } from "../../../studio/page/cells.ts";
import { cellsOf, layOut, unitBox } from "../../../studio/page/layout.ts";
import { neuronByKey } from "../../../studio/page/keys.ts";
import {
  beside,
  connectionAt,
  HOME,
  inverse,
  type Neuron,
  neuronAt,
  unitAt,
  zoomed,
} from "../../../studio/page/picking.ts";
import { bypasses, sourceText } from "../../../studio/page/sources.ts";
import type { Stage } from "../../../studio/protocol.ts";

const stage = (...shape: number[]): Stage => ({
  ...{ name: "encoder.0", kinds: [], shape, units: shape.reduce((product, size) => product * size, 1) },
  ...{ parameters: [], editable: true, latent: false, parts: null, sources: [] },
});

/** Neurons of a free graph: the part of each, none of part 2. */
const graph = (units: number): Stage => ({
  ...{ ...stage(units), parts: Uint32Array.from({ length: units }, (_, unit) => [0, 1, 3, 1][(unit * 7) % 4]!) },
});

const SHAPES = [
  [1],
  [7],
  [16],
  [17],
  [64],
  [30_000],
  [1, 512],
  [8, 256],
  [40, 30],
  [1, 8, 8],
  [3, 32, 32],
  [16, 5, 7],
  [64, 1, 1],
];

for (const [width, height] of [[700, 500], [360, 520]] as const) {
  Deno.test(`drawing: the unit in the middle of each cell is that of the cell, in ${width} x ${height}`, () => {
    const stages = [...SHAPES.map((shape) => stage(...shape)), graph(5), graph(1000)],
      places = layOut(stages, width, height);
    let compared = 0;
    for (const [i, place] of places.entries()) {
      const units = stages[i]!.units, each = Math.max(1, Math.floor(units / 500));
      for (let unit = 0; unit < units; unit += each) {
        const { x, y, width, height } = unitBox(place, unit);
        assertEquals(neuronAt(places, x + width / 2, y + height / 2), { stage: i, unit });
        compared++;
      }
      const last = unitBox(place, units - 1);
      assertEquals(unitAt(place, last.x + last.width / 2, last.y + last.height / 2), units - 1);
    }
    assert(compared > 1000);
  });

  Deno.test(`drawing: stages lie within ${width} x ${height} and do not overlap`, () => {
    for (const count of [2, 5, 13]) {
      const places = layOut(SHAPES.slice(0, count).map((shape) => stage(...shape)), width, height);
      for (const [i, a] of places.entries()) {
        assert(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height, `stage ${i} of ${count}`);
        for (const b of places.slice(i + 1)) {
          assert(a.x + a.width <= b.x || a.y + a.height <= b.y, `stage ${i} overlaps another one of ${count}`);
        }
      }
    }
  });
}

Deno.test("drawing: beyond the last unit of a grid, and between maps, there is none", () => {
  const [grid] = layOut([stage(17)], 400, 400), [maps] = layOut([stage(4, 5, 5)], 400, 400);
  assert(grid!.columns * grid!.rows > 17);
  assertEquals(unitAt(grid!, grid!.x + grid!.width - 1, grid!.y + grid!.height - 1), null);
  const first = unitBox(maps!, 4);
  assertEquals(unitAt(maps!, first.x + first.width * 1.3, first.y + first.height / 2), null);
});

Deno.test("drawing: a part of a graph is a map of its own, and between its points there are none", () => {
  const [place] = layOut([graph(40)], 400, 400), at = stage(40), parts = graph(40).parts!;
  assertEquals([place!.maps, cellsOf(place!), place!.columns * place!.rows], [3, 3 * 20, 20]);
  const maps = Array.from(parts, (_, unit) => Math.floor(place!.points!.cells[unit]! / 20));
  for (const [unit, part] of parts.entries()) assertEquals(maps[unit], [0, 1, NaN, 2][part]);
  const { x, y, width, height } = unitBox(place!, 0);
  assertEquals(unitAt(place!, x + 0.05 * width, y + 0.05 * height), null);
  const values = Float32Array.from({ length: 40 + at.units }, (_, i) => i);
  const [first, second] = layOut([at, graph(40)], 400, 400), cells = inCells([first!, second!], values, [0, 40]);
  assertEquals([...cells.subarray(0, 40)], [...values.subarray(0, 40)]);
  assertEquals(cellsAt([first!, second!]), [0, 40]);
  for (let unit = 0; unit < 40; unit++) assertEquals(cells[40 + second!.points!.cells[unit]!], 40 + unit);
  assertEquals(cells.filter((value) => value === Infinity).length, 60 - 40);
});

Deno.test("drawing: arrow keys reach every neuron, over the gaps between maps as well", () => {
  for (const [drawn, first] of [[stage(4, 3, 3), 0], [graph(37), 0], [graph(37), 36]] as const) {
    const [place] = layOut([drawn], 400, 400), reached = new Set<number>([first]);
    for (const unit of reached) {
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) reached.add(beside(place!, unit, dx, dy));
    }
    assertEquals(reached.size, drawn.units);
  }
});

Deno.test("drawing: keys go from layer to layer and to the ends of one", () => {
  const places = layOut([stage(64), stage(3), stage(64)], 600, 400);
  const way = ["ArrowDown", "End", "PageDown", "PageDown", "PageDown", "Home", "x"];
  let at: Neuron | null = null;
  const reached = way.map((key) => {
    const next = neuronByKey(key, at, places);
    at = next ?? at;
    return next && [next.stage, next.unit];
  });
  assertEquals(reached, [[0, 0], [0, 63], [1, 2], [2, 2], [2, 2], [2, 0], null]);
});

Deno.test("drawing: zooming leaves the point below the pointer where it is", () => {
  let camera = HOME;
  for (const factor of [1.5, 3, 0.2, 7]) {
    const before = inverse(camera, 120, 80);
    camera = zoomed(camera, factor, 120, 80);
    for (const [k, value] of inverse(camera, 120, 80).entries()) assertAlmostEquals(value, before[k]!, 1e-9);
  }
  assertEquals(zoomed(HOME, 1e9, 0, 0).scale, 200);
});

Deno.test("drawing: the connection at a point is the nearest one within reach", () => {
  const places = layOut([stage(4), stage(4)], 600, 400);
  const weights = { from: Uint32Array.of(0, 3), to: Uint32Array.of(0, 3), weight: Float32Array.of(2, 1) };
  const drawn = [{ from: 0, to: 1, weights: { ...weights, connection: null, total: 16 } }];
  const middle = (index: number) => {
    const [a, b] = [unitBox(places[0]!, weights.from[index]!), unitBox(places[1]!, weights.to[index]!)];
    return [(a.x + b.x + a.width / 2 + b.width / 2) / 2, (a.y + b.y + a.height / 2 + b.height / 2) / 2] as const;
  };
  for (const index of [0, 1]) {
    const [x, y] = middle(index);
    assertEquals(connectionAt(places, drawn, x, y + 2, 6)?.index, index);
    assertEquals(connectionAt(places, drawn, x, y + 20, 6), null);
  }
  const begun = performance.now(), count = 50_000;
  const many = {
    from: new Uint32Array(count),
    to: new Uint32Array(count),
    weight: new Float32Array(count),
    connection: null,
    total: count,
  };
  assertEquals(connectionAt(places, [{ from: 0, to: 1, weights: many }], 0, 0, 1), null);
  assert(performance.now() - begun < 2000);
});

Deno.test("page: what goes past layers is a line, and a neuron where values meet says of which it is the sum", () => {
  const named = (name: string, units: number, sources: Stage["sources"] = []): Stage => ({
    ...stage(units),
    ...{ name, sources },
  });
  const stages = [
    named("input", 9),
    named("encoder.0", 5),
    named("encoder.1.layers.0", 3),
    named("encoder.1.layers.1", 2),
    named("encoder.1", 2, [{ stage: 1, first: 3, size: 2, to: 0 }, { stage: 3, first: 0, size: 2, to: 0 }]),
    named("decoder.0.layers.0", 4),
    named("decoder.0", 6, [{ stage: 4, first: 0, size: 2, to: 0 }, { stage: 5, first: 0, size: 4, to: 2 }]),
    named("decoder.1", 9, [{ stage: 0, first: 0, size: 9, to: 0 }, { stage: 6, first: 0, size: 6, to: 0 }]),
  ];
  assertEquals(bypasses(stages), [
    { from: 1, to: 4, text: "2 values added", level: 0 },
    { from: 4, to: 6, text: "2 values as they are", level: 0 },
    { from: 0, to: 7, text: "9 values added", level: 2 },
  ]);
  const said = (stage: number, unit: number) => sourceText(stages, { stage, unit });
  assertEquals(said(4, 1), "the sum of encoder.0 4 and encoder.1.layers.1 1");
  assertEquals([said(6, 1), said(6, 2)], ["the value of encoder.1 1", "the value of decoder.0.layers.0 0"]);
  assertEquals([said(7, 8), said(1, 0)], ["the value of input 8", null]);
});

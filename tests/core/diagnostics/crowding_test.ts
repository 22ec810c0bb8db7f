import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  cellsOf,
  commonest,
  hiddenShare,
  isCrowded,
  levelOf,
  levelsOf,
  middleOf,
} from "../../../core/diagnostics/crowding.ts";
import { uniforms } from "../../../core/uniforms.ts";

const random = uniforms(7);
const scattered = (rows: number, side: number) =>
  Array.from({ length: rows }, () => ({ x: side * random(), y: side * random() }));

Deno.test("crowding: every place is inside the hexagon that it is counted in", () => {
  for (const lattice of [{ half: 5, rise: 3 }, { half: 3.5, rise: 2 }]) {
    const places = [...scattered(4000, 100), { x: -31.5, y: -17 }, { x: 0, y: 0 }];
    for (const place of places) {
      const middle = middleOf(place, lattice);
      const dx = Math.abs(place.x - middle.x) / lattice.half, dy = Math.abs(place.y - middle.y) / lattice.rise;
      assert(dx <= 1 + 1e-9 && dx + dy <= 2 + 1e-9, `${place.x}, ${place.y} of ${middle.x}, ${middle.y}`);
      assertEquals(middleOf(middle, lattice), middle);
    }
    const cells = cellsOf(places, lattice);
    assertEquals(cells.flatMap(({ members }) => members).sort((a, b) => a - b), [...places.keys()]);
    assertEquals(new Set(cells.map(({ x, y }) => `${x},${y}`)).size, cells.length);
  }
});

Deno.test("crowding: many rows of which a third lie on others", () => {
  assertEquals(hiddenShare([], 4), 0);
  assertEquals(hiddenShare([{ x: 1, y: 1 }, { x: 2, y: 2 }, { x: 5, y: 1 }, { x: 5, y: 2 }], 4), 0.5);
  const same = (rows: number) => Array.from({ length: rows }, () => ({ x: 1, y: 1 }));
  assertEquals([isCrowded(same(999), 4), isCrowded(same(1000), 4)], [false, true]);
  // Of n rows over m squares, m (1 - exp(-n / m)) squares have some.
  assertAlmostEquals(hiddenShare(scattered(5000, 400), 4), 1 - 2 * (1 - Math.exp(-0.5)), 0.02);
  assertEquals([isCrowded(scattered(5000, 400), 4), isCrowded(scattered(5000, 200), 4)], [false, true]);
});

Deno.test("crowding: levels have every number once, and the commonest group is counted", () => {
  for (const most of [1, 2, 3, 7, 71, 5000]) {
    for (const wanted of [1, 4, 6]) {
      const levels = levelsOf(most, wanted);
      assert(levels.length <= wanted);
      assertEquals([levels[0]!.from, levels.at(-1)!.to], [1, most]);
      for (const [i, { from, to }] of levels.entries()) {
        assert(from <= to && (i === 0 || from === levels[i - 1]!.to + 1), JSON.stringify(levels));
        assertEquals([levelOf(from, levels), levelOf(to, levels)], [i, i]);
      }
    }
  }
  assertEquals(levelsOf(71, 4).map(({ from }) => from), [1, 3, 8, 24]);
  const cell = { x: 0, y: 0, members: [0, 2, 3, 5] };
  assertEquals(commonest(cell, [1, 0, 2, 1, 0, 2]), { group: 1, count: 2 });
});

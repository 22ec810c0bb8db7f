/** Which rows of a tensor a histogram is of. */
import { assert, assertEquals } from "@std/assert";
import { blocksOf, VALUES_MAX } from "../../../core/events/weights.ts";

Deno.test("weights: a large tensor is looked at in blocks of rows from its first to its last, within a bound", () => {
  assertEquals(blocksOf({ rows: 1000, values: 1000 }), [{ first: 0, rows: 1000 }]);
  for (const [rows, values] of [[60_664, 512], [512, 60_664], [3, 1 << 21], [1 << 24, 1], [1_100, 1_000]] as const) {
    const blocks = blocksOf({ rows, values });
    const looked = blocks.reduce((sum, block) => sum + block.rows, 0) * values;
    assert(looked <= Math.max(VALUES_MAX, values) && looked > VALUES_MAX / 3 - values, `${looked}`);
    blocks.reduce((end, block) => {
      assert(block.first >= end && block.rows > 0);
      return block.first + block.rows;
    }, 0);
    assert(blocks.at(-1)!.first + blocks.at(-1)!.rows <= rows);
    if (blocks.length > 1) assertEquals(blocks.at(-1)!.first + blocks.at(-1)!.rows, rows);
  }
});

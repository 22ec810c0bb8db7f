/** Which tensors histograms are of, and which rows of a tensor. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { blocksOf, histogramsOf, VALUES_MAX } from "../../../core/events/weights.ts";
import { writeCheckpoint } from "../../helpers/checkpoint.ts";
import { testInFolder } from "../../temp.ts";

testInFolder("weights: histograms of the weights and of what the optimizer keeps of the gradients", async (dir) => {
  const checkpoint = join(dir, "checkpoints", "step-000000005");
  assertEquals(await histogramsOf(checkpoint), null);
  writeCheckpoint(dir, 5, { "encoder.0.weight": [1, 2, 3], "encoder.0.bias": [0] });
  const named = async () => (await histogramsOf(checkpoint))!.map(({ name, sum }) => [name, sum]);
  assertEquals(await named(), [["weights/encoder.0.weight", 6], ["weights/encoder.0.bias", 0]]);
  const moments = { "encoder.0.weight.exp_avg": [0.5, -1, 0.25], "encoder.0.weight.exp_avg_sq": [1, 1, 1] };
  writeCheckpoint(dir, 5, { ...moments, "encoder.0.bias.momentum_buffer": [2] }, "optimizer.safetensors");
  assertEquals((await named()).slice(2), [["gradient_mean/encoder.0.weight", -0.25], ["momentum/encoder.0.bias", 2]]);
});

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

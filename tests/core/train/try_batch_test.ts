/** The step that a dry run makes: of a whole batch, or of a few rows where a batch would take long. */
import { assert, assertEquals } from "@std/assert";
import { loadConfig } from "../../../core/config/mod.ts";
import { MemoryRows } from "../../../core/data/memory.ts";
import { openSource } from "../../../core/data/source.ts";
import { describeModel } from "../../../core/train/network.ts";
import { tryBatch } from "../../../core/train/try_batch.ts";
import { engine } from "../../../ffi/library.ts";

engine(); // the library stays open: not a leak of the test that is first

Deno.test("dry run: a batch is tried as a whole, or its first rows where it would take long", async () => {
  const { config } = loadConfig({
    text: "data: {format: memory, batch_size: 32, split: {train: 1, validation: 0, test: 0}}\n" +
      "model: {encoder: [{linear: 3}], decoder: [{linear: output}]}",
  });
  using rows = new MemoryRows({ rows: { values: new Float32Array(300).map((_, i) => Math.sin(i)), columns: 6 } });
  const source = openSource(config.data, rows);
  using model = describeModel(config, source);
  model.build();
  const whole = await tryBatch(config, model, source, "train");
  assertEquals([whole?.rows, whole?.of], [32, undefined]);
  const few = await tryBatch(config, model, source, "train", { batchMs: 0 });
  assertEquals([few?.rows, few?.of], [2, 32]);
  assert(Number.isFinite(few!.loss) && few!.ms > 0);
});

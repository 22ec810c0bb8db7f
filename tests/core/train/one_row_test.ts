/** A part of one row, whose columns do not vary, has no R2. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { engine } from "../../../ffi/library.ts";
import { train } from "../../../core/train/train.ts";
import type { Summary } from "../../../core/runs/types.ts";
import { npy } from "../../helpers/npz.ts";
import { testInFolder } from "../../temp.ts";

engine(); // the library stays open: not a leak of the test that is first

testInFolder("a run with one validation row is saved, resumed and ends with no R2 of that part", async (root) => {
  const write = (name: string, rows: number) => {
    const values = Float32Array.from({ length: rows * 6 }, (_, i) => Math.sin(i * i));
    Deno.writeFileSync(join(root, name), npy("<f4", `${rows}, 6`, new Uint8Array(values.buffer)));
    return join(root, name);
  };
  const config = {
    data: {
      path: join(root, "*.npy"),
      format: "dense_npy",
      batch_size: 4,
      split: { train: [write("a.npy", 12)], validation: [write("b.npy", 1)] },
    },
    model: { encoder: [{ linear: 2 }], decoder: [{ linear: "output" }] },
    training: { epochs: 1 },
  };
  const shared = (summary: Summary) => {
    const validation = summary.metrics.validation, pca = summary.baseline?.pca?.validation;
    return [summary.epochs, validation?.rows, validation?.r2, pca?.rows, pca?.r2];
  };
  const { path, summary } = await train({ config, runDir: join(root, "run") });
  assertEquals(shared(summary), [1, 1, NaN, 1, NaN]);
  const longer = await train({ resume: path, overrides: ["training.epochs=2"] });
  assertEquals(shared(longer.summary), [2, 1, NaN, 1, NaN]);
});

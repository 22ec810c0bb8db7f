/** What an evaluation says about the fit of a loss that is a likelihood, of sparse and of dense rows. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { engine } from "../../ffi/library.ts";
import { Model } from "../../ffi/model.ts";
import { temporary } from "../helpers/cli.ts";
import { npy } from "../helpers/npz.ts";

engine(); // the library stays open: not a leak of the test that is first

const SPARSE = fromFileUrl(new URL("../golden/rows.npz", import.meta.url));
const linear = (size: number | "output") => ({ kind: "linear", size });

function poisson(columns: number, dense: boolean, kind = "poisson"): Model {
  const model = Model.create({
    ...{ encoder: [linear(3)], decoder: [linear("output")], loss: { kind }, optimizer: { name: "sgd" } },
    ...{ columns, seed: 1, threads: 2, dense },
  });
  model.build();
  return model;
}

Deno.test("evaluation: a perfect fit and that of the column means, of sparse and dense rows", async () => {
  using folder = temporary();
  using sparse = await Chunk.open(SPARSE);
  const { rows, columns } = sparse;
  using all = new BatchCreator([sparse], 1, 1, { batchSize: rows });
  const { rowPtr, columns: at, target } = (await all.next())!;
  const values = new Float32Array(rows * columns), sums = new Float64Array(columns);
  let apart = 0; // of the loss of a perfect fit from its constant
  for (let row = 0; row < rows; row++) {
    for (let k = rowPtr[row]!; k < rowPtr[row + 1]!; k++) {
      const y = target[k]!;
      values[row * columns + at[k]!] = y;
      sums[at[k]!]! += y;
      if (y > 0) apart += y - y * Math.log(y);
    }
  }
  const path = join(folder.path, "rows.npy");
  await Deno.writeFile(path, npy("<f4", `${rows}, ${columns}`, new Uint8Array(values.buffer)));
  using dense = await Chunk.open(path);
  const found = [];
  for (const chunk of [sparse, dense]) {
    using model = poisson(columns, chunk === dense);
    using batches = new BatchCreator([chunk], 2, 1, { batchSize: 8 });
    const zeros = () => new Float64Array(columns);
    const by = { sse: zeros(), sum: zeros(), sumsq: zeros() };
    const result = await model.evaluate(batches, by);
    assertEquals([result.rows, result.stopped], [rows, false]);
    assertAlmostEquals(result.lossSum / (rows * columns), result.loss, 1e-9 * result.loss);
    assertAlmostEquals(result.perfect - result.constant, apart, 1e-6 * Math.abs(apart));
    assert(result.lossSum > result.perfect);
    const means = sums.reduce((sum, s) => sum + (s > 0 ? s - s * Math.log(s / rows) : 0), 0);
    assertAlmostEquals(model.meanLoss(rows, by.sum), means, 1e-6 * Math.abs(means));
    found.push(result.perfect);
    using again = new BatchCreator([chunk], 2, 1, { batchSize: 8 });
    const without = await model.evaluate(again);
    assertEquals([without.perfect, without.constant, without.lossSum], [0, 0, result.lossSum]);
  }
  assertAlmostEquals(found[0]!, found[1]!, 1e-9 * Math.abs(found[0]!));
});

Deno.test("evaluation: a loss that is no likelihood has none of these", async () => {
  using chunk = await Chunk.open(SPARSE);
  using model = poisson(chunk.columns, false, "mae");
  using batches = new BatchCreator([chunk], 2, 1, { batchSize: 8 });
  const zeros = () => new Float64Array(chunk.columns);
  const { perfect, constant } = await model.evaluate(batches, { sse: zeros(), sum: zeros(), sumsq: zeros() });
  assertEquals([perfect, constant, model.meanLoss(chunk.rows, zeros())], [0, 0, 0]);
});

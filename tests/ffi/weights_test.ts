/** Weights of rows and columns and categories of rows, against PyTorch: tests/golden/make_weights.py. */
import { assert } from "@std/assert";
import golden from "../golden/weights.json" with { type: "json" };
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { engine } from "../../ffi/library.ts";
import { type Layer, type Loss, Model } from "../../ffi/model.ts";

engine(); // the library stays open: not a leak of the test that is first

const { columns, batch, rate, l1, categories } = golden;
const values = Float32Array.from(golden.values);
const rowWeights = Float32Array.from(golden.row_weights), rowCategories = Uint32Array.from(golden.row_categories);
const linear = (size: number | "output"): Layer => ({ kind: "linear", size });
const joined: readonly Layer[] = [linear(5), { kind: "covariate", categories: "data" }, { kind: "tanh" }];

/** The values of the zeros are not stored. */
function sparse(): Chunk {
  const indices: number[] = [], data: number[] = [], indptr = [0];
  values.forEach((value, at) => {
    if (value !== 0) indices.push(at % columns), data.push(value);
    if (at % columns === columns - 1) indptr.push(data.length);
  });
  const arrays = { indptr: Int32Array.from(indptr), indices: Int32Array.from(indices) };
  return Chunk.fromArrays({ ...arrays, data: Float32Array.from(data), columns });
}

function near(found: ArrayLike<number>, wanted: readonly number[], what: string): void {
  const size = Math.max(...wanted.map(Math.abs));
  wanted.forEach((value, at) => {
    assert(Math.abs(found[at]! - value) <= 1e-5 * size, `${what}[${at}]: ${found[at]}, PyTorch has ${value}`);
  });
}

for (const { name, loss, start, losses, end } of golden.cases) {
  for (const form of ["sparse", "dense", "plain"] as const) {
    Deno.test(`golden: weights and categories, ${name}, ${form === "plain" ? "without accelerators" : form}`, async () => {
      using chunk = form === "dense" ? Chunk.fromArrays({ values, columns }) : sparse();
      using model = Model.create({
        ...{ columns, categories, seed: 1, threads: 2, dense: form === "dense", accelerators: form !== "plain" },
        encoder: [...joined, linear(3), { kind: "l1", weight: l1 }],
        decoder: [...joined, linear("output")],
        loss: loss as Loss,
        optimizer: { name: "sgd" },
      });
      model.weighColumns(Float32Array.from(golden.column_weights));
      model.build();
      const tensors = model.tensors().filter(({ role }) => role === "parameter");
      assert(tensors.length === Object.keys(start).length);
      for (const info of tensors) {
        const from = Float32Array.from((start as Record<string, number[]>)[info.name]!);
        await model.writeTensor(info, 0, info.shape[0]!, new Uint8Array(from.buffer));
      }
      using batches = new BatchCreator([chunk], 1, 1, { batchSize: batch, rowWeights, rowCategories });
      const trained = await model.train(batches, new Float64Array(losses.length).fill(rate), 1, 0);
      near(trained.losses, losses, "losses");
      for (const info of tensors) {
        const wanted = (end as Record<string, number[]>)[info.name]!, found = new Float32Array(wanted.length);
        await model.readTensor(info, 0, info.shape[0]!, new Uint8Array(found.buffer));
        near(found, wanted, info.name);
      }
    });
  }
}

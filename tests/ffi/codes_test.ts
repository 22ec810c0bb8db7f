/** Networks with layers that draw, keep state and add to the loss: a restored one goes on with the same bits. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { engine } from "../../ffi/library.ts";
import { type Layer, Model } from "../../ffi/model.ts";
import { ELEMENT_BYTES } from "../../ffi/model_types.ts";

engine(); // the library stays open: not a leak of the test that is first

const ROWS = fromFileUrl(new URL("../golden/rows.npz", import.meta.url));
const COLUMNS = 40, BATCH = 8, STEPS = 6;

const NOISE: readonly Layer[] = [
  { kind: "gaussian_noise", deviation: 0.1 },
  { kind: "salt_and_pepper", share: 0.1 },
  { kind: "mask_noise", share: 0.1 },
];
const ENCODERS: Readonly<Record<string, readonly Layer[]>> = {
  "variational in its warm-up": [
    { kind: "linear", size: 8 },
    { kind: "tanh" },
    { kind: "variational", size: 3, warm_up: { epochs: 0.5 } },
  ],
  "noise, jump_relu, l1, batch_top_k": [
    ...NOISE,
    { kind: "linear", size: 12 },
    { kind: "jump_relu", weight: 0.1, threshold: 0.1, bandwidth: 0.2 },
    { kind: "l1", weight: 0.01 },
    { kind: "batch_top_k", k: 3 },
  ],
  "top_k": [{ kind: "linear", size: 12 }, { kind: "relu" }, { kind: "top_k", k: 3 }],
};

function create(encoder: readonly Layer[], threads: number): Model {
  const model = Model.create({
    ...{ columns: COLUMNS, seed: 3, threads, encoder, decoder: [{ kind: "linear", size: "output" }] },
    loss: { kind: "mse", reduction: "row_mean" },
    optimizer: { name: "adam" },
    stepsPerEpoch: 10,
  });
  model.build();
  return model;
}

/** Trains the steps of an epoch from `first` on. */
async function train(model: Model, chunk: Chunk, first: number, count: number): Promise<number[]> {
  using batches = new BatchCreator([chunk], 2, 1, { batchSize: BATCH, firstBatch: first });
  const { losses } = await model.train(batches, new Float64Array(count).fill(0.01), 1, 0);
  return [...losses];
}

/** All that is saved, by name. */
async function saved(model: Model): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const all = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const info of model.tensors()) {
    const values = info.shape.reduce((product, size) => product * size, 1);
    const bytes = new Uint8Array(values * ELEMENT_BYTES[info.dtype]);
    await model.readTensor(info, 0, info.shape[0] ?? 1, bytes);
    all.set(`${info.role} ${info.name}`, bytes);
  }
  return all;
}

for (const [name, encoder] of Object.entries(ENCODERS)) {
  Deno.test(`a restored network goes on with the same bits: ${name}`, async () => {
    using chunk = await Chunk.open(ROWS);
    using whole = create(encoder, 1);
    const losses = await train(whole, chunk, 0, STEPS);
    assertEquals(losses.length, STEPS);

    using before = create(encoder, 2);
    assertEquals(await train(before, chunk, 0, 3), losses.slice(0, 3));
    const state = await saved(before);
    using after = create(encoder, 3);
    await train(after, chunk, 6, 2); // leaves something to be overwritten
    for (const info of after.tensors()) {
      await after.writeTensor(info, 0, info.shape[0] ?? 1, state.get(`${info.role} ${info.name}`)!);
    }
    after.step = before.step;
    assertEquals(await train(after, chunk, 3, STEPS - 3), losses.slice(3));
    assertEquals(await saved(after), await saved(whole));
  });
}

Deno.test("noise and samples are for training only; penalties count in both", async () => {
  using chunk = await Chunk.open(ROWS);
  for (const encoder of Object.values(ENCODERS)) {
    using model = create(encoder, 2);
    await train(model, chunk, 0, 4);
    const evaluate = async () => {
      using batches = new BatchCreator([chunk], 1, 1, { batchSize: BATCH });
      return await model.evaluate(batches);
    };
    const [first, second] = [await evaluate(), await evaluate()];
    assertEquals(first.loss, second.loss);
    const penalty = first.loss - first.sse / first.rows;
    if (encoder.some(({ kind }) => kind === "top_k")) assert(Math.abs(penalty) < 1e-6 * first.loss, String(penalty));
    else assert(penalty > 1e-3, String(penalty));
  }
});

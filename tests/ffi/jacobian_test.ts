/** Jacobians and outputs of layers, against PyTorch (tests/golden/make_jacobian.py) and against differences. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import golden from "../golden/jacobian.json" with { type: "json" };
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { engine } from "../../ffi/library.ts";
import { type Layer, Model, type ModelSpec } from "../../ffi/model.ts";

engine(); // the library stays open: not a leak of the test that is first

const { columns, latent } = golden;
type Case = typeof golden.cases[number];

async function built(
  { shape, encoder, decoder, weights }: Case,
  more: Partial<ModelSpec> & { readonly heads?: number; readonly last?: Layer } = {},
): Promise<Model> {
  const { heads = 1, last, ...spec } = more;
  const layers = decoder as readonly unknown[] as readonly Layer[];
  const model = Model.create({
    ...{ columns, seed: 1, threads: 2, dense: true, encoder: encoder as readonly unknown[] as readonly Layer[] },
    decoder: last ? [...layers.slice(0, -1), last] : layers,
    loss: { kind: "mse", reduction: "mean" },
    optimizer: { name: "adam" },
    ...shape ? { shape } : {},
    ...spec,
  });
  model.build();
  for (const [name, values] of Object.entries(weights as unknown as Record<string, number[]>)) {
    const info = model.tensors().find((tensor) => tensor.name === name && tensor.role === "parameter")!;
    const all = Float32Array.from(values),
      rows = info.shape[0]! / (name.startsWith(`decoder.${decoder.length - 1}.`) ? heads : 1);
    await model.writeTensor(info, 0, rows, new Uint8Array(all.buffer));
  }
  return model;
}

/** Row by row, of two rows: the golden one is the second. */
function chunkOf(x: readonly number[], dense: boolean): Chunk {
  const values = Float32Array.from([...x.map((_, i) => i % 3), ...x]);
  if (dense) return Chunk.fromArrays({ values, columns });
  const indptr = Int32Array.from([0, columns, 2 * columns]);
  return Chunk.fromArrays({
    ...{ indptr, indices: Int32Array.from(values, (_, i) => i % columns), data: values, columns },
  });
}

/** The largest error as a share of the largest value. */
function errorOf(found: ArrayLike<number>, wanted: readonly number[]): number {
  const size = Math.max(...wanted.map(Math.abs));
  return Math.max(...wanted.map((value, i) => Math.abs(found[i]! - value))) / size;
}

const OUTPUT: Layer = { kind: "linear", size: "output" };
const FORMS: Readonly<Record<string, Partial<ModelSpec> & { heads?: number; last?: Layer }>> = {
  "dense rows": {},
  "sparse rows": { dense: false },
  "without accelerators": { accelerators: false },
  "a factored output layer": { dense: false, last: { ...OUTPUT, solver: "factored" } },
  "two outputs a column": { loss: { kind: "zero_inflated_negative_binomial", reduction: "mean" }, heads: 2 },
};

for (const one of golden.cases) {
  for (const [form, more] of Object.entries(FORMS)) {
    if (one.shape !== null && form !== "dense rows" && form !== "without accelerators") continue;
    Deno.test(`jacobian: as PyTorch's in double, ${one.name}, ${form}`, async () => {
      using model = await built(one, more);
      const decoder = await model.decoderJacobian(Float32Array.from(one.z));
      assertEquals(decoder.length, columns * latent);
      const decoderError = errorOf(decoder, one.d_decoder);
      assert(decoderError < 1e-6, `decoder: ${decoderError}`);
      const some = await model.decoderJacobian(Float32Array.from(one.z), Uint32Array.of(7, 2));
      assertEquals([...some], [
        ...decoder.subarray(7 * latent, 8 * latent),
        ...decoder.subarray(2 * latent, 3 * latent),
      ]);
      using chunk = chunkOf(one.x, more.dense ?? true);
      using batches = new BatchCreator([chunk], 1, 1, { batchSize: 2, shuffle: false });
      const both = await model.encoderJacobian(batches, 2);
      assertEquals(both.length, 2 * latent * columns);
      const encoderError = errorOf(both.subarray(latent * columns), one.d_encoder);
      assert(encoderError < 1e-6, `encoder: ${encoderError}`);
    });
  }
}

Deno.test("jacobian: layers that compute something else in training are refused by name, others are not", async () => {
  const one = golden.cases[0]!;
  const make = (encoder: readonly Layer[], decoder: readonly Layer[]) =>
    built({ ...one, encoder, decoder, weights: {} } as unknown as Case);
  const z = Float32Array.from(one.z), linear: Layer = { kind: "linear", size: latent };
  const others: readonly Layer[] = [
    { kind: "dropout", rate: 0.5 },
    { kind: "batch_norm" },
    { kind: "gaussian_noise", deviation: 1 },
  ];
  for (const layer of others) {
    using decoding = await make([linear], [{ kind: "linear", size: 8 }, layer, OUTPUT]);
    await assertRejects(() => decoding.decoderJacobian(z), EngineError, `decoder.1 (${layer.kind})`);
    using encoding = await make([{ kind: "linear", size: 8 }, layer, linear], [OUTPUT]);
    await encoding.decoderJacobian(z);
    using chunk = chunkOf(one.x, true);
    using batches = new BatchCreator([chunk], 1, 1, { batchSize: 2, shuffle: false });
    await assertRejects(() => encoding.encoderJacobian(batches, 2), EngineError, `encoder.1 (${layer.kind})`);
  }
});

Deno.test("layer outputs: what enters the decoder are the latent vectors, and the layers' activations lie between", async () => {
  for (const one of golden.cases) {
    for (const more of [{}, { accelerators: false }]) {
      using model = await built(one, more);
      using chunk = chunkOf(one.x, true);
      const batches = () => new BatchCreator([chunk], 1, 1, { batchSize: 2, shuffle: false });
      using first = batches(), second = batches(), third = batches(), last = batches(), all = batches();
      const at = one.encoder.length - 1;
      const codes = await model.embed(first, 2);
      assertEquals(await model.layerOutputs(second, 2, at), codes);
      const before = await model.layerOutputs(third, 2, 0);
      assertEquals(before.length, 2 * model.layers()[0]!.outputs);
      const end = model.layers().length - 1;
      if (one.shape === null && !("accelerators" in more)) {
        await assertRejects(() => model.layerOutputs(last, 2, end), EngineError, "decoder.3");
      } else assertEquals(await model.layerOutputs(last, 2, end), await model.reconstruct(all, 2));
      await assertRejects(() => model.layerOutputs(last, 2, 99), EngineError, "layer: must be below");
      // Several layers in one pass: of each row what each of them gives by itself.
      const some = model.layers().map((_, layer) => layer).slice(0, -1), singly: Float32Array[] = [];
      for (const layer of some) {
        using own = batches();
        singly.push(await model.layerOutputs(own, 2, layer));
      }
      using together = batches();
      const given = await model.outputsOf(together, 2, some);
      assertEquals(
        [...given],
        [0, 1].flatMap((row) =>
          singly.flatMap((values) => [...values.subarray(row * values.length / 2, (row + 1) * values.length / 2)])
        ),
      );
      await assertRejects(() => model.outputsOf(together, 2, [1, 0]), EngineError, "layers: must rise");
    }
  }
});

Deno.test("jacobian: training goes on with the same bits", async () => {
  const one = golden.cases[0]!;
  const trained = async (asked: boolean) => {
    using model = await built(one, { dense: false });
    using chunk = chunkOf(one.x, false);
    const losses: number[] = [];
    for (let step = 0; step < 6; step++) {
      using batches = new BatchCreator([chunk], 1, 1, { batchSize: 2, shuffle: false });
      losses.push(...(await model.train(batches, new Float64Array(1).fill(0.01), 1, 0)).losses);
      if (!asked) continue;
      await model.decoderJacobian(Float32Array.from(one.z));
      using more = new BatchCreator([chunk], 1, 1, { batchSize: 2, shuffle: false });
      await model.encoderJacobian(more, 2);
      using others = new BatchCreator([chunk], 1, 1, { batchSize: 2, shuffle: false });
      await model.layerOutputs(others, 2, 1);
    }
    return losses;
  };
  assertEquals(await trained(true), await trained(false));
});

/** Jacobians and outputs of layers, against PyTorch (tests/golden/make_jacobian.py) and against differences. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import golden from "../golden/jacobian.json" with { type: "json" };
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { engine } from "../../ffi/library.ts";
import { type Layer, Model, type ModelSpec } from "../../ffi/model.ts";
import { everyLayer } from "../../ffi/model_types.ts";

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
      await assertRejects(() => model.layerOutputs(last, 2, 99), EngineError, "layer: must be");
      // Several layers in one pass: of each row what each of them gives by itself.
      const some = model.layers().map((_, layer) => layer).slice(0, -1), singly: Float32Array[] = [];
      for (const layer of some) {
        using own = batches();
        singly.push(await model.layerOutputs(own, 2, layer));
      }
      using together = batches();
      const names = some.map((layer) => `${model.layers()[layer]!.part}.${model.layers()[layer]!.index}`);
      const given = await model.outputsOf(together, 2, names);
      assertEquals(
        [...given],
        [0, 1].flatMap((row) =>
          singly.flatMap((values) => [...values.subarray(row * values.length / 2, (row + 1) * values.length / 2)])
        ),
      );
      await assertRejects(() => model.outputsOf(together, 2, ["encoder.77"]), EngineError, "none named encoder.77");
      await assertRejects(
        () => model.outputsOf(together, 2, []),
        EngineError,
        "layers: must be a list of at least one",
      );
    }
  }
});

Deno.test("layer outputs: layers within layers are described, and give what makes the result of the outer one", async () => {
  using model = await built({
    ...golden.cases[0]!,
    encoder: [
      { kind: "linear", size: 7 },
      { kind: "shortcut", layers: [{ kind: "relu" }, { kind: "linear", size: latent }], size: latent },
    ],
    decoder: [{ kind: "dense_skip", layers: [{ kind: "linear", size: 5 }, { kind: "tanh" }] }, OUTPUT],
    weights: {},
  } as unknown as Case);
  const through = 7 - latent;
  assertEquals(everyLayer(model.layers()).map(({ name, kind, input, output }) => [name, kind, ...input, ...output]), [
    ["encoder.0", "linear", columns, 7],
    ["encoder.1", "shortcut", 7, latent],
    ["encoder.1.layers.0", "relu", through, through],
    ["encoder.1.layers.1", "linear", through, latent],
    ["decoder.0", "dense_skip", latent, latent + 5],
    ["decoder.0.layers.0", "linear", latent, 5],
    ["decoder.0.layers.1", "tanh", 5, 5],
    ["decoder.1", "linear", latent + 5, columns],
  ]);
  const past = model.layers().map(({ past }) => past);
  assertEquals(past, [
    null,
    { first: through, size: latent, added: true },
    { first: 0, size: latent, added: false },
    null,
  ]);
  const parameters = everyLayer(model.layers()).map(({ parameters }) => parameters);
  assertEquals(parameters[3], latent * (through + 1));
  assertEquals(parameters[1], parameters[3]);
  using chunk = chunkOf(golden.cases[0]!.x, true);
  using batches = new BatchCreator([chunk], 1, 1, { batchSize: 2, shuffle: false });
  const names = [
    "encoder.0",
    "encoder.1.layers.0",
    "encoder.1.layers.1",
    "encoder.1",
    "decoder.0.layers.1",
    "decoder.0",
  ];
  const given = [...await model.outputsOf(batches, 2, names)], width = given.length / 2;
  for (const row of [0, 1]) {
    let at = row * width;
    const next = (count: number) => given.slice(at, at += count);
    const first = next(7), bent = next(through), made = next(latent), code = next(latent), inner = next(5);
    assertEquals(bent, first.slice(0, through).map((value) => Math.max(0, value)));
    assertEquals(code, made.map((value, i) => Math.fround(value + first[through + i]!)));
    assertEquals(next(latent + 5), [...code, ...inner]);
  }
});

Deno.test("layer outputs: neurons of a network of neurons make its outputs", async () => {
  for (const rounds of [1, 4]) {
    using model = await built({
      ...golden.cases[0]!,
      encoder: [
        { kind: "neuron_graph", size: latent, neurons: 9 + latent, rounds, fan_in: 3, activation: "sigmoid", parts: 2 },
      ],
      decoder: [OUTPUT],
      weights: {},
    } as unknown as Case);
    const read = async (name: string, rows: number) => {
      const info = model.tensors().find((tensor) => tensor.name === `encoder.0.${name}`)!;
      const values = new Float32Array(rows * (info.shape[1] ?? 1));
      await model.readTensor(info, 0, rows, new Uint8Array(values.buffer));
      return values;
    };
    const count = model.tensors().find(({ name }) => name === "encoder.0.edge_index")!.shape[1]!;
    const [edges, weights, bias] = [
      await read("edge_index", 2),
      await read("weight", count),
      await read("bias", 9 + latent),
    ];
    const { x } = golden.cases[0]!;
    using chunk = chunkOf(x, true);
    using batches = new BatchCreator([chunk], 1, 1, { batchSize: 2, shuffle: false });
    const all = await model.outputsOf(batches, 2, ["encoder.0", "encoder.0.neurons"]), width = 9 + 2 * latent;
    // Of the second row, in double.
    const sums = (before: readonly number[] | null) => {
      const z = Array.from(bias);
      for (let k = 0; k < count; k++) {
        const [from, to] = [edges[k]!, edges[count + k]! - columns];
        const value = from < columns ? x[from]! : before === null ? 0 : before[from - columns]!;
        z[to]! += weights[k]! * value;
      }
      return z;
    };
    let z = sums(null), v: number[] = z.map((z) => 1 / (1 + Math.exp(-z)));
    for (let round = 2; round < rounds; round++) v = sums(v).map((z) => 1 / (1 + Math.exp(-z)));
    if (rounds > 1) z = sums(v);
    const found = [...all.subarray(width)];
    for (const [i, value] of [...z.slice(9), ...v].entries()) {
      assert(Math.abs(found[i]! - value) < 1e-5, `${rounds} rounds, ${i}: ${found[i]} for ${value}`);
    }
    assertEquals(found.length, width);
    using again = new BatchCreator([chunk], 1, 1, { batchSize: 2, shuffle: false });
    await assertRejects(() => model.outputsOf(again, 2, ["decoder.0.neurons"]), EngineError);
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

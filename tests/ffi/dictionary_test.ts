/** Sparse autoencoders against PyTorch, resumed, and what is counted of their codes. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { engine } from "../../ffi/library.ts";
import { type Layer, Model } from "../../ffi/model.ts";
import { ELEMENT_BYTES } from "../../ffi/model_types.ts";
import golden from "../golden/dictionary.json" with { type: "json" };

engine(); // the library stays open: not a leak of the test that is first

const { columns, units } = golden, ROWS = golden.rows.length / columns;
const chunkOf = () => Chunk.fromArrays({ values: Float32Array.from(golden.rows), columns });
const DICTIONARY: readonly Layer[] = [{ kind: "dictionary", size: "output" }];

function create(encoder: readonly Layer[], threads: number, clip = 0, decoder = DICTIONARY): Model {
  const model = Model.create({
    ...{ columns, seed: 4, threads, dense: true, encoder, decoder, stepsPerEpoch: 1 },
    ...{ loss: { kind: "mse", reduction: "row_mean" }, optimizer: { name: "adam" } },
    gradientClip: clip,
  });
  model.build();
  return model;
}

type Settings = Pick<typeof golden.cases[number], "k" | "aux_weight" | "aux_k" | "dead_after">;
const codeOf = ({ k, aux_weight, aux_k, dead_after }: Settings): Layer[] => [
  { kind: "sparse_code", size: units, k, aux_weight, aux_k, dead_after },
];

async function write(model: Model, values: Readonly<Record<string, readonly number[]>>) {
  for (const info of model.tensors().filter(({ role }) => role === "parameter")) {
    const bytes = new Uint8Array(Float32Array.from(values[info.name]!).buffer);
    await model.writeTensor(info, 0, info.shape[0]!, bytes);
  }
}

async function saved(model: Model): Promise<Map<string, Float32Array>> {
  const all = new Map<string, Float32Array>();
  for (const info of model.tensors()) {
    const bytes = new Uint8Array(info.shape.reduce((product, size) => product * size, 1) * ELEMENT_BYTES[info.dtype]);
    await model.readTensor(info, 0, info.shape[0] ?? 1, bytes);
    all.set(`${info.role} ${info.name}`, new Float32Array(bytes.buffer));
  }
  return all;
}

async function train(model: Model, chunk: Chunk, steps: number, rate = golden.rate): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    using batches = new BatchCreator([chunk], 1, 1, { batchSize: ROWS });
    losses.push(...(await model.train(batches, Float64Array.of(rate), 1, 0)).losses);
  }
  return losses;
}

for (const each of golden.cases) {
  for (const [how, clip] of [["within the backward pass", 0], ["after the norm is known", 1e9]] as const) {
    Deno.test(`ten steps of PyTorch: k ${each.k}, aux_weight ${each.aux_weight}, updated ${how}`, async () => {
      using chunk = chunkOf();
      using model = create(codeOf(each), 2, clip);
      await write(model, golden.start);
      const losses = await train(model, chunk, each.losses.length);
      losses.forEach((loss, t) => assert(Math.abs(loss - each.losses[t]!) <= 2e-5 * each.losses[t]!, `step ${t}`));
      const found = await saved(model);
      for (const [name, values] of Object.entries(each.values)) {
        const own = found.get(`parameter ${name}`)!;
        assertEquals(own.length, values.length);
        values.forEach((value, i) => assert(Math.abs(own[i]! - value) <= 2e-4, `${name}[${i}]: ${own[i]}, ${value}`));
      }
      assertEquals([...found.get("buffer encoder.0.rows_since_active")!], each.rows_since_active);
    });
  }
}

Deno.test("a restored network goes on with the same bits, with any number of threads", async () => {
  using chunk = chunkOf();
  const code = codeOf(golden.cases[1]!);
  using whole = create(code, 1);
  const losses = await train(whole, chunk, 8);
  using before = create(code, 2);
  assertEquals(await train(before, chunk, 5), losses.slice(0, 5));
  const state = await saved(before);
  using after = create(code, 3);
  await train(after, chunk, 2); // leaves something to be overwritten
  for (const info of after.tensors()) {
    const bytes = new Uint8Array(state.get(`${info.role} ${info.name}`)!.buffer as ArrayBuffer);
    await after.writeTensor(info, 0, info.shape[0] ?? 1, bytes);
  }
  after.step = before.step;
  assertEquals(await train(after, chunk, 3), losses.slice(5));
  assertEquals(await saved(after), await saved(whole));
});

Deno.test("an evaluation counts in how many rows a unit is not 0; codes decode to the reconstruction", async () => {
  const top: readonly Layer[] = [{ kind: "linear", size: units }, { kind: "relu" }, { kind: "top_k", k: 3 }];
  for (const encoder of [codeOf(golden.cases[0]!), top]) {
    using chunk = chunkOf();
    using model = create(encoder, 2);
    assertThrows(() => model.codeSums(), EngineError, "no evaluation was begun");
    await train(model, chunk, 1);
    await model.beginEvaluation(ROWS, ROWS * columns, true);
    using evaluated = new BatchCreator([chunk], 1, 1, { batchSize: 5 });
    await model.evaluate(evaluated);
    await model.endEvaluation();
    using rows = new BatchCreator([chunk], 1, 1, { batchSize: ROWS });
    const codes = await model.embed(rows, ROWS);
    const expected = Array.from({ length: units }, (_, u) => {
      return Array.from({ length: ROWS }, (_, i) => codes[i * units + u]!).filter((value) => value !== 0).length;
    });
    assert(expected.reduce((sum, count) => sum + count, 0) > ROWS);
    assertEquals([...model.codeSums()], expected);
    using again = new BatchCreator([chunk], 1, 1, { batchSize: ROWS });
    const made = await model.reconstruct(again, ROWS), decoded = await model.decode(codes);
    made.forEach((value, i) => assert(Math.abs(value - decoded[i]!) <= 1e-5, `${value}, ${decoded[i]}`));
  }
  using plain = create([{ kind: "linear", size: 3 }], 1, 0, [{ kind: "linear", size: "output" }]);
  assertThrows(() => plain.codeSums(), EngineError, "does not end with a layer of few values");
});

Deno.test("looking at gradients between steps changes nothing", async () => {
  using chunk = chunkOf();
  using plain = create(codeOf(golden.cases[1]!), 2);
  using looked = create(codeOf(golden.cases[1]!), 2);
  const losses = await train(plain, chunk, 6);
  for (let step = 0; step < 6; step++) {
    assertEquals(await train(looked, chunk, 1), [losses[step]!]);
    using batches = new BatchCreator([chunk], 1, 1, { batchSize: ROWS });
    await looked.backward(batches);
    looked.zeroGradients();
    await looked.decoderJacobian(new Float32Array(units).fill(0.5));
  }
  assertEquals(
    await saved(looked).then((all) => new Map([...all].filter(([name]) => !name.startsWith("gradient")))),
    await saved(plain),
  );
});

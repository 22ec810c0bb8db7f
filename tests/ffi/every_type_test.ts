/**
 * Every layer, loss and optimizer of the vocabulary trains, and accelerated ends give what plain layers give. The types
 * are read from the vocabulary, so one that is added is covered, or the test that names it fails.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { engine } from "../../ffi/library.ts";
import { type Layer, Model, type ModelSpec } from "../../ffi/model.ts";
import { toLayer } from "../../core/config/layers.ts";
import { kindNamed, LAYERS, LOSSES, OPTIMIZERS } from "../../core/config/vocabulary.ts";
import {
  COLUMNS,
  layerExample,
  lossExample,
  lossShape,
  optimizerExample,
  SHAPES,
  variations,
} from "../helpers/every_type.ts";
import { random } from "../helpers/npz.ts";

engine(); // the library stays open: not a leak of the test that is first

const ROWS = 24, BATCH = 8, STEPS = 2;
const CATEGORIES = 3, rowCategories = Uint32Array.from({ length: ROWS }, (_, row) => row * 7 % CATEGORIES);

/** Rows of zeros and ones, which every loss takes, with some structure. */
function rowsOf(dense: boolean): Chunk {
  const next = random(11);
  const share = Array.from({ length: COLUMNS }, () => 0.2 + 0.6 * next());
  const values = Uint8Array.from({ length: ROWS * COLUMNS }, (_, i) => next() < share[i % COLUMNS]! ? 1 : 0);
  if (dense) return Chunk.fromArrays({ values, columns: COLUMNS });
  const indices: number[] = [], indptr = [0];
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++) if (values[row * COLUMNS + column] === 1) indices.push(column);
    indptr.push(indices.length);
  }
  return Chunk.fromArrays({
    indptr: Int32Array.from(indptr),
    indices: Int32Array.from(indices),
    data: new Float32Array(indices.length).fill(1),
    columns: COLUMNS,
  });
}

interface Trained {
  readonly losses: readonly number[];
  readonly evaluated: number;
  /** Of the first and the last layer. */
  readonly solvers: readonly string[];
  readonly parameters: Map<string, Float32Array>;
}

type Network = Pick<ModelSpec, "encoder" | "decoder"> & Partial<Pick<ModelSpec, "loss" | "optimizer" | "shape">>;

async function trained(network: Network, dense: boolean, accelerators: boolean): Promise<Trained> {
  using chunk = rowsOf(dense);
  using model = Model.create({
    ...{
      columns: COLUMNS,
      seed: 5,
      threads: 2,
      dense,
      accelerators,
      stepsPerEpoch: ROWS / BATCH,
      categories: CATEGORIES,
    },
    ...{ loss: { kind: "mse" }, optimizer: { name: "sgd" } },
    ...network,
  });
  model.build();
  const solvers = [model.layers()[0]!.solver, model.layers().at(-1)!.solver];
  using batches = new BatchCreator([chunk], 1, 1, { batchSize: BATCH, rowCategories });
  const { losses } = await model.train(batches, new Float64Array(STEPS).fill(0.05), 1, 0);
  using all = new BatchCreator([chunk], 1, 1, { batchSize: BATCH, rowCategories });
  const { loss } = await model.evaluate(all);
  const parameters = new Map<string, Float32Array>();
  for (const info of model.tensors().filter(({ role }) => role === "parameter")) {
    const values = new Float32Array(info.shape.reduce((product, size) => product * size, 1));
    await model.readTensor(info, 0, info.shape[0] ?? 1, new Uint8Array(values.buffer));
    parameters.set(info.name, values);
  }
  return { losses: [...losses], evaluated: loss, solvers, parameters };
}

/** Root of the mean square of the differences, as a share of that of the values. */
function difference(a: Float32Array, b: Float32Array): number {
  let apart = 0, size = 0;
  a.forEach((value, i) => {
    apart += (value - b[i]!) ** 2;
    size += value ** 2 + b[i]! ** 2;
  });
  return size === 0 ? 0 : Math.sqrt(2 * apart / size);
}

/** Trains both ways on sparse and on dense rows. `solvers`: what the ends are with accelerators, where they are any. */
async function checkBothWays(network: Network, ends: { first: boolean; last: boolean }): Promise<void> {
  const told = JSON.stringify(network);
  for (const dense of [false, true]) {
    const on = await trained(network, dense, true), off = await trained(network, dense, false);
    assertEquals(on.losses.length, STEPS, told);
    assertEquals([on.solvers[0] !== off.solvers[0], on.solvers[1] !== off.solvers[1]], [ends.first, ends.last], told);
    [...on.losses, on.evaluated].forEach((loss, i) => {
      const other = [...off.losses, off.evaluated][i]!;
      assert(Number.isFinite(loss) && Math.abs(loss - other) <= 1e-5 * Math.abs(other), `${told}: ${loss}, ${other}`);
    });
    assertEquals([...on.parameters.keys()], [...off.parameters.keys()]);
    for (const [name, values] of on.parameters) {
      const apart = difference(values, off.parameters.get(name)!);
      assert(apart <= 1e-4, `${told}: ${name} is ${apart} apart`);
    }
  }
}

const linear = (size: number | "output"): Layer => ({ kind: "linear", size });
const CODE: readonly Layer[] = [linear(12), { kind: "tanh" }, linear(6)];
const DECODER: readonly Layer[] = [linear(12), { kind: "tanh" }, linear("output")];

for (const kind of LAYERS) {
  Deno.test(`every layer trains, with accelerators and without: ${kind.name}`, async () => {
    const { form, raw } = layerExample(kind);
    const { [form]: shape } = SHAPES;
    const unflatten: Layer[] = shape.length > 1 ? [{ kind: "unflatten", shape }] : [];
    for (const layer of variations(kind, toLayer(raw))) {
      await checkBothWays({ encoder: [linear(COLUMNS), ...unflatten, layer, ...CODE], decoder: DECODER }, {
        first: true,
        last: true,
      });
      const isClaimed = kind.name === "linear";
      await checkBothWays({ shape, encoder: [layer, ...CODE], decoder: DECODER }, { first: isClaimed, last: true });
    }
  });
}

for (const kind of LOSSES) {
  Deno.test(`every loss trains, with accelerators and without: ${kind.name}`, async () => {
    for (const loss of variations(kind, lossExample(kind))) {
      const ends = { first: true, last: kind.separable };
      await checkBothWays({ shape: lossShape(kind), encoder: CODE, decoder: DECODER, loss }, ends);
    }
  });
}

for (const kind of OPTIMIZERS) {
  Deno.test(`every optimizer trains, with accelerators and without: ${kind.name}`, async () => {
    for (const optimizer of variations(kind, optimizerExample(kind))) {
      await checkBothWays({ encoder: CODE, decoder: DECODER, optimizer }, { first: true, last: true });
    }
  });
}

Deno.test("the factored output layer trains with each of its updates, and is refused without accelerators", async () => {
  const updates = kindNamed(LAYERS, "linear").fields.find(({ name }) => name === "update")!.words!;
  assert(updates.length > 1);
  for (const update of updates) {
    const last: Layer = { kind: "linear", size: "output", solver: "factored", update };
    const network = { encoder: CODE, decoder: [...DECODER.slice(0, -1), last] };
    const { losses, evaluated, solvers } = await trained(network, false, true);
    assertEquals(solvers[1], "factored");
    assert([...losses, evaluated].every(Number.isFinite), `${update}: ${losses}, ${evaluated}`);
    await assertRejects(() => trained(network, false, false), EngineError, "accelerators are off");
  }
});

Deno.test("a type without an example that needs a setting is named", () => {
  const field = { name: "size", type: "count", about: "a size" } as const;
  assertThrows(() => layerExample({ name: "new_layer", about: "", fields: [field] }), Error, "new_layer: needs size");
});

import { assert, assertEquals } from "@std/assert";
import { BatchCreator } from "../../../ffi/batches.ts";
import { Chunk } from "../../../ffi/chunk.ts";
import { type Layer, Model } from "../../../ffi/model.ts";
import { ensureEngine } from "../../../core/build/ensure.ts";
import { type RawLayer, toLayer } from "../../../core/config/layers.ts";
import { layerOutputs, weightsNamed } from "../../../core/train/layer_values.ts";
import { strongestOf } from "../../../core/diagnostics/network.ts";
import { chain, COLUMNS, type Form, SHAPES } from "../../helpers/every_type.ts";

/** Layers that are in no chain: one needs categories, the other hides what only a loss of its own sees. */
const APART = ["covariate", "mask_tokens"];

const row = () => Float32Array.from({ length: COLUMNS }, (_, i) => Math.sin(3 * i) + 0.2);
const layers = (raw: readonly RawLayer[]): Layer[] => raw.map(toLayer);

function network(shape: readonly number[], encoder: Layer[], decoder: Layer[]): Model {
  const model = Model.create({
    columns: COLUMNS,
    ...shape.length > 1 ? { shape } : {},
    seed: 3,
    threads: 1,
    dense: true,
    encoder,
    decoder,
    loss: { kind: "mse", reduction: "mean" },
    optimizer: { name: "sgd" },
  });
  model.build();
  return model;
}

async function check(model: Model): Promise<number> {
  using chunk = Chunk.fromArrays({ values: row(), columns: COLUMNS, rows: 1 });
  const batches = () => new BatchCreator([chunk], 1, 1, { batchSize: 1 });
  using first = batches();
  using second = batches();
  const latent = await model.embed(first, 1), rebuilt = await model.reconstruct(second, 1);
  const outputs = await layerOutputs(model, row(), latent, 1);
  const last = (part: string) => outputs.findLast((output) => output.name.startsWith(part))!.values;
  let compared = 0;
  for (const [found, wanted] of [[last("encoder"), latent], [last("decoder"), rebuilt]] as const) {
    assert(found !== null, outputs.filter((o) => o.values === null).map((o) => `${o.name} ${o.kind}`).join(", "));
    const scale = Math.max(1, ...wanted.map(Math.abs));
    found.forEach((value, i) => assert(Math.abs(value - wanted[i]!) <= 1e-4 * scale, `${value} is not ${wanted[i]}`));
    compared += found.length;
  }
  return compared;
}

for (const form of Object.keys(SHAPES) as Form[]) {
  Deno.test(`the layers of a network, one by one, give its latent vector and its reconstruction: ${form} rows`, async () => {
    await ensureEngine({ quiet: true });
    const all = layers(chain(form)).filter(({ kind }) => !APART.includes(kind));
    using model = network([COLUMNS], [...all, { kind: "linear", size: 5 }], [
      { kind: "linear", size: COLUMNS },
      ...all,
      { kind: "linear", size: "output" },
    ]);
    assert(await check(model) > COLUMNS);
  });
}

Deno.test("a layer with tied weights has no values of its own, nor have those behind it", async () => {
  await ensureEngine({ quiet: true });
  using model = network([COLUMNS], layers([{ linear: 6 }, "relu"]), [
    { kind: "linear", size: "output", tied: true },
    { kind: "tanh" },
  ]);
  const outputs = await layerOutputs(model, row(), new Float32Array(6), 1);
  assertEquals(outputs.map(({ name, values }) => [name, values?.length ?? null]), [
    ["encoder.0", 6],
    ["encoder.1", 6],
    ["decoder.0", null],
    ["decoder.1", null],
  ]);
  assertEquals((await weightsNamed(model, "encoder.0.weight"))!.shape, [6, COLUMNS]);
  assertEquals(await weightsNamed(model, "encoder.9.weight"), null);
});

Deno.test("the strongest weights are those of the largest absolute value", () => {
  const values = Float32Array.from({ length: 5000 }, (_, i) => ((i * 7919) % 5000 - 2500) / 100);
  const wanted = [...values.keys()].sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || a - b).slice(0, 40);
  assertEquals(strongestOf(values, 40), wanted);
  assertEquals(strongestOf(values, 0), []);
  assertEquals(strongestOf(new Float32Array(9), 4), [], "a weight of 0 connects nothing");
});

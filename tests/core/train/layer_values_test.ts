import { assert, assertEquals } from "@std/assert";
import { BatchCreator } from "../../../ffi/batches.ts";
import { Chunk } from "../../../ffi/chunk.ts";
import { type Batches, type Layer, Model } from "../../../ffi/model.ts";
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
  const ofRow = async (_width: number, of: (batches: Batches, rows: number) => Promise<Float32Array>) => {
    using batches = new BatchCreator([chunk], 1, 1, { batchSize: 1 });
    return await of(batches, 1);
  };
  const latent = await ofRow(0, (batches) => model.embed(batches, 1));
  const rebuilt = await ofRow(0, (batches) => model.reconstruct(batches, 1));
  const outputs = await layerOutputs(model, ofRow);
  const last = (part: string) => outputs.findLast((output) => output.name.startsWith(part))!.values;
  let compared = 0;
  for (const [found, wanted] of [[last("encoder"), latent], [last("decoder"), rebuilt]] as const) {
    const scale = Math.max(1, ...wanted.map(Math.abs));
    found!.forEach((value, i) => assert(Math.abs(value - wanted[i]!) <= 1e-4 * scale, `${value} is not ${wanted[i]}`));
    compared += found!.length;
  }
  for (const { name, kind, values, shape } of outputs) {
    assertEquals(values?.length, shape.reduce((product, n) => product * n, 1), `${name} ${kind}`);
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

Deno.test("weights are read by the names under which they are saved", async () => {
  await ensureEngine({ quiet: true });
  using model = network([COLUMNS], layers([{ linear: 6 }, "relu"]), [{ kind: "linear", size: "output", tied: true }]);
  assert(await check(model) > COLUMNS);
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

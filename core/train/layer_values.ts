/** What each layer of a trained network gives for one row, computed layer by layer by the engine. */
import { Chunk } from "../../ffi/chunk.ts";
import { BatchCreator } from "../../ffi/batches.ts";
import { type Layer, type LayerInfo, Model } from "../../ffi/model.ts";
import { EngineError } from "../../ffi/error.ts";
import type { LayerOutput, Weights } from "../diagnostics/diagnostic.ts";
import { isParameter } from "./tensors.ts";

/** Layers of more weights than this are not computed a second time. */
const WEIGHTS_MAX = 100_000_000;

const nameOf = ({ part, index }: LayerInfo) => `${part}.${index}`;

/** A network whose encoder is this layer alone. Its decoder is as small as one can be, and is not used. */
function alone({ kind, input, inputs, outputs, settings }: LayerInfo, threads: number): Model {
  // What a layer's products are done by makes no difference to what it gives.
  const { solver: _solver, update: _update, free: _free, ...rest } = settings;
  const layer: Layer = rest.size === "output" ? { kind, ...rest, size: outputs } : { kind, ...rest };
  return Model.create({
    columns: inputs,
    ...input.length > 1 ? { shape: input } : {},
    seed: 0,
    threads,
    dense: true,
    encoder: [layer],
    decoder: [{ kind: "linear", size: 1 }, { kind: "linear", size: "output", solver: "dense" }],
    loss: { kind: "mse", reduction: "mean" },
    optimizer: { name: "sgd" },
  });
}

/** Copies the parameters of a layer of one network to the first layer of another's encoder. */
async function copyWeights(from: Model, layer: LayerInfo, to: Model): Promise<void> {
  const prefix = `${nameOf(layer)}.`;
  const sources = new Map(from.tensors().filter(isParameter).map((info) => [info.name, info]));
  for (const target of to.tensors().filter((info) => isParameter(info) && info.name.startsWith("encoder.0."))) {
    const source = sources.get(prefix + target.name.slice("encoder.0.".length));
    if (source === undefined || String(source.shape) !== String(target.shape)) {
      throw new EngineError("unsupported", `${target.name} has no counterpart in ${prefix.slice(0, -1)}`);
    }
    const rows = target.shape[0] ?? 1;
    const element = target.dtype === "F64" || target.dtype === "I64" ? 8 : 4;
    const bytes = new Uint8Array(element * target.shape.reduce((product, size) => product * size, 1));
    await from.readTensor(source, 0, rows, bytes);
    await to.writeTensor(target, 0, rows, bytes);
  }
}

async function outputOf(model: Model, layer: LayerInfo, input: Float32Array<ArrayBuffer>, threads: number) {
  using one = alone(layer, threads);
  one.build();
  await copyWeights(model, layer, one);
  using chunk = Chunk.fromArrays({ values: input, columns: layer.inputs, rows: 1 });
  using batches = new BatchCreator([chunk], 1, 1, { batchSize: 1 });
  return await one.embed(batches, 1);
}

/**
 * The output of every layer for one row, as in evaluation: without noise and dropout. A layer that cannot be computed by itself,
 * such as one with tied weights or with the rows' categories, has null, and so have those that follow it in the encoder or the
 * decoder.
 * @param input what the network gets of the row
 * @param latent its latent vector, with which the decoder begins
 */
export async function layerOutputs(
  model: Model,
  input: Float32Array<ArrayBuffer>,
  latent: Float32Array<ArrayBuffer>,
  threads: number,
): Promise<LayerOutput[]> {
  let values: Float32Array<ArrayBuffer> | null = input;
  let part: LayerInfo["part"] = "encoder";
  const outputs: LayerOutput[] = [];
  for (const layer of model.layers()) {
    if (layer.part !== part) [part, values] = [layer.part, latent];
    const before: Float32Array<ArrayBuffer> | null = values;
    values = null;
    if (before !== null && before.length === layer.inputs && layer.parameters <= WEIGHTS_MAX) {
      try {
        values = await outputOf(model, layer, before, threads);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
      }
    }
    outputs.push({
      name: nameOf(layer),
      kind: layer.kind,
      shape: layer.output,
      values: values !== null && values.length === layer.outputs ? values : null,
      parameters: layer.parameters,
    });
  }
  return outputs;
}

/** A parameter of the network as it is saved; null if there is none of that name, or it has more than 100 million values. */
export async function weightsNamed(model: Model, name: string): Promise<Weights | null> {
  const info = model.tensors().find((tensor) => tensor.name === name && isParameter(tensor));
  if (info === undefined || info.dtype !== "F32") return null;
  const size = info.shape.reduce((product, n) => product * n, 1);
  if (size > WEIGHTS_MAX) return null;
  const values = new Float32Array(size);
  await model.readTensor(info, 0, info.shape[0] ?? 1, new Uint8Array(values.buffer));
  return { shape: info.shape, values };
}

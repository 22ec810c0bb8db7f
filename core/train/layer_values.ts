/** What each layer of a trained network gives for one row, and its weights. */
import { EngineError } from "../../ffi/error.ts";
import type { Batches, Model } from "../../ffi/model.ts";
import type { LayerOutput, Weights } from "../diagnostics/diagnostic.ts";
import { isParameter } from "./tensors.ts";

/** Tensors of more values than this are not looked at. */
const WEIGHTS_MAX = 100_000_000;

/** What `of` gives for the batches of the row: `width` values. */
export type OfRow = (
  width: number,
  of: (batches: Batches, rows: number) => Promise<Float32Array>,
) => Promise<Float32Array>;

/**
 * The output of every layer for one row, as in evaluation: without noise and dropout. An output layer whose values are made with the
 * loss has the reconstruction.
 */
export async function layerOutputs(model: Model, ofRow: OfRow): Promise<LayerOutput[]> {
  const layers = model.layers();
  const outputs: LayerOutput[] = [];
  for (const [i, layer] of layers.entries()) {
    const { part, index, kind, output: shape, parameters } = layer;
    let values: Float32Array | null = null;
    try {
      values = await ofRow(layer.outputs, (batches, rows) => model.layerOutputs(batches, rows, i));
    } catch (error) {
      if (!(error instanceof EngineError) || error.status !== "unsupported") throw error;
      if (i === layers.length - 1 && layer.outputs === model.columns) {
        values = await ofRow(model.columns, (batches, rows) => model.reconstruct(batches, rows));
      }
    }
    outputs.push({ name: `${part}.${index}`, kind, shape, values, parameters });
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

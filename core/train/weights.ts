/** Histograms of a network's weights. */
import type { Model, TensorInfo } from "../../ffi/model.ts";
import { histogramOf } from "../events/histograms.ts";
import type { EventStream, WeightsEvent } from "../events/mod.ts";
import { tensorSizes } from "../formats/tensor.ts";
import type { TrainState } from "./state.ts";

/** Values of a tensor that are looked at, at most or one row of it; of a larger tensor they are from evenly spread rows. */
export const VALUES_MAX = 1 << 20;
const BLOCKS = 16;

/** First row and number of rows of the blocks of a tensor that are looked at. */
export function blocksOf({ rows, values }: { rows: number; values: number }): { first: number; rows: number }[] {
  if (rows * values <= VALUES_MAX) return [{ first: 0, rows }];
  const kept = Math.max(1, Math.floor(VALUES_MAX / values));
  const blocks = Math.min(BLOCKS, kept);
  const each = Math.floor(kept / blocks);
  return Array.from(
    { length: blocks },
    (_, i) => ({ first: Math.floor(i * (rows - each) / Math.max(1, blocks - 1)), rows: each }),
  );
}

async function valuesOf(model: Model, info: TensorInfo): Promise<Float32Array> {
  const { rows, rowBytes } = tensorSizes(info);
  const blocks = blocksOf({ rows, values: rowBytes / 4 });
  const bytes = new Uint8Array(blocks.reduce((sum, block) => sum + block.rows * rowBytes, 0));
  let at = 0;
  for (const block of blocks) {
    const into = bytes.subarray(at, at += block.rows * rowBytes);
    await model.readTensor(info, block.first, block.rows, into);
  }
  return new Float32Array(bytes.buffer);
}

/** A histogram of each tensor of weights. The network must not be in use. */
async function weightHistograms(model: Model): Promise<WeightsEvent["tensors"]> {
  const tensors: WeightsEvent["tensors"][number][] = [];
  for (const info of model.tensors()) {
    if (info.role !== "parameter" || info.dtype !== "F32") continue;
    tensors.push({ name: info.name, ...histogramOf(await valuesOf(model, info)) });
  }
  return tensors;
}

/** Tells the histograms of an epoch. A failure is a warning: a logger is not worth a run. */
export async function tellWeights(
  events: EventStream,
  model: Model,
  state: Pick<TrainState, "step" | "seconds">,
  epoch: number,
  warn: (text: string) => void = () => {},
): Promise<void> {
  const begun = performance.now();
  try {
    events.emit({ event: "weights", step: state.step, epoch, tensors: await weightHistograms(model) });
  } catch (error) {
    warn(`no histograms of the weights of epoch ${epoch}: ${error instanceof Error ? error.message : error}`);
  }
  state.seconds.diagnostics += (performance.now() - begun) / 1000;
}

/**
 * Histograms of the weights in a checkpoint, and of what its optimizer knows of their gradients. They are read from its files, so
 * that training does not wait for them.
 */
import { join } from "@std/path";
import { exists } from "../formats/file.ts";
import { SafetensorsFile } from "../formats/safetensors.ts";
import { tensorSizes } from "../formats/tensor.ts";
import { type Histogram, histogramOf } from "./histograms.ts";

/** Values of a tensor that are looked at, at most or one row of it; of a larger tensor they are from evenly spread rows. */
export const VALUES_MAX = 1 << 20;
const BLOCKS = 16;

/** First row and number of rows of the blocks of a tensor that are looked at. @param values of a row */
export function blocksOf({ rows, values }: { rows: number; values: number }): { first: number; rows: number }[] {
  if (rows * values <= VALUES_MAX) return [{ first: 0, rows }];
  const kept = Math.max(1, Math.floor(VALUES_MAX / values));
  const blocks = Math.min(BLOCKS, kept);
  const each = Math.floor(kept / blocks);
  return Array.from({ length: blocks }, (_, i) => {
    return { first: Math.floor(i * (rows - each) / Math.max(1, blocks - 1)), rows: each };
  });
}

export type NamedHistogram = { readonly name: string } & Histogram;

/** What the names of the histograms begin with. */
export const WEIGHTS = "weights/", GRADIENT_MEAN = "gradient_mean/", MOMENTUM = "momentum/";

/**
 * The name of a tensor of the optimizer: of Adam's first moment, which is the running mean of the gradients, and of the momentum
 * of SGD and RMSprop, which is their running sum. Null of what is no such thing.
 */
function gradientName(tensor: string): string | null {
  const [, name, state] = /^(.+)\.(exp_avg|momentum_buffer)$/.exec(tensor) ?? [];
  return name === undefined ? null : `${state === "exp_avg" ? GRADIENT_MEAN : MOMENTUM}${name}`;
}

/**
 * A histogram of each tensor of numbers of 32 bits: the weights as `weights/NAME`, then what the optimizer keeps of the gradients,
 * as `gradient_mean/NAME` or `momentum/NAME`.
 * @param checkpoint its folder
 * @returns null where the checkpoint is gone, because newer ones have replaced it
 */
export async function histogramsOf(checkpoint: string): Promise<NamedHistogram[] | null> {
  const weights = await ofFile(join(checkpoint, "model.safetensors"), (tensor) => `${WEIGHTS}${tensor}`);
  if (weights === null) return null;
  return [...weights, ...await ofFile(join(checkpoint, "optimizer.safetensors"), gradientName) ?? []];
}

/** @param nameOf the name of a tensor's histogram; null where there is none of it */
async function ofFile(path: string, nameOf: (tensor: string) => string | null): Promise<NamedHistogram[] | null> {
  let file: SafetensorsFile;
  try {
    file = await SafetensorsFile.open(path);
  } catch (error) {
    if (!await exists(path)) return null;
    throw error;
  }
  using opened = file;
  const histograms: NamedHistogram[] = [];
  for (const [tensor, info] of opened.tensors) {
    const name = nameOf(tensor);
    if (info.dtype !== "F32" || name === null) continue;
    const { rows, rowBytes } = tensorSizes(info);
    const blocks = blocksOf({ rows, values: rowBytes / 4 });
    const bytes = new Uint8Array(blocks.reduce((sum, block) => sum + block.rows * rowBytes, 0));
    let at = 0;
    for (const block of blocks) {
      await opened.read(tensor, block.first, block.rows, bytes.subarray(at, at += block.rows * rowBytes));
    }
    histograms.push({ name, ...histogramOf(new Float32Array(bytes.buffer)) });
  }
  return histograms;
}

/** Histograms of the weights in a checkpoint. They are read from its file, so that training does not wait for them. */
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

/**
 * A histogram of each tensor of numbers of 32 bits.
 * @param checkpoint its folder
 * @returns null where the checkpoint is gone, because newer ones have replaced it
 */
export async function weightsOf(checkpoint: string): Promise<NamedHistogram[] | null> {
  const path = join(checkpoint, "model.safetensors");
  let file: SafetensorsFile;
  try {
    file = await SafetensorsFile.open(path);
  } catch (error) {
    if (!await exists(path)) return null;
    throw error;
  }
  using opened = file;
  const histograms: NamedHistogram[] = [];
  for (const [name, info] of opened.tensors) {
    if (info.dtype !== "F32") continue;
    const { rows, rowBytes } = tensorSizes(info);
    const blocks = blocksOf({ rows, values: rowBytes / 4 });
    const bytes = new Uint8Array(blocks.reduce((sum, block) => sum + block.rows * rowBytes, 0));
    let at = 0;
    for (const block of blocks) {
      await opened.read(name, block.first, block.rows, bytes.subarray(at, at += block.rows * rowBytes));
    }
    histograms.push({ name, ...histogramOf(new Float32Array(bytes.buffer)) });
  }
  return histograms;
}

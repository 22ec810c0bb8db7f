/**
 * Counts which of the directions of data/superposition a trained dictionary has found: those to which one of its directions has a
 * cosine of at least 0.9.
 *
 *     deno run -A scripts/match_directions.ts RUN [CHECKPOINT]
 */
import { fromFileUrl } from "@std/path";
import { readNetwork } from "../core/export/network.ts";
import { tensorBytes, tensorNamed } from "../core/export/weights.ts";
import { SafetensorsFile } from "../core/formats/safetensors.ts";
import { tensorSizes, type TensorSource } from "../core/formats/tensor.ts";

const LEAST = 0.9;
const TRUTH = fromFileUrl(new URL("../data/superposition/directions.safetensors", import.meta.url));

export interface Matches {
  readonly directions: number;
  readonly found: number;
  /** For each direction the largest cosine to one of the dictionary's. */
  readonly cosines: readonly number[];
}

async function valuesOf(source: TensorSource): Promise<Float32Array> {
  const bytes = new Uint8Array(tensorSizes(source).bytes);
  let at = 0;
  for await (const piece of tensorBytes(source)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return new Float32Array(bytes.buffer);
}

/** @param run a run folder of a network whose last layer is a dictionary */
export async function matchDirections(run: string, checkpoint?: string): Promise<Matches> {
  using file = await SafetensorsFile.open(TRUTH);
  using network = await readNetwork(run, checkpoint, () => {});
  const truth = file.source("directions"), weight = tensorNamed(network, `${network.decoder.at(-1)!.name}.weight`);
  const [directions, width] = truth.shape as [number, number];
  if (weight.shape[1] !== width) throw new Error(`${run}: the directions have ${weight.shape[1]} values, not ${width}`);
  const [known, found] = [await valuesOf(truth), await valuesOf(weight)];
  const cosines = Array.from({ length: directions }, (_, d) => {
    let largest = -1;
    for (let u = 0; u < weight.shape[0]!; u++) {
      let cosine = 0;
      for (let i = 0; i < width; i++) cosine += known[d * width + i]! * found[u * width + i]!;
      largest = Math.max(largest, cosine);
    }
    return largest;
  });
  return { directions, found: cosines.filter((cosine) => cosine >= LEAST).length, cosines };
}

if (import.meta.main) {
  const [run, checkpoint] = Deno.args;
  if (run === undefined) throw new Error("give a run folder");
  const { directions, found, cosines } = await matchDirections(run, checkpoint);
  const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / directions;
  console.log(
    `${found} of ${directions} directions have a cosine of at least ${LEAST}; the mean is ${mean.toFixed(4)}`,
  );
}

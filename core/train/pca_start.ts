/** The weights with which a network begins as a principal component analysis: `model.start: pca`. */
import type { Model } from "../../ffi/model.ts";
import type { PcaFit } from "../baseline/pca.ts";
import { isAdaptive } from "../config/properties.ts";
import type { Config } from "../config/types.ts";
import { feed } from "../data/feed.ts";
import { reading } from "../data/sample.ts";
import type { Part, Source } from "../data/source.ts";
import { networkLayers } from "./network.ts";

/** Factors of the learning rate by layer. */
export type Rates = Readonly<Record<string, number>>;

/** The most validation rows by which a refit chooses the ridge. */
const HELD_OUT = 2000;

const X = (name: string, fallback: number) => Number(Deno.env.get(`NRW_X_${name}`) ?? fallback);

/** Writes P, the mean and zeros into a new network. */
export async function startAtPca(config: Config, source: Source, model: Model, fit: PcaFit): Promise<Rates> {
  const { encoder, decoder } = networkLayers(config, source);
  const { columns, components, count, mean, variances } = fit;
  const first = encoder.findIndex(({ kind }) => kind === "linear"), last = decoder.length - 1;
  const latent = model.latentSize;
  const captured = variances.reduce((sum, value) => sum + value, 0);
  const scale = captured > 0 ? Math.sqrt(latent / captured) : 1;
  const tensors = model.tensors();
  const write = async (name: string, firstRow: number, values: Float32Array<ArrayBuffer>) => {
    const info = tensors.find((tensor) => tensor.name === name && tensor.role === "parameter")!;
    const width = info.shape.slice(1).reduce((product, size) => product * size, 1);
    await model.writeTensor(info, firstRow, values.length / width, new Uint8Array(values.buffer));
  };
  const outputs = tensors.find(({ name }) => name === `encoder.${first}.weight`)!.shape[0]!;
  const p = new Float32Array(latent * columns), bias = new Float32Array(latent);
  for (let k = 0; k < count; k++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) {
      const value = scale * components[k * columns + j]!;
      p[k * columns + j] = value;
      sum += value * mean[j]!;
    }
    bias[k] = -sum;
  }
  await write(`encoder.${first}.weight`, outputs - latent, p);
  await write(`encoder.${first}.bias`, outputs - latent, bias);
  const hidden = outputs - latent;
  if (hidden > 0 && X("H0", 0) > 0) {
    // hidden units that see the components at unit variance
    const w = new Float32Array(hidden * columns), b = new Float32Array(hidden);
    let state = 12345;
    const normal = () => {
      let sum = 0;
      for (let i = 0; i < 12; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        sum += state / 2 ** 32;
      }
      return sum - 6;
    };
    for (let i = 0; i < hidden; i++) {
      for (let k = 0; k < count; k++) {
        const r = normal() / Math.sqrt(count * Math.max(variances[k]!, 1e-30)) * X("H0", 1);
        for (let j = 0; j < columns; j++) w[i * columns + j]! += r * components[k * columns + j]!;
      }
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += w[i * columns + j]! * mean[j]!;
      b[i] = normal() * 0.5 - sum;
    }
    await write(`encoder.${first}.weight`, 0, w);
    await write(`encoder.${first}.bias`, 0, b);
  }
  const rates: Record<string, number> = {};
  const rms = Math.sqrt(Math.max(0, fit.meanSquare - mean.reduce((sum, m) => sum + m * m, 0) - captured) / columns);
  const adaptive = isAdaptive(config.optimizer);
  if (adaptive && encoder.length > 0) rates[`encoder.${first}`] = Math.min(1, X("CIN", 32) / fit.meanAbsolute);
  if (decoder[last]!.solver !== "factored") {
    const features = tensors.find(({ name }) => name === `decoder.${last}.weight`)!.shape[1]!;
    const w = new Float32Array(columns * features);
    for (let k = 0; k < count; k++) {
      for (let j = 0; j < columns; j++) w[j * features + k] = components[k * columns + j]! / scale;
    }
    await write(`decoder.${last}.weight`, 0, w);
    await write(`decoder.${last}.bias`, 0, mean.slice());
    if (adaptive) rates[`decoder.${last}`] = Math.min(10, rms * X("COUT", 1));
  }
  for (const [layer, rate] of Object.entries(rates)) model.setRate(layer, rate);
  if (Deno.env.get("NRW_X_LOG")) console.error({ scale, rms, rates, meanAbs: fit.meanAbsolute });
  return rates;
}

/** Solves for the factored output layer from all training rows, with the layers before it as they are. */
export async function refit(config: Config, source: Source, model: Model): Promise<void> {
  const { data, seed } = config;
  async function* batches(part: Part, most: number | null) {
    const { plan, rows } = reading(source, part, data, { most, seed });
    const options = { data, seed: 0, epoch: 0, part, training: false, rows } as const;
    for await (const open of feed(plan, options)) yield open.batches;
  }
  await model.refit(batches("train", null), batches("validation", HELD_OUT));
}

/** The weights with which a network begins as a principal component analysis: `model.start: pca`. */
import type { Model, TensorInfo } from "../../ffi/model.ts";
import type { PcaFit } from "../baseline/pca.ts";
import { isAdaptive } from "../config/properties.ts";
import type { Config } from "../config/types.ts";
import type { Source } from "../data/source.ts";
import { networkLayers } from "./network.ts";
import { endsFlat, isTied } from "./start_layers.ts";
import type { Started } from "./state.ts";

/**
 * An adaptive rule moves each weight by about the learning rate, so a unit's sum moves by the rate times the sum of its inputs'
 * absolute values. The rate of the first layer is lowered where this sum is larger than that of so many inputs of size 1, as hidden
 * layers have them: rows of thousands of values would otherwise be forgotten in a step.
 */
const INPUTS = 32;
/** The most by which the output layer's rate is raised for data of a large scale. */
const MOST_RATE = 100;

/**
 * Hidden units expect inputs of size 1 about 0 (LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998). Random weights w of
 * standard deviation (3 columns)^-1/2 make sums of the size of the rows' root mean square: where that is above 1, as of integers of
 * a converter, w x + b becomes w (x - m) / deviation + b.
 */
async function standardise(model: Model, tensors: readonly TensorInfo[], first: number, hidden: number, fit: PcaFit) {
  const { columns, mean, meanSquare } = fit;
  const about = Math.max(0, meanSquare - mean.reduce((sum, m) => sum + m * m, 0));
  const size = Math.sqrt(meanSquare / columns / 3), deviation = Math.sqrt(about / columns / 3);
  if (!(size > 1) || deviation === 0) return;
  const factor = Math.min(1, 1 / deviation);
  const at = (name: string) => tensors.find((tensor) => tensor.name === name && tensor.role === "parameter")!;
  const weight = at(`encoder.${first}.weight`), bias = at(`encoder.${first}.bias`);
  const offsets = new Float32Array(hidden), row = new Float32Array(columns);
  await model.readTensor(bias, 0, hidden, new Uint8Array(offsets.buffer));
  for (let unit = 0; unit < hidden; unit++) {
    await model.readTensor(weight, unit, 1, new Uint8Array(row.buffer));
    let sum = 0;
    for (let j = 0; j < columns; j++) {
      row[j]! *= factor;
      sum += row[j]! * mean[j]!;
    }
    offsets[unit]! -= sum;
    await model.writeTensor(weight, unit, 1, new Uint8Array(row.buffer));
  }
  await model.writeTensor(bias, 0, hidden, new Uint8Array(offsets.buffer));
}

/** What both ends of a start are made of. */
interface Start {
  readonly model: Model;
  readonly tensors: readonly TensorInfo[];
  readonly fit: PcaFit;
  readonly latent: number;
  /** By which z is larger than the scores. */
  readonly scale: number;
}

async function write({ model, tensors }: Start, name: string, firstRow: number, values: Float32Array<ArrayBuffer>) {
  const info = tensors.find((tensor) => tensor.name === name && tensor.role === "parameter")!;
  const width = info.shape.slice(1).reduce((product, size) => product * size, 1);
  await model.writeTensor(info, firstRow, values.length / width, new Uint8Array(values.buffer));
}

const widthOf = ({ tensors }: Start, name: string) => tensors.find((tensor) => tensor.name === name)!.shape[1]!;

/** Writes z = scale P (x - mean) into the last outputs of a layer, and the identity behind x where f(x) follows it. */
async function writeEncoder(start: Start, layer: string, firstRow: number) {
  const { fit: { columns, components, count, mean }, latent, scale } = start;
  const width = widthOf(start, `${layer}.weight`);
  const p = new Float32Array(latent * width), bias = new Float32Array(latent);
  for (let k = 0; k < count; k++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) {
      const value = scale * components[k * columns + j]!;
      p[k * width + j] = value;
      sum += value * mean[j]!;
    }
    bias[k] = -sum;
  }
  if (width > columns) { for (let k = 0; k < latent; k++) p[k * width + columns + k] = 1; }
  await write(start, `${layer}.weight`, firstRow, p);
  await write(start, `${layer}.bias`, firstRow, bias);
}

/** Writes P'z / scale + mean into outputs of a layer; the layer's other inputs begin without effect. */
async function writeDecoder(start: Start, layer: string, firstRow: number) {
  const { fit: { columns, components, count, mean }, scale } = start;
  const width = widthOf(start, `${layer}.weight`);
  const w = new Float32Array(columns * width);
  for (let k = 0; k < count; k++) {
    for (let j = 0; j < columns; j++) w[j * width + k] = components[k * columns + j]! / scale;
  }
  await write(start, `${layer}.weight`, firstRow, w);
  await write(start, `${layer}.bias`, firstRow, mean.slice());
}

/** The layer that gives z to g and PCA's reconstruction past it. */
async function writeSplit(start: Start, layer: string) {
  const { latent } = start;
  const one = new Float32Array(latent * latent);
  for (let k = 0; k < latent; k++) one[k * latent + k] = 1;
  await write(start, `${layer}.weight`, 0, one);
  await write(start, `${layer}.bias`, 0, new Float32Array(latent));
  await writeDecoder(start, layer, latent);
}

/** Writes P, the mean, identities and zeros into a new network. @returns the factors of the layers' rates */
export async function startAtPca(config: Config, source: Source, model: Model, fit: PcaFit): Promise<Started["rates"]> {
  const { encoder, decoder } = networkLayers(config, source);
  const { columns, mean, variances } = fit;
  const latent = model.latentSize, tensors = model.tensors();
  const captured = variances.reduce((sum, value) => sum + value, 0);
  const tied = isTied({ decoder });
  const scale = captured > 0 && !tied ? Math.sqrt(latent / captured) : 1; // tied weights serve both ways
  const start = { model, tensors, fit, latent, scale };
  const first = encoder.findIndex(({ kind }) => kind === "linear"), last = decoder.length - 1;
  const outputs = tensors.find(({ name }) => name === `encoder.${first}.weight`)!.shape[0]!;
  await writeEncoder(start, `encoder.${first}`, outputs - latent);
  if (outputs > latent) await standardise(model, tensors, first, outputs - latent, fit);
  const rates: Record<string, number> = {};
  const rms = Math.sqrt(Math.max(0, fit.meanSquare - mean.reduce((sum, m) => sum + m * m, 0) - captured) / columns);
  const adaptive = isAdaptive(config.optimizer);
  if (adaptive) rates[`encoder.${first}`] = Math.min(1, INPUTS / fit.meanAbsolute);
  if (!endsFlat(config.model)) {
    await writeSplit(start, "decoder.0");
    if (adaptive) rates["decoder.0"] = Math.min(MOST_RATE, rms);
  } else if (decoder[last]!.solver !== "factored") {
    if (tied) await write(start, `decoder.${last}.bias`, 0, mean.slice());
    else await writeDecoder(start, `decoder.${last}`, 0);
    if (adaptive) rates[`decoder.${last}`] = Math.min(MOST_RATE, rms);
  }
  for (const [layer, rate] of Object.entries(rates)) model.setRate(layer, rate);
  return rates;
}

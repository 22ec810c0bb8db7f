/**
 * `model.start`: whether a network begins as a principal component analysis, and the layers that it then has.
 *
 *     z    = s P (x - m) + f(x)       f: the config's encoder, whose last layer begins at 0
 *     xhat = P' z / s + m + g(z)      g: the config's decoder, whose output layer begins at 0 for what is not z
 *
 * Both sums are made of plain layers, so that a network that begins this way is saved, resumed and read like any other.
 */
import { noComponents } from "../baseline/pca.ts";
import { sizeOf } from "../config/properties.ts";
import type { Config, Layer } from "../config/types.ts";
import { kindNamed, LAYERS, LOSSES } from "../config/vocabulary.ts";
import type { Source } from "../data/source.ts";
import { UserError } from "../errors.ts";

export interface StartChoice {
  readonly start: "pca" | "random";
  readonly reason: string;
}

export interface Layers {
  readonly encoder: readonly Layer[];
  readonly decoder: readonly Layer[];
}

/** Layers before the first linear one that leave the rows as they are but for noise in training. */
const isNoise = ({ kind }: Layer) => kindNamed(LAYERS, kind).noise === true;
const isLinear = ({ kind }: Layer) => kind === "linear";

/** Whether flat rows are flat behind these layers: `size` or `shape` may be a list, which gives rows a shape. */
function staysFlat(layers: readonly Layer[]): boolean {
  let isFlat = true;
  for (const layer of layers) {
    if (layer.kind === "flatten" || (isLinear(layer) && typeof layer.size === "number")) isFlat = true;
    else if (Object.values(layer).some((value) => Array.isArray(value) && typeof value[0] === "number")) isFlat = false;
  }
  return isFlat;
}

/** The index of the encoder's first layer that is no noise. */
const firstOf = ({ encoder }: Pick<Layers, "encoder">) => encoder.findIndex((layer) => !isNoise(layer));

/** Whether a layer of the decoder has the weights of one of the encoder. */
export const isTied = ({ decoder }: Pick<Layers, "decoder">) => decoder.some(({ tied }) => tied === true);

/** Whether the encoder begins with a linear layer of flat rows. */
function beginsFlat(model: Pick<Layers, "encoder">): boolean {
  const first = model.encoder[firstOf(model)];
  return first !== undefined && isLinear(first) && typeof first.size === "number";
}

/** Whether the decoder ends with a linear layer of flat rows. */
export function endsFlat({ decoder }: Pick<Layers, "decoder">): boolean {
  const last = decoder.at(-1)!;
  return isLinear(last) && !Array.isArray(last.size) && staysFlat(decoder.slice(0, -1));
}

/** The index of the layer that makes the reconstruction: those behind it change its shape only. */
const makerOf = (decoder: readonly Layer[]) =>
  decoder.findLastIndex(({ kind }) => kind !== "flatten" && kind !== "unflatten" && kind !== "reshape");

const canBeginAtZero = ({ kind }: Layer) => kindNamed(LAYERS, kind).fields.some(({ name }) => name === "init");

/** Why a network cannot begin as PCA; null where it can. */
function obstacle({ model, loss, data }: Config, { columns }: Pick<Source, "columns">): string | null {
  const first = model.encoder[firstOf(model)], code = model.encoder.at(-1)!;
  const maker = model.decoder[makerOf(model.decoder)];
  if (!kindNamed(LOSSES, loss.kind).quadratic) return `${loss.kind} is no squared error`;
  if (data.row_weights !== null || loss.column_weights !== undefined) return "rows or columns are weighted";
  if (loss.on === "hidden") return "the loss is of hidden places";
  if (data.input_transforms.length > 0) return "data.input_transforms makes another input than what is reconstructed";
  if (!isLinear(code) || typeof code.size !== "number") return "the encoder does not end with a linear layer";
  if (maker === undefined || !canBeginAtZero(maker)) return "the decoder does not end with a layer of weights";
  if (isTied(model) && (firstOf(model) < model.encoder.length - 1 || model.decoder.length > 1)) {
    return "weights are tied, and there are hidden layers";
  }
  for (const layer of [...beginsFlat(model) ? [first!] : [], code, maker]) {
    if (layer.bias === false) return "a layer at an end has no bias";
    if (layer.init !== "default") return "the initialisation of a layer at an end is set";
  }
  if (maker.update === "sgd") return "update: sgd learns the output layer from its own start";
  return noComponents(code.size, columns);
}

/** Whether `model.start: pca` is possible. */
export const canBeginAtPca = (config: Config, source: Pick<Source, "columns">): boolean =>
  obstacle(config, source) === null;

/** @throws {UserError} where the config asks for PCA, and the network cannot begin as that */
export function chooseStart(config: Config, source: Pick<Source, "columns">): StartChoice {
  const { start } = config.model;
  if (start === "random") return { start, reason: "as the config says" };
  const why = obstacle(config, source);
  if (start === "pca") {
    if (why === null) return { start, reason: "as the config says" };
    throw new UserError("model.start", `cannot be pca: ${why}`, "set model.start: random, or auto");
  }
  if (why !== null) return { start: "random", reason: why };
  if (beginsFlat(config.model) && endsFlat(config.model)) {
    return { start: "pca", reason: "squared error, linear layers at both ends" };
  }
  // A list of layers is what other programs build a network from, and its sum with PCA has other ones.
  return { start: "random", reason: "an end sees the shape of a row; model.start: pca adds the network to PCA" };
}

/** What a network sees of a row. */
export interface Row {
  readonly columns: number;
  /** Channels first; null where it has none but its length. */
  readonly shape: readonly number[] | null;
}

const AT_ZERO = { init: "zeros" } as const;

function encoderAtPca(model: Pick<Layers, "encoder">, { shape }: Row): readonly Layer[] {
  const at = firstOf(model), noise = model.encoder.slice(0, at), [first, ...rest] = model.encoder.slice(at);
  const latent = sizeOf(model.encoder.at(-1)!)!;
  if (!beginsFlat(model)) {
    // x, f(x), and of both z: [sP, 1] begins as sP x + f(x).
    const own = [...model.encoder.slice(at, -1), { ...model.encoder.at(-1)!, ...AT_ZERO }];
    const inner = shape === null || shape.length === 1 ? own : [{ kind: "unflatten", shape }, ...own];
    return [
      ...noise,
      { kind: "flatten" },
      { kind: "dense_skip", layers: inner },
      { ...model.encoder.at(-1)!, size: latent },
    ];
  }
  if (rest.length === 0) return model.encoder;
  return [
    ...noise,
    { ...first!, size: sizeOf(first!)! + latent },
    { kind: "shortcut", layers: [...rest.slice(0, -1), { ...rest.at(-1)!, ...AT_ZERO }], size: latent },
  ];
}

function decoderAtPca(model: Layers, { columns }: Row): readonly Layer[] {
  const { decoder } = model, latent = sizeOf(model.encoder.at(-1)!)!;
  if (!endsFlat(model)) {
    // z and P'z / s + m, of which the former goes through g, which is added to the latter.
    const maker = makerOf(decoder);
    const own = decoder.map((layer, i) => i === maker ? { ...layer, ...AT_ZERO } : layer);
    return [
      { ...model.encoder.at(-1)!, size: latent + columns },
      { kind: "shortcut", layers: [...own, { kind: "flatten" }], size: columns },
    ];
  }
  const inner = decoder.slice(0, -1), output = decoder.at(-1)!;
  const last = output.solver === "factored" ? { ...output, free: latent } : output;
  return inner.length === 0 ? [last] : [{ kind: "dense_skip", layers: inner }, last];
}

/** The layers that the engine gets where the network begins as PCA. */
export const residualLayers = (model: Layers, row: Row): Layers => ({
  encoder: encoderAtPca(model, row),
  decoder: decoderAtPca(model, row),
});

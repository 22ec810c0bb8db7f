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
const firstOf = ({ encoder }: Layers) => encoder.findIndex((layer) => !isNoise(layer));

/** Whether a layer of the decoder has the weights of one of the encoder. */
export const isTied = ({ decoder }: Pick<Layers, "decoder">) => decoder.some(({ tied }) => tied === true);

/** Why a network cannot begin as PCA; null where it can. */
function obstacle({ model, loss, data }: Config, { columns }: Pick<Source, "columns">): string | null {
  const first = model.encoder[firstOf(model)], code = model.encoder.at(-1)!, last = model.decoder.at(-1)!;
  if (!kindNamed(LOSSES, loss.kind).quadratic) return `${loss.kind} is no squared error`;
  if (data.row_weights !== null || loss.column_weights !== undefined) return "rows or columns are weighted";
  if (loss.on === "hidden") return "the loss is of hidden places";
  if (data.input_transforms.length > 0) return "data.input_transforms makes another input than what is reconstructed";
  if (first === undefined || !isLinear(first)) return "the encoder does not begin with a linear layer";
  if (!isLinear(code)) return "the encoder does not end with a linear layer";
  if (!isLinear(last)) return "the decoder does not end with a linear layer";
  if ([first, code].some(({ size }) => typeof size !== "number") || !staysFlat(model.decoder.slice(0, -1))) {
    return "what the ends of the network see of a row has a shape";
  }
  if (isTied(model) && (firstOf(model) < model.encoder.length - 1 || model.decoder.length > 1)) {
    return "weights are tied, and there are hidden layers";
  }
  for (const layer of [first, code, last]) {
    if (layer.bias === false) return "a linear layer at an end has no bias";
    if (layer.init !== "default") return "the initialisation of a layer at an end is set";
  }
  if (last.update === "sgd") return "update: sgd learns the output layer from its own start";
  return noComponents(sizeOf(code)!, columns);
}

/** @throws {UserError} where the config asks for PCA, and the network cannot begin as that */
export function chooseStart(config: Config, source: Pick<Source, "columns">): StartChoice {
  const { start } = config.model;
  if (start === "random") return { start, reason: "as the config says" };
  const why = obstacle(config, source);
  if (start === "pca" && why !== null) {
    throw new UserError("model.start", `cannot be pca: ${why}`, "set model.start: random, or auto");
  }
  return why === null
    ? { start: "pca", reason: start === "pca" ? "as the config says" : "squared error, linear layers at both ends" }
    : { start: "random", reason: why };
}

/** The layers that the engine gets where the network begins as PCA. */
export function residualLayers(model: Layers): Layers {
  const at = firstOf(model);
  const noise = model.encoder.slice(0, at), [first, ...rest] = model.encoder.slice(at);
  const latent = sizeOf(model.encoder.at(-1)!)!;
  const encoder = rest.length === 0 ? model.encoder : [
    ...noise,
    { ...first!, size: sizeOf(first!)! + latent },
    {
      kind: "shortcut",
      layers: [...rest.slice(0, -1), { ...rest.at(-1)!, init: "zeros" }],
      size: latent,
    },
  ];
  const inner = model.decoder.slice(0, -1), output = model.decoder.at(-1)!;
  const last = output.solver === "factored" ? { ...output, free: latent } : output;
  const decoder = inner.length === 0 ? [last] : [{ kind: "dense_skip", layers: inner }, last];
  return { encoder, decoder };
}

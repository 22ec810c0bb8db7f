/**
 * Layers, initialisations and transforms: their YAML form and the way to and from the typed form.
 * A layer is a bare name (`relu`) or a map whose first key is its kind with its value (`{linear: 512, bias: false}`).
 */
import { z } from "zod";
import type { Initialisation, Layer, Transform } from "./types.ts";

const size = z.union([z.int().min(1).max(16_777_216), z.literal("output")]);

const initialisation = z.union([
  z.enum(["default", "kaiming_uniform", "kaiming_normal", "xavier_uniform", "xavier_normal", "zeros"]),
  z.strictObject({ normal: z.number().gt(0).describe("standard deviation; the mean is 0") })
    .meta({ examples: [{ normal: 0.02 }] }),
]).meta({ title: "initialisation" });

const eps = z.number().gt(0).max(1);

/** One layer as YAML has it. */
export const layerSchema = z.union([
  z.enum(["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "layer_norm", "batch_norm"])
    .describe("without a value: leaky_relu has slope 0.01, elu alpha 1, both norms eps 1e-5"),
  z.strictObject({
    linear: size.describe("number of outputs; `output` is the width of the data"),
    bias: z.union([z.boolean(), z.literal("column_means")]).default(true).describe(
      "whether a bias is added; output layer: column_means adds a bias that starts at the column means of the " +
        "training rows",
    ),
    init: initialisation.default("default").describe("how the weight is initialised; default: as in PyTorch"),
    tied: z.boolean().default(false).describe(
      "decoder: whether the weight is the transpose of the weight of the mirrored encoder layer",
    ),
    solver: z.enum(["auto", "dense", "factored"]).default("auto").describe(
      "output layer; dense: the optimizer trains its weights; factored: the weights are solved for, at a cost " +
        "that does not grow " +
        "with the columns; auto: factored for wide sparse data",
    ),
    update: z.enum(["least_squares", "sgd"]).default("least_squares").describe(
      "factored; least_squares: the ridge solution over past batches; sgd: the exact stochastic gradient step with " +
        "optimizer.learning_rate and optimizer.weight_decay",
    ).meta({
      refusal: "Adam, RMSprop and momentum cannot be exact in the factored form; set solver: dense to train with them",
    }),
    forgetting: z.number().gt(0).lt(1).default(0.99).describe(
      "least_squares: factor by which the weight of past batches is multiplied at each step",
    ),
    ridge: z.union([z.literal("auto"), z.number().min(0).max(1e6)]).default("auto").describe(
      "least_squares: the ridge as a share of the mean second moment; auto: computed from the numbers of " +
        "training rows and hidden units",
    ),
  }).meta({ examples: [{ linear: 64 }] }),
  z.strictObject({ leaky_relu: z.number().min(0).max(1).describe("slope for values below 0") })
    .meta({ examples: [{ leaky_relu: 0.01 }] }),
  z.strictObject({ elu: z.number().gt(0).max(100).describe("alpha") }).meta({ examples: [{ elu: 1 }] }),
  z.strictObject({ dropout: z.number().min(0).lt(1).describe("share of the values that are set to 0 in training") })
    .meta({ examples: [{ dropout: 0.1 }] }),
  z.strictObject({ layer_norm: eps.describe("eps: small number added to the variance") }).meta({
    examples: [{ layer_norm: 1e-5 }],
  }),
  z.strictObject({
    batch_norm: eps.describe("eps: small number added to the variance"),
    momentum: z.number().gt(0).max(1).default(0.1).describe("weight of a batch in the running statistics"),
  }).meta({ examples: [{ batch_norm: 1e-5, momentum: 0.1 }] }),
]).meta({ title: "layer", id: "layer" });

/** One transform as YAML has it. */
export const transformSchema = z.union([
  z.enum(["log1p", "binarize"]).describe("log(1 + x); 1 where x is above 0"),
  z.strictObject({ library_size: z.number().gt(0).describe("the sum to which each row is scaled") })
    .meta({ examples: [{ library_size: 10000 }] }),
  z.strictObject({ scale: z.number().describe("factor by which values are multiplied") }).meta({
    examples: [{ scale: 0.1 }],
  }),
  z.strictObject({
    clip: z.tuple([z.number().max(0), z.number().min(0)]).describe("lowest and highest value; 0 must lie between them"),
  }).meta({ examples: [{ clip: [0, 10] }] }),
  z.strictObject({ binarize: z.number().min(0).describe("1 where x is above this, else 0") })
    .meta({ examples: [{ binarize: 0.5 }] }),
]).meta({ title: "transform", id: "transform" });

export type RawLayer = z.output<typeof layerSchema>;
export type RawTransform = z.output<typeof transformSchema>;

export function toLayer(raw: RawLayer): Layer {
  if (typeof raw === "string") {
    switch (raw) {
      case "leaky_relu":
        return { kind: raw, slope: 0.01 };
      case "elu":
        return { kind: raw, alpha: 1 };
      case "layer_norm":
        return { kind: raw, eps: 1e-5 };
      case "batch_norm":
        return { kind: raw, eps: 1e-5, momentum: 0.1 };
      default:
        return { kind: raw };
    }
  }
  if ("linear" in raw) {
    const { linear, ...options } = raw;
    return { kind: "linear", size: linear, ...options };
  }
  if ("leaky_relu" in raw) return { kind: "leaky_relu", slope: raw.leaky_relu };
  if ("elu" in raw) return { kind: "elu", alpha: raw.elu };
  if ("dropout" in raw) return { kind: "dropout", rate: raw.dropout };
  if ("layer_norm" in raw) return { kind: "layer_norm", eps: raw.layer_norm };
  return { kind: "batch_norm", eps: raw.batch_norm, momentum: raw.momentum };
}

/** The layer in its YAML form. A linear layer has only the options that differ from their defaults. */
export function fromLayer(layer: Layer): z.input<typeof layerSchema> {
  switch (layer.kind) {
    case "linear":
      return {
        linear: layer.size,
        ...(layer.bias === true ? {} : { bias: layer.bias }),
        ...(layer.init === "default" ? {} : { init: fromInitialisation(layer.init) }),
        ...(layer.tied ? { tied: true } : {}),
        ...(layer.size === "output" ? { solver: layer.solver } : {}),
        ...(layer.update === "least_squares" ? {} : { update: layer.update }),
        ...(layer.forgetting === 0.99 ? {} : { forgetting: layer.forgetting }),
        ...(layer.ridge === "auto" ? {} : { ridge: layer.ridge }),
      };
    case "leaky_relu":
      return { leaky_relu: layer.slope };
    case "elu":
      return { elu: layer.alpha };
    case "dropout":
      return { dropout: layer.rate };
    case "layer_norm":
      return { layer_norm: layer.eps };
    case "batch_norm":
      return { batch_norm: layer.eps, momentum: layer.momentum };
    default:
      return layer.kind;
  }
}

function fromInitialisation(init: Initialisation): z.input<typeof initialisation> {
  return typeof init === "string" ? init : { normal: init.normal };
}

export function toTransform(raw: RawTransform): Transform {
  if (raw === "log1p") return { kind: "log1p" };
  if (raw === "binarize") return { kind: "binarize", threshold: 0 };
  if ("library_size" in raw) return { kind: "library_size", target: raw.library_size };
  if ("scale" in raw) return { kind: "scale", factor: raw.scale };
  if ("clip" in raw) return { kind: "clip", min: raw.clip[0], max: raw.clip[1] };
  return { kind: "binarize", threshold: raw.binarize };
}

export function fromTransform(transform: Transform): z.input<typeof transformSchema> {
  switch (transform.kind) {
    case "library_size":
      return { library_size: transform.target };
    case "log1p":
      return "log1p";
    case "scale":
      return { scale: transform.factor };
    case "clip":
      return { clip: [transform.min, transform.max] };
    case "binarize":
      return { binarize: transform.threshold };
  }
}

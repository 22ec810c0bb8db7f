/** A network in words, as configs have it, and the engine's numbers for it. */
import { EngineError } from "./error.ts";

export type Initialisation =
  | "default"
  | "kaiming_uniform"
  | "kaiming_normal"
  | "xavier_uniform"
  | "xavier_normal"
  | "zeros"
  /** Standard deviation. */
  | { readonly normal: number };

export type LayerSpec =
  | {
    readonly kind: "linear";
    /** Outputs, or the number of columns of the data. */
    readonly size: number | "output";
    /** True by default; column_means is true here: the start by the data is the caller's. */
    readonly bias?: boolean | "column_means";
    readonly init?: Initialisation;
    /** Decoder only: the weight is the transpose of the mirrored encoder layer's. */
    readonly tied?: boolean;
    /** Output layer only; `auto` (default) is `dense` here: the choice by the data is the caller's. */
    readonly solver?: "auto" | "dense" | "factored";
    /** factored: the rule that solves for the weights (default least_squares). */
    readonly update?: "least_squares" | "sgd";
    /** least_squares: how fast past batches fade (default 0.99). */
    readonly forgetting?: number;
    /** least_squares: ridge as a share of the mean second moment; `auto` (default) by rows and hidden units. */
    readonly ridge?: "auto" | number;
  }
  | { readonly kind: "relu" | "gelu" | "silu" | "tanh" | "sigmoid" }
  | { readonly kind: "leaky_relu"; readonly slope: number }
  | { readonly kind: "elu"; readonly alpha: number }
  | { readonly kind: "dropout"; readonly rate: number }
  | { readonly kind: "layer_norm"; readonly eps: number }
  /** momentum: the weight of the newest batch, as PyTorch has it. */
  | { readonly kind: "batch_norm"; readonly eps: number; readonly momentum: number };

export interface LossSpec {
  readonly kind: "mse";
  /** mean: over rows and columns; row_mean: summed over columns, mean over rows; sum: over both. */
  readonly reduction: "mean" | "row_mean" | "sum";
}

/** PyTorch's settings; each optimizer reads its own. */
export interface OptimizerSpec {
  readonly name: "sgd" | "adam" | "adamw" | "rmsprop";
  readonly weight_decay?: number;
  /** SGD, RMSprop. */
  readonly momentum?: number;
  /** SGD. */
  readonly nesterov?: boolean;
  /** Adam, AdamW. */
  readonly betas?: readonly [number, number];
  /** RMSprop's smoothing constant. */
  readonly alpha?: number;
  readonly eps?: number;
  /** First layer's weights of columns without entries in a batch: exact (default) moves them as the rule says. */
  readonly sparse?: SparseUpdate;
}

export type SparseUpdate = "exact" | "lazy";

/** In the order of narrows.h. */
export const LAYER_KINDS = [
  "linear",
  "relu",
  "leaky_relu",
  "elu",
  "gelu",
  "silu",
  "tanh",
  "sigmoid",
  "dropout",
  "layer_norm",
  "batch_norm",
] as const satisfies readonly LayerSpec["kind"][];
export const NO_BIAS = 1, TIED = 2, FACTORED = 4;
const INITIALISATIONS = ["default", "kaiming_uniform", "kaiming_normal", "xavier_uniform", "xavier_normal"];
const INIT_NORMAL = 5, INIT_ZEROS = 6;
const REDUCTIONS = ["mean", "row_mean", "sum"];
const SPARSE_UPDATES = ["exact", "lazy"];
const UPDATES = ["least_squares", "sgd"];
const OPTIMIZERS = ["sgd", "adam", "adamw", "rmsprop"];

function indexIn(names: readonly string[], name: string, what: string): number {
  const index = names.indexOf(name);
  if (index >= 0) return index;
  throw new EngineError("invalid_argument", `${what}: must be one of ${names.join(", ")}, got ${name}`);
}

export interface LayerNumbers {
  readonly kind: number;
  readonly size: number;
  readonly p0: number;
  readonly p1: number;
  readonly flags: number;
  readonly init: number;
  readonly initP: number;
}

/** What nrw_model_add_layer takes. */
export function layerNumbers(layer: LayerSpec, columns: number): LayerNumbers {
  const numbers = {
    kind: indexIn(LAYER_KINDS, layer.kind, "kind"),
    size: 0,
    p0: 0,
    p1: 0,
    flags: 0,
    init: 0,
    initP: 0,
  };
  switch (layer.kind) {
    case "linear": {
      const { size, bias = true, init = "default", tied = false, solver = "auto" } = layer;
      return {
        ...numbers,
        size: size === "output" ? columns : size,
        flags: (bias ? 0 : NO_BIAS) | (tied ? TIED : 0) | (solver === "factored" ? FACTORED : 0),
        init: typeof init === "object"
          ? INIT_NORMAL
          : init === "zeros"
          ? INIT_ZEROS
          : indexIn(INITIALISATIONS, init, "init"),
        initP: typeof init === "object" ? init.normal : 0,
      };
    }
    case "leaky_relu":
      return { ...numbers, p0: layer.slope };
    case "elu":
      return { ...numbers, p0: layer.alpha };
    case "dropout":
      return { ...numbers, p0: layer.rate };
    case "layer_norm":
      return { ...numbers, p0: layer.eps };
    case "batch_norm":
      return { ...numbers, p0: layer.eps, p1: layer.momentum };
    default:
      return numbers;
  }
}

/** lambda and kappa of docs/factored.md where the ridge is `auto`. */
const AUTO_RIDGE = 1e-3, AUTO_KAPPA = 0.2;

/** What nrw_model_set_factored takes, for an output layer that is factored; null for another. */
export function factoredNumbers(
  layer: LayerSpec | undefined,
  rows: number,
  weightDecay = 0,
): Float64Array<ArrayBuffer> | null {
  if (layer?.kind !== "linear" || layer.solver !== "factored") return null;
  const { update = "least_squares", forgetting = 0.99, ridge = "auto" } = layer;
  return Float64Array.of(
    forgetting,
    ridge === "auto" ? AUTO_RIDGE : ridge,
    ridge === "auto" ? AUTO_KAPPA : 0,
    rows,
    indexIn(UPDATES, update, "update"),
    weightDecay,
  );
}

/** What nrw_model_set_loss takes: its number of the reduction. */
export function reductionNumber(loss: LossSpec): number {
  indexIn(["mse"], loss.kind, "loss.kind");
  return indexIn(REDUCTIONS, loss.reduction, "loss.reduction");
}

/** What nrw_model_set_sparse_update takes. */
export function sparseUpdateNumber(update: SparseUpdate): number {
  return indexIn(SPARSE_UPDATES, update, "optimizer.sparse");
}

/** What nrw_model_set_optimizer takes: kind and params. */
export function optimizerNumbers(spec: OptimizerSpec): { kind: number; params: Float64Array<ArrayBuffer> } {
  const { name, weight_decay = 0, momentum = 0, nesterov = false, betas = [0.9, 0.999], alpha = 0.99, eps = 1e-8 } =
    spec;
  return {
    kind: indexIn(OPTIMIZERS, name, "optimizer.name"),
    params: Float64Array.of(
      weight_decay,
      momentum,
      nesterov ? 1 : 0,
      name === "rmsprop" ? alpha : betas[0],
      betas[1],
      eps,
    ),
  };
}

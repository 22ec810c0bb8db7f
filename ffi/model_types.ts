/** What a {@link Model} takes and tells, as plain data, and the engine's numbers for it. */
import type { FieldValue, Layer, Loss, Optimizer } from "../spec/network.ts";

export interface ModelSpec {
  /** Width of a row of data. */
  readonly columns: number;
  /** Of a row, channels first; the product is `columns`. Without one a row has no shape but its length. */
  readonly shape?: readonly number[];
  /** Starting weights and random draws are functions of it. */
  readonly seed: number | bigint;
  readonly threads: number;
  /** Fields that are left out have their defaults. */
  readonly encoder: readonly Layer[];
  readonly decoder: readonly Layer[];
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Largest L2 norm of all gradients together; 0, the default, for no clipping. */
  readonly gradientClip?: number;
  /** Of the operands of the dense output layer's products while training; `f32` by default. */
  readonly precision?: "f32" | "bf16";
  /** Whether batches have dense rows; they are sparse by default. */
  readonly dense?: boolean;
  /** Different rows to be trained on: a factored output layer suits its ridge to it. 0: not known. */
  readonly trainingRows?: number;
  /** Of training, of the first epoch: for settings of layers that are given in epochs. 0: not known. */
  readonly stepsPerEpoch?: number;
  /** Of the rows, for layers that need them; 0, the default: the rows have none. */
  readonly categories?: number;
  /**
   * Whether the loss of training is that of the places which the encoder's first layer, `mask_tokens`, hides; false by
   * default.
   */
  readonly hiddenOnly?: boolean;
  /**
   * Whether layers at the ends may be computed together with the data and the loss, which is faster; true by default.
   * Otherwise plain layers and a plain loss do it, with which the others are compared.
   */
  readonly accelerators?: boolean;
}

/** In the order of narrows.h. */
export const PARTS = ["encoder", "decoder"] as const;
export const ROLES = ["parameter", "buffer", "optimizer", "gradient"] as const;
/** safetensors' names of the element types that tensors have, by the engine's number. */
export const DTYPES: Readonly<Record<number, "F32" | "F64" | "U32" | "I64">> = {
  0: "F32",
  1: "F64",
  5: "I64",
  8: "U32",
};
export const ELEMENT_BYTES = { F32: 4, F64: 8, U32: 4, I64: 8 } as const;

/** A layer of the network's lists, or one within such a layer. */
export interface InnerInfo {
  readonly kind: string;
  /** Shapes of a row, channels first. */
  readonly input: readonly number[];
  readonly output: readonly number[];
  /** Their numbers of values. */
  readonly inputs: number;
  readonly outputs: number;
  /** Trained values of its own: a tied weight counts for the encoder. */
  readonly parameters: number;
  /** All fields by name, defaults filled in. */
  readonly settings: Readonly<Record<string, FieldValue>>;
  /** The layers within it, through which the first values of a row go. */
  readonly layers: readonly InnerInfo[];
  /**
   * What of a row goes past them: `size` values from `first` on, to the first outputs. They are added to what the layers give, or
   * that stands behind them. Null where nothing does. Values are numbered channels first.
   */
  readonly past: { readonly first: number; readonly size: number; readonly added: boolean } | null;
}

export interface LayerInfo extends InnerInfo {
  readonly part: typeof PARTS[number];
  /** Place in its part. */
  readonly index: number;
  /** What does a layer's products, such as `dense`, `sparse input` or `factored`; `none` where it has none. */
  readonly solver: string;
}

/** A layer with its name as tensors have it: `encoder.1`, and of a layer within it `encoder.1.layers.0`. */
export type NamedInfo = InnerInfo & { readonly name: string };

/** All layers of a list, those within a layer behind it. */
export function everyLayer(layers: readonly LayerInfo[]): NamedInfo[] {
  const withInner = (layer: InnerInfo, name: string): NamedInfo[] => [
    { ...layer, name },
    ...layer.layers.flatMap((inner, i) => withInner(inner, `${name}.layers.${i}`)),
  ];
  return layers.flatMap((layer) => withInner(layer, `${layer.part}.${layer.index}`));
}

/** A network as the engine describes it, before it is built or after. */
export interface Description {
  readonly columns: number;
  /** Of a row of the data; one number where it has no shape but its length. */
  readonly shape: readonly number[];
  readonly latent: { readonly size: number; readonly shape: readonly number[] };
  readonly parameters: number;
  /** Encoder first. */
  readonly layers: readonly LayerInfo[];
}

export interface TensorInfo {
  /**
   * PyTorch's, such as `encoder.0.weight`; state as `encoder.0.weight.exp_avg`. A gradient has its parameter's name.
   */
  readonly name: string;
  readonly role: typeof ROLES[number];
  readonly dtype: "F32" | "F64" | "U32" | "I64";
  /** PyTorch's, at most 5 dimensions; empty for a scalar. */
  readonly shape: readonly number[];
  /** Its number in the list. Gradients come last, so theirs go away when training drops them. */
  readonly index: number;
}

/** Bytes, but for the last. */
export interface Estimate {
  readonly parameters: number;
  readonly optimizer: number;
  /** Gradients, activations and what the products need. */
  readonly workspace: number;
  readonly largestAllocation: number;
  readonly total: number;
  /** How many parameters there are. */
  readonly parameterCount: number;
}

export interface TrainResult {
  readonly steps: number;
  readonly rows: number;
  readonly nnz: number;
  /** One a step, before its update. */
  readonly losses: Float64Array;
  /** Sum of loss times rows. */
  readonly lossRows: number;
  readonly lastLoss: number;
  readonly maxLoss: number;
  /** Of all gradients together, before clipping. */
  readonly lastGradNorm: number;
  readonly maxGradNorm: number;
  readonly waitMs: number;
  readonly computeMs: number;
  /** Of computeMs; the rest is backward and update. */
  readonly forwardMs: number;
  readonly batchesLeft: number;
}

export interface EvaluateResult {
  readonly rows: number;
  readonly nnz: number;
  /** The reduction's, a mean over rows by their weights, and of weighted columns. All else counts all of them alike. */
  readonly loss: number;
  /** Of the rows together: their number where they have no weights. */
  readonly weight: number;
  readonly sse: number;
  /** Of the targets, and of their squares. */
  readonly sum: number;
  readonly sumsq: number;
  readonly ms: number;
  /** Sum of the loss over rows and columns, without the reduction and what layers add. */
  readonly lossSum: number;
  /**
   * With sums by column, of a loss that is a negative log-likelihood, otherwise 0: what `lossSum` would be if each
   * reconstruction were the value itself, and the share of it that no reconstruction changes.
   */
  readonly perfect: number;
  readonly constant: number;
  /** Whether {@link Model.stop} ended it early; then the other figures are 0 and sums by column are incomplete. */
  readonly stopped: boolean;
}

/** Sums by column that {@link Model.evaluate} adds to; one value a column of the data. */
export interface ColumnSums {
  readonly sse: Float64Array<ArrayBuffer>;
  readonly sum: Float64Array<ArrayBuffer>;
  readonly sumsq: Float64Array<ArrayBuffer>;
}

export interface Progress {
  readonly step: number;
  /** Of the call of {@link Model.train} or {@link Model.evaluate} that runs, or ran last. */
  readonly batchesDone: number;
  readonly batches: number;
  readonly loss: number;
  readonly rowsPerSecond: number;
  /** Share of the time spent waiting for batches. */
  readonly waitShare: number;
}

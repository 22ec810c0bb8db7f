/** Sizes and distributions of what is trained, and what the units of the first layer look for in images and signals. */
import { z } from "zod";
import { list, nullable, number, object, text } from "../runs/decode.ts";
import {
  type Diagnostic,
  type DiagnosticContext,
  type ParameterAbout,
  SAMPLED_VALUES,
  sampleOf,
  shape,
  short,
} from "./diagnostic.ts";
import { type Picture, pictureRows } from "./drawing.ts";
import { binned, type Bins } from "./numbers.ts";

export interface TensorWeights {
  /** Such as encoder.0.weight. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Values looked at: of a large tensor those of evenly spread rows. */
  readonly looked_at: number;
  readonly root_mean_square: number;
  readonly mean: number;
  readonly largest: number;
  /** Root mean square of the last step's update over that of the values; NaN where that is not known. */
  readonly update_ratio: number;
  readonly values: Bins;
}

export interface WeightsDiagnostic {
  readonly epoch: number;
  readonly tensors: readonly TensorWeights[];
  /** Weights of the first layer as rows of that shape, channels first, those of the largest norm; null where they are none. */
  readonly filters: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly units: readonly number[];
    readonly norms: readonly number[];
    readonly values: readonly (readonly number[])[];
  } | null;
}

const FILTER_VALUES_MAX = 100_000, ROWS_READ_MAX = 1 << 24;

const settings = {
  filters: z.int().min(0).max(256).default(16).describe(
    "number of units of the first layer whose weights are shown as pictures",
  ),
};

async function tensorOf({ updateRatio }: DiagnosticContext, parameter: ParameterAbout): Promise<TensorWeights> {
  const values = await sampleOf(parameter);
  let sum = 0, squares = 0, largest = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!, magnitude = Math.abs(value);
    sum += value;
    squares += value * value;
    if (magnitude > largest || Number.isNaN(magnitude)) largest = magnitude; // none is above what is no number
  }
  return {
    ...{ name: parameter.name, shape: parameter.shape, looked_at: values.length },
    root_mean_square: short(Math.sqrt(squares / values.length)),
    mean: short(sum / values.length),
    largest: short(largest),
    update_ratio: short(await updateRatio(parameter)),
    values: binned(values),
  };
}

/** A linear first layer's weights are of a row's shape; a convolution's are of its kernel's. */
async function filtersOf(
  context: DiagnosticContext,
  first: ParameterAbout,
  most: number,
): Promise<WeightsDiagnostic["filters"]> {
  const { shape, columns } = context.data;
  const own = first.shape.slice(1), size = own.reduce((product, n) => product * n, 1);
  const as = own.length > 1 ? (own[0] === 1 ? own.slice(1) : own) : size === columns && shape ? shape : null;
  if (as === null || most === 0 || first.shape[0]! * size > ROWS_READ_MAX) return null;
  const all = await first.read(0, first.shape[0]!);
  const norms = Array.from({ length: first.shape[0]! }, (_, u) => {
    return Math.sqrt(all.subarray(u * size, (u + 1) * size).reduce((sum, value) => sum + value * value, 0));
  });
  const kept = Math.max(1, Math.min(most, Math.floor(FILTER_VALUES_MAX / size)));
  const units = norms.map((_, u) => u).sort((a, b) => norms[b]! - norms[a]! || a - b).slice(0, kept);
  return {
    ...{ name: first.name, shape: as, units, norms: units.map((u) => short(norms[u]!)) },
    values: units.map((u) => Array.from(all.subarray(u * size, (u + 1) * size), short)),
  };
}

async function run(context: DiagnosticContext): Promise<WeightsDiagnostic | null> {
  const parameters = context.parameters();
  if (parameters.length === 0) return null;
  const tensors: TensorWeights[] = [];
  for (const parameter of parameters) tensors.push(await tensorOf(context, parameter));
  const first = parameters.find(({ name, shape }) => name.startsWith("encoder.") && shape.length > 1);
  const filters = first ? await filtersOf(context, first, context.settings.filters as number) : null;
  return { epoch: context.epoch, tensors, filters };
}

export const weights: Diagnostic<WeightsDiagnostic> = {
  name: "weights",
  about: "norms and distributions of what is trained, and the first layer's weights as pictures or waveforms",
  cost: `one look at each parameter, of at most ${SAMPLED_VALUES} values each`,
  settings,
  automatic: () => true,
  run,
  decode: object<WeightsDiagnostic>({
    epoch: number,
    tensors: list(object<TensorWeights>({
      name: text,
      shape: list(number),
      looked_at: number,
      root_mean_square: number,
      mean: number,
      largest: number,
      update_ratio: number,
      values: object<Bins>({ min: number, max: number, counts: list(number) }),
    })),
    filters: nullable(object<NonNullable<WeightsDiagnostic["filters"]>>({
      name: text,
      shape,
      units: list(number),
      norms: list(number),
      values: list(list(number)),
    })),
  }),
  picture: ({ filters }): Picture | null => filters && pictureRows(filters.shape, filters.values.map((one) => [one])),
};

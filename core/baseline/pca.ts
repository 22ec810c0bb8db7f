/**
 * Principal component analysis of the training rows, with as many components as the network has latent units: what a linear
 * model of the same size explains. It is a network of two linear layers, so it is evaluated as every other network is.
 */
import { Model } from "../../ffi/model.ts";
import { Pca, type PcaResult } from "../../ffi/pca.ts";
import type { Config } from "../config/types.ts";
import { feed } from "../data/feed.ts";
import { reading } from "../data/sample.ts";
import { type Part, PARTS, type Source } from "../data/source.ts";
import { withoutRowWeights } from "../data/weights.ts";
import { countText } from "../figures.ts";
import { evaluatePart, type EvaluationProgress, metricsOf, mostRows, Stopped } from "../evaluation/evaluate.ts";
import type { BaselineMetrics } from "../runs/types.ts";

/** Passes over the rows after that which makes their mean. docs/baseline.md says how exact the components are then. */
export const PASSES = 8;
/** The most columns times components: 4 GB of bases. */
const MOST_VALUES = 2 ** 28;
/** The most components: their number counts squared in every column. */
const MOST_COMPONENTS = 512;

/** Why there are no components of that number to compare or begin with; null where there are. */
export function noComponents(components: number, columns: number): string | null {
  if (components >= columns) return `the latent vector is not smaller than a row: ${components} of ${columns} values`;
  if (components > MOST_COMPONENTS || components * columns > MOST_VALUES) {
    return `${components} components of ${columns} columns take too long to compute`;
  }
  return null;
}

/** A smaller difference of R2 is none. */
export const EQUAL_R2 = 5e-4;

const FEWEST_MORE = 10;

/** Columns of the basis beyond the components: as many again, but not fewer than ten where there are so many. */
export const basisBeyond = (components: number, columns: number): number =>
  Math.min(Math.max(components, FEWEST_MORE), columns - components);

export interface PcaFit extends PcaResult {
  readonly columns: number;
  /** Their number, at most that of the columns and one less than that of the rows. */
  readonly count: number;
  /** Training rows that they are of. */
  readonly rows: number;
}

export interface FitOptions {
  readonly threads: number;
  /** Whether to give up. */
  readonly stopped?: () => boolean;
  /** Gets how many of the rows of all passes are done. */
  readonly fitting?: (progress: { readonly name: string; readonly done: number; readonly rows: number }) => void;
}

/**
 * The components of the training rows' targets after the transforms, of at most `evaluation.max_rows` of them. A function of
 * data, seed and batch size alone.
 * @returns null where there are fewer than two rows
 * @throws {Stopped}
 */
export async function fitPca(
  source: Source,
  { data, evaluation, seed }: Pick<Config, "data" | "evaluation" | "seed">,
  components: number,
  { threads, stopped, fitting }: FitOptions,
): Promise<PcaFit | null> {
  const { columns } = source;
  const sample = reading(source, "train", data, { most: mostRows(evaluation, "train"), seed });
  const count = Math.min(components, columns, sample.count - 1);
  if (count < 1) return null;
  using pca = new Pca({ columns, components: count, more: basisBeyond(count, columns), seed, threads });
  const options = { data, epoch: 0, part: "train", training: false, rows: sample.rows } as const;
  const name = `${countText(count)} principal components`;
  let done = 0;
  for (let pass = 0; pass <= PASSES; pass++) {
    if (pass > 0) await pca.nextPass();
    for await (const { window, batches } of feed(sample.plan, options)) {
      if (stopped?.()) throw new Stopped("stopped");
      fitting?.({ name, done: done / (PASSES + 1), rows: sample.count });
      await pca.add(batches);
      done += window.rows;
    }
  }
  fitting?.({ name, done: sample.count, rows: sample.count });
  return { ...await pca.result(), columns, count, rows: sample.count };
}

/** The network of the components P and the mean m: z = P (x - m), reconstruction P' z + m. The caller closes it. */
export async function pcaModel(fit: PcaFit, { dense }: Pick<Source, "dense">, threads: number): Promise<Model> {
  const { columns, count, components, mean } = fit;
  const model = Model.create({
    columns,
    seed: 0,
    threads,
    dense,
    encoder: [{ kind: "linear", size: count }],
    decoder: [{ kind: "linear", size: "output", solver: "dense" }],
    loss: { kind: "mse", reduction: "mean" },
    optimizer: { name: "sgd" },
  });
  try {
    model.build();
    const transposed = new Float32Array(columns * count), bias = new Float32Array(count);
    for (let k = 0; k < count; k++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) {
        const value = components[k * columns + j]!;
        transposed[j * count + k] = value;
        sum += value * mean[j]!;
      }
      bias[k] = -sum;
    }
    const write = async (name: string, values: Float32Array<ArrayBuffer>) => {
      const info = model.tensors().find((tensor) => tensor.name === name && tensor.role === "parameter")!;
      await model.writeTensor(info, 0, info.shape[0]!, new Uint8Array(values.buffer));
    };
    await write("encoder.0.weight", components);
    await write("encoder.0.bias", bias);
    await write("decoder.0.weight", transposed);
    await write("decoder.0.bias", mean);
    return model;
  } catch (error) {
    model.close();
    throw error;
  }
}

export type PcaBaseline = { readonly components: number } & Readonly<Partial<Record<Part, BaselineMetrics | null>>>;

/**
 * MSE and R2 of PCA on each part, on the rows of which the network's metrics are.
 * @throws {Stopped}
 */
export async function evaluatePca(
  fit: PcaFit,
  source: Source,
  config: Config,
  options: FitOptions & { readonly progress?: (info: EvaluationProgress) => void },
): Promise<PcaBaseline> {
  using model = await pcaModel(fit, source, options.threads);
  const found: Partial<Record<Part, BaselineMetrics | null>> = {};
  // PCA gets what it is to reconstruct, and its loss is the squared error.
  const data = { ...config.data, input_transforms: [] };
  const rows = withoutRowWeights(source);
  const same = { ...config, data, loss: { kind: "mse", reduction: "mean" } as const };
  for (const part of PARTS) {
    if (source.partRows[part] === 0) continue;
    if (options.stopped?.()) throw new Stopped("stopped");
    const evaluation = await evaluatePart(model, rows, part, same, { byColumn: true, progress: options.progress });
    const metrics = metricsOf({ ...evaluation, columns: evaluation.columns! }, model);
    found[part] = metrics && { rows: metrics.rows, mse: metrics.mse, r2: metrics.r2 };
  }
  return { components: fit.count, ...found };
}

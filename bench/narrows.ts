/** The side of narrows in a measurement: a config as a user writes it, and a model that is trained on its data. */
import { loadConfig } from "../core/config/mod.ts";
import type { Config } from "../core/config/types.ts";
import { keepOpen } from "../core/data/chunk_cache.ts";
import { feed, type OpenWindow } from "../core/data/feed.ts";
import { trainingPlan } from "../core/data/plan.ts";
import { openSource, type Source } from "../core/data/source.ts";
import { evaluatePart, metricsOf } from "../core/evaluation/evaluate.ts";
import { startBias } from "../core/train/column_means.ts";
import { describeModel } from "../core/train/network.ts";
import type { Model, TrainResult } from "../ffi/model.ts";

export type Solver = "dense" | "factored";
export type Precision = "f32" | "bf16";

/** An autoencoder hidden-latent-hidden over chunk files, or a folder of them. */
export interface Autoencoder {
  readonly path: string;
  readonly hidden: number;
  /** 0: no layer between the encoder's hidden one and the output. */
  readonly latent: number;
  readonly solver: Solver;
  /** Whether the path is dense .npy files. */
  readonly dense?: boolean;
  readonly precision?: Precision;
  readonly threads: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  readonly transforms?: readonly unknown[];
  /** Whether the output layer starts as the peer's for convergence: at the column means, with small weights. */
  readonly tunedStart?: boolean;
  /** Whether a batch norm stands between each hidden layer and its activation. */
  readonly batchNorm?: boolean;
  /** Share of the rows held out. */
  readonly validation?: number;
}

/** The config in the form of YAML; other keys have their defaults. */
export function configOf(net: Autoencoder): Record<string, unknown> {
  const validation = net.validation ?? 0;
  const hidden = [{ linear: net.hidden }, ...(net.batchNorm ? ["batch_norm"] : []), "relu"];
  return {
    name: "bench",
    seed: net.seed ?? 1,
    data: {
      format: net.dense ? "dense_npy" : "csr_npz",
      path: net.path,
      batch_size: net.batch ?? 128,
      shuffle_window: 64,
      split: { train: 1 - validation, validation, test: 0 },
      transforms: net.transforms ?? [],
    },
    model: {
      start: "random", // as PyTorch's
      encoder: [...hidden, { linear: net.latent }],
      decoder: [...hidden, {
        linear: "output",
        solver: net.solver,
        ...(net.tunedStart ? { bias: "column_means", init: { normal: 0.1 / Math.sqrt(3 * net.hidden) } } : {}),
      }],
    },
    optimizer: { name: "adam", learning_rate: net.learningRate ?? 1e-3 },
    training: net.precision === "bf16" ? { precision: "bf16" } : {},
    runtime: { threads: net.threads },
  };
}

/** Why this build cannot train such a config, or null. */
export function cannot(net: Pick<Autoencoder, "solver" | "precision">): string | null {
  try {
    const tried = configOf({ path: ".", hidden: 8, latent: 4, threads: 1, ...net });
    loadConfig({ file: "bench.json", text: JSON.stringify(tried) });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export interface StepTimes {
  readonly steps: number;
  /** Milliseconds per step: waiting for batches and computing. */
  readonly step: number;
  readonly forward: number;
  readonly backward: number;
  readonly losses: readonly number[];
}

/** Steps before timing. The first ones use new memory, and most of them if rows are touched rarely. */
export function settlingSteps(solver: Solver): number {
  return solver === "factored" ? 30 : 4;
}

/** Of a code of few values. */
export interface Code {
  readonly active: number;
  readonly dead: number;
  readonly unexplained: number;
}

/** A model in training. Epoch follows epoch for as long as steps are asked for. */
export class Training implements AsyncDisposable {
  #epoch = 0;
  #windows: AsyncGenerator<OpenWindow> | null = null;
  #open: { batches: OpenWindow["batches"]; left: number } | null = null;

  /** Chunks of a small source stay open between epochs, as in a run. */
  readonly #kept: Disposable;

  private constructor(readonly config: Config, readonly source: Source, readonly model: Model) {
    this.#kept = keepOpen(source.files);
  }

  /** What a run does before its first step. */
  async begin(): Promise<void> {
    await startBias(this.config, this.source, this.model);
  }

  static start(net: Autoencoder): Training {
    return Training.of(loadConfig({ file: "bench.json", text: JSON.stringify(configOf(net)) }).config);
  }

  /** @param source of the config's rows, where they are prepared first */
  static of(config: Config, source = openSource(config.data)): Training {
    const model = describeModel(config, source);
    model.build();
    return new Training(config, source, model);
  }

  async #window(): Promise<{ batches: OpenWindow["batches"]; left: number }> {
    while (this.#open === null || this.#open.left === 0) {
      this.#windows ??= this.#newEpoch();
      const { value, done } = await this.#windows.next();
      if (done) this.#windows = null;
      else this.#open = { batches: value.batches, left: value.window.batches };
    }
    return this.#open;
  }

  #newEpoch(): AsyncGenerator<OpenWindow> {
    const { data } = this.config;
    const epoch = ++this.#epoch;
    return feed(trainingPlan(this.source, data, epoch), { data, epoch, part: "train", training: true });
  }

  async steps(count: number): Promise<StepTimes> {
    let done = 0, wait = 0, compute = 0, forward = 0;
    const losses: number[] = [];
    while (done < count) {
      const open = await this.#window();
      const rates = new Float64Array(Math.min(count - done, open.left)).fill(this.config.optimizer.learning_rate);
      const result: TrainResult = await this.model.train(open.batches, rates, this.#epoch, 0);
      done += result.steps;
      open.left -= result.steps;
      wait += result.waitMs;
      compute += result.computeMs;
      forward += result.forwardMs;
      losses.push(...result.losses);
    }
    return {
      steps: done,
      step: (wait + compute) / done,
      forward: forward / done,
      backward: (compute - forward) / done,
      losses,
    };
  }

  /** Steps of one epoch. */
  get stepsPerEpoch(): number {
    const { data } = this.config;
    return trainingPlan(this.source, data, 1).reduce((sum, window) => sum + window.batches, 0);
  }

  /** Mean loss of the rows of a part, in evaluation. */
  async loss(part: "train" | "validation"): Promise<number> {
    return (await evaluatePart(this.model, this.source, part, this.config)).loss;
  }

  /** Mean loss of the held-out rows. */
  validationLoss(): Promise<number> {
    return this.loss("validation");
  }

  /**
   * Of a code of few values, over the held-out rows: the mean number of units that are not 0, the share that is 0 in all, and the
   * share of the variance that is not explained.
   */
  async code(): Promise<Code> {
    const evaluation = await evaluatePart(this.model, this.source, "validation", this.config, { byColumn: true });
    const { active, rows, columns } = evaluation;
    const dead = active!.filter((count) => count === 0).length / active!.length;
    return {
      active: active!.reduce((sum, count) => sum + count, 0) / rows,
      dead,
      unexplained: 1 - metricsOf({ ...evaluation, columns: columns! }, this.model)!.r2,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#windows?.return(undefined);
    this.#kept[Symbol.dispose]();
    this.model.close();
  }
}

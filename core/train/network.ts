/** Builds the engine's model from the config. */
import { bytesText } from "../figures.ts";
import { Model } from "../../ffi/model.ts";
import { engineInfo } from "../../ffi/info.ts";
import type { Config } from "../config/types.ts";
import type { Source } from "../data/source.ts";
import { UserError } from "../errors.ts";
import type { LayerRow } from "../runs/types.ts";
import { chooseSolver, decoderWith } from "./solver.ts";

/** The number of threads: that of the config, or else the number of cores that this process may use. */
export function threadCount(config: Config): number {
  return config.runtime.threads > 0 ? config.runtime.threads : Number(engineInfo().threads ?? 1);
}

/** The number format of the dense output layer's products, and why, in one line. */
export function precisionNote(config: Config): string {
  if (config.training.precision === "f32") return "f32";
  const { bf16, bf16_reason } = engineInfo();
  if (bf16 !== "none") return `bf16 (${bf16})`;
  return `bf16 asked for, but ${bf16_reason?.replace(/^none: /, "")}: products in f32`;
}

/** Describes the network; nothing is allocated before `build()`. The caller closes it. */
export function describeModel(config: Config, source: Source): Model {
  return Model.create({
    columns: source.columns,
    seed: config.seed,
    threads: threadCount(config),
    dense: source.dense,
    encoder: config.model.encoder,
    decoder: decoderWith(config, chooseSolver(config, source)),
    trainingRows: source.partRows.train,
    loss: config.loss,
    optimizer: config.optimizer,
    precision: config.training.precision,
    gradientClip: config.training.gradient_clip ?? 0,
  });
}

export interface MemoryEstimate {
  readonly parameters: number;
  readonly optimizer: number;
  readonly workspace: number;
  readonly data: number;
  /**
   * The number of copies of the tensors that fit in memory, and the bytes of one. Checkpoints are written from them.
   */
  readonly copies: number;
  readonly copy: number;
  readonly total: number;
  readonly available: number;
}

/** @throws {UserError} when the estimate exceeds what is free (or `runtime.memory_gb`). */
export function checkMemory(estimate: MemoryEstimate): void {
  if (estimate.total <= estimate.available) return;
  throw new UserError(
    "memory",
    `this run needs about ${bytesText(estimate.total)} (parameters ${bytesText(estimate.parameters)}, optimizer ${
      bytesText(estimate.optimizer)
    }, workspace ${bytesText(estimate.workspace)}, data ${bytesText(estimate.data)}), ${
      bytesText(estimate.available)
    } are free`,
    "use a smaller layer, an optimizer with less state (sgd), smaller chunks, or set runtime.memory_gb to try anyway",
  );
}

/** The model table, as it goes into model.json. */
export function layerRows(config: Config, model: Model): LayerRow[] {
  return model.layers().map((layer) => {
    const spec = config.model[layer.part][layer.index]!;
    const detail: string[] = [];
    if (spec.kind === "linear") {
      if (layer.solver !== "none" && layer.solver !== "dense") detail.push(layer.solver);
      if (spec.tied) detail.push("tied");
      if (!spec.bias) detail.push("no bias");
      if (spec.bias === "column_means") detail.push("bias from the column means");
    } else if (spec.kind === "leaky_relu") detail.push(`slope ${spec.slope}`);
    else if (spec.kind === "elu") detail.push(`alpha ${spec.alpha}`);
    else if (spec.kind === "dropout") detail.push(`rate ${spec.rate}`);
    return {
      name: `${layer.part}.${layer.index}`,
      kind: spec.kind,
      detail: detail.join(", "),
      inputs: layer.inputs,
      outputs: layer.outputs,
      parameters: layer.parameters,
    };
  });
}

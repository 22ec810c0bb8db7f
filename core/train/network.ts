/** Builds the engine's model from the config. */
import { basename } from "@std/path";
import { type LayerInfo, Model } from "../../ffi/model.ts";
import { bytesText } from "../figures.ts";
import { engineInfo } from "../../ffi/info.ts";
import { showFlow } from "../config/mod.ts";
import { engineLoss, isLayers, isOfHidden } from "../config/properties.ts";
import { ownSettings } from "../config/sections.ts";
import type { Config, FieldValue } from "../config/types.ts";
import { kindNamed, LAYERS, sameValue } from "../config/vocabulary.ts";
import { stepsOf, trainingPlan } from "../data/plan.ts";
import type { Source } from "../data/source.ts";
import { UserError } from "../errors.ts";
import { checkKept } from "../graphs/keep.ts";
import type { LayerRow } from "../runs/types.ts";
import { networkError } from "./network_error.ts";
import { chooseSolver, decoderWith } from "./solver.ts";
import { chooseStart, type Layers, residualLayers } from "./start_layers.ts";

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

/**
 * The shape of a row: the config's, else the data's own.
 * @throws {UserError} if the rows cannot have the shape that the config gives them
 */
export function shapeOf({ data }: Config, { columns, dense, shape: own }: Source): readonly number[] | null {
  const { shape } = data;
  if (shape === null) return own;
  if (!dense) throw new UserError("data.shape", "is for dense rows, but these are sparse", "remove it");
  const size = shape.reduce((product, count) => product * count, 1);
  if (size === columns) return shape;
  const what = `[${shape.join(", ")}] has ${size} values, but a row of the data has ${columns}`;
  throw new UserError("data.shape", what, "the product must be the number of columns");
}

/** The layers that the engine gets: with the output layer's solver, and those of a start at PCA. */
export function networkLayers(config: Config, source: Source): Layers {
  const layers = { encoder: config.model.encoder, decoder: decoderWith(config, chooseSolver(config, source)) };
  return chooseStart(config, source).start === "pca"
    ? residualLayers(layers, { columns: source.columns, shape: shapeOf(config, source) })
    : layers;
}

/**
 * Describes the network; nothing is allocated before `build()`. The caller closes it.
 * @throws {UserError} if the layers, the loss and the data do not fit each other; `where` is the key of the config
 */
export function describeModel(config: Config, source: Source): Model {
  checkKept(config);
  const shape = shapeOf(config, source);
  const { model, data, loss, optimizer, training } = config;
  const described = (layers: Layers) =>
    Model.create({
      columns: source.columns,
      ...shape === null ? {} : { shape },
      seed: config.seed,
      threads: threadCount(config),
      dense: source.dense,
      ...layers,
      trainingRows: source.partRows.train,
      stepsPerEpoch: Math.max(1, stepsOf(trainingPlan(source, data, 1))),
      categories: source.categoryNames?.length ?? 0,
      hiddenOnly: isOfHidden(loss),
      loss: engineLoss(loss),
      optimizer: ownSettings(optimizer),
      precision: training.precision,
      gradientClip: training.gradient_clip ?? 0,
    });
  try {
    const layers = { encoder: model.encoder, decoder: decoderWith(config, chooseSolver(config, source)) };
    // Errors name the layers of the config, of which those of a start at PCA are made.
    if (chooseStart(config, source).start === "pca") described(layers).close();
    const made = described(networkLayers(config, source));
    if (source.columnWeights === null) return made;
    using unused = new DisposableStack();
    unused.use(made);
    made.weighColumns(source.columnWeights);
    unused.move();
    return made;
  } catch (error) {
    throw networkError(error, model);
  }
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
    "use a smaller layer, an optimizer with less state (sgd), smaller chunks, model.start: random, or set " +
      "runtime.memory_gb to try anyway",
  );
}

/** A setting beside a layer's kind: `slope 0.1`, `tied`, `no bias`, `layers: conv1d → gelu`. */
function settingText(name: string, value: FieldValue): string {
  if (typeof value === "boolean") return value ? name : `no ${name}`;
  if (typeof value === "string" && value.includes("/")) return `${name} ${basename(value)}`;
  return isLayers(value) ? `${name}: ${value.map(({ kind }) => kind).join(" → ")}` : `${name} ${showFlow(value)}`;
}

/**
 * What does a layer's products, where there is a choice, and the settings that differ from their defaults. A size is left
 * out that the output's shape says.
 */
function layerDetail({ kind, solver, settings, output, outputs }: LayerInfo): string {
  const shown = kindNamed(LAYERS, kind).fields.filter(({ name, value, default: fallback, words = [] }) => {
    const setting = settings[name];
    if (setting === undefined || name === "solver" || sameValue(setting, fallback)) return false;
    const isSize = setting === outputs || setting === output[0] || sameValue(setting, output);
    return !(value && (isSize || words.includes(String(setting))));
  });
  const products = solver === "none" || solver === "dense" ? [] : [solver];
  return [...products, ...shown.map(({ name }) => settingText(name, settings[name]!))].join(", ");
}

/** The model table, as it goes into model.json. Shapes are there where they are more than a number of values. */
export function layerRows(layers: readonly LayerInfo[]): LayerRow[] {
  return layers.map((layer) => {
    const { part, index, kind, input, output, inputs, outputs, parameters } = layer;
    return {
      name: `${part}.${index}`,
      kind,
      detail: layerDetail(layer),
      inputs,
      outputs,
      ...input.length > 1 ? { input_shape: input } : {},
      ...output.length > 1 ? { output_shape: output } : {},
      parameters,
    };
  });
}

/**
 * A trained network as its run folder tells it: layers with shapes and names of tensors, the loss, and the weights of a
 * checkpoint. The data are not needed.
 */
import { join } from "@std/path";
import { type FieldValue, type LayerInfo, Model } from "../../ffi/model.ts";
import type { InnerInfo } from "../../ffi/model_types.ts";
import { ensureEngine } from "../build/ensure.ts";
import { checkpointsFolder } from "../checkpoint/layout.ts";
import { resolveCheckpoint } from "../checkpoint/resolve.ts";
import { type Config, type Layer, loadRunConfig } from "../config/mod.ts";
import { engineLoss, needsCategories } from "../config/properties.ts";
import { ownSettings } from "../config/sections.ts";
import { fixedOf } from "../config/transforms.ts";
import type { FixedTransform, Loss } from "../config/types.ts";
import { kindNamed, LAYERS } from "../config/vocabulary.ts";
import type { DataIdentity } from "../data/identity.ts";
import { readRunData } from "../data/run_data.ts";
import { UserError } from "../errors.ts";
import { exists } from "../formats/file.ts";
import { readJson } from "../formats/json.ts";
import { checkKept } from "../graphs/keep.ts";
import { SafetensorsFile } from "../formats/safetensors.ts";
import type { TensorSource } from "../formats/tensor.ts";
import { openRun } from "../runs/folder.ts";
import { sizeOf } from "../shapes.ts";
import { DecodeError } from "../runs/decode.ts";
import { layerRows } from "../runs/schema.ts";
import type { LayerRow } from "../runs/types.ts";
import { chooseStart, residualLayers } from "../train/start_layers.ts";

const JSON_BYTES_MAX = 64 << 20;

/** Of a row, channels first; a flat row has one number. */
export type Shape = readonly number[];

export interface NetworkLayer {
  /** With which the names of its tensors begin: `encoder.1.layers.0`. */
  readonly name: string;
  readonly kind: string;
  /** All fields by name, defaults filled in. */
  readonly settings: Readonly<Record<string, FieldValue>>;
  readonly input: Shape;
  readonly output: Shape;
  /** The layers of its setting `layers`. */
  readonly inner: readonly NetworkLayer[];
}

export interface TrainedNetwork extends Disposable {
  /** Of the run. */
  readonly name: string;
  /** The name of the checkpoint's folder. */
  readonly checkpoint: string;
  readonly columns: number;
  /** Of a row as the encoder sees it. */
  readonly shape: Shape;
  readonly encoder: readonly NetworkLayer[];
  readonly decoder: readonly NetworkLayer[];
  readonly latent: number;
  readonly loss: Loss;
  /** The kinds of the steps by which the rows were prepared. */
  readonly steps: readonly string[];
  /** What is done to stored values before the network and the loss see them. */
  readonly transforms: readonly FixedTransform[];
  /** What is done after these to the encoder's input. */
  readonly inputTransforms: readonly FixedTransform[];
  /** Names of the categories of rows; null where the network needs none. */
  readonly categories: readonly string[] | null;
  /** The tensors of the checkpoint in the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorSource>;
}

/** What the layers of a run are made from, besides its config. */
interface Ground {
  readonly config: Config;
  readonly categories: number;
}

/** The layers of a list, described by the engine with the shapes between them. */
function described(
  { config, categories }: Ground,
  columns: number,
  shape: Shape,
  layers: { readonly encoder: readonly Layer[]; readonly decoder: readonly Layer[] },
  loss: Loss,
): readonly LayerInfo[] {
  using model = Model.create({
    columns,
    ...shape.length > 1 ? { shape } : {},
    seed: 0,
    threads: 1,
    dense: true,
    ...layers,
    stepsPerEpoch: 1,
    categories,
    loss,
    optimizer: ownSettings(config.optimizer),
  });
  return model.layers();
}

function withInner({ kind, settings, input, output, layers }: InnerInfo, name: string): NetworkLayer {
  const inner = layers.map((layer, i) => withInner(layer, `${name}.layers.${i}`));
  return { name, kind, settings, input, output, inner };
}

/**
 * The network of a run with a checkpoint's weights, every byte of which is checked.
 * @param which "best", "latest" or a checkpoint folder; by default best if the run kept it, otherwise latest
 * @throws {UserError} if the folder is not a run, or the checkpoint is damaged
 */
export async function readNetwork(
  runDir: string,
  which: string | undefined,
  note: (text: string) => void,
): Promise<TrainedNetwork> {
  await ensureEngine({ quiet: true });
  const run = await openRun(runDir);
  const { config } = loadRunConfig(run.path);
  const data = await readRunData(run.path);
  if (data === null) throw new UserError(run.path, "has no data.json, which says how many columns the data have");
  const trained = await readLayers(run.path), shape = trained[0]!.input_shape ?? [trained[0]!.inputs];
  const keepsBest = await exists(join(checkpointsFolder(run.path), "best"));
  const checkpoint = await resolveCheckpoint(run.path, which ?? (keepsBest ? "best" : "latest"), note);
  using opened = new DisposableStack();
  const file = opened.use(await SafetensorsFile.open(join(checkpoint.path, "model.safetensors")));
  const tensors = new Map([...file.tensors.keys()].map((name) => [name, file.source(name)]));
  const layers = layersOf(run.path, config, data, trained, shape);
  const kept = opened.move();
  return {
    name: run.name,
    checkpoint: checkpoint.name,
    columns: data.columns,
    shape,
    ...layers,
    latent: sizeOf(layers.encoder.at(-1)!.output),
    loss: engineLoss(config.loss),
    steps: config.data.steps.map(kindOfStep),
    transforms: fixedOf(config.data.transforms),
    inputTransforms: fixedOf(config.data.input_transforms),
    categories: [...config.model.encoder, ...config.model.decoder].some(needsCategories)
      ? data.batch?.names ?? null
      : null,
    tensors,
    [Symbol.dispose]: () => kept.dispose(),
  };
}

/** A step is a bare name, or a map whose first key is its kind. */
const kindOfStep = (step: unknown): string => typeof step === "string" ? step : Object.keys(step as object)[0]!;

/** The layers as training wrote them into model.json. */
async function readLayers(run: string): Promise<readonly LayerRow[]> {
  const path = join(run, "model.json");
  const edited = (what: string) => new UserError(path, what, "train writes this file; do not edit it");
  try {
    const layers = layerRows(await readJson(path, JSON_BYTES_MAX), "");
    if (layers.length === 0) throw edited("has no layers");
    return layers;
  } catch (error) {
    throw error instanceof DecodeError ? edited(error.message) : error;
  }
}

/** @throws {UserError} where the config does not give the layers that were trained */
function requireTrained(run: string, infos: readonly LayerInfo[], trained: readonly LayerRow[]): void {
  const sizes = ({ kind, inputs, outputs, parameters }: LayerInfo | LayerRow) =>
    `${kind} of ${inputs} inputs, ${outputs} outputs and ${parameters} parameters`;
  for (const [at, { name }] of trained.entries()) {
    const [was, is] = [sizes(trained[at]!), infos[at] === undefined ? "none" : sizes(infos[at]!)];
    if (was === is) continue;
    const what = `${name} is ${is}, but was trained as ${was}`;
    throw new UserError(join(run, "config.yaml"), what, "restore the file as training wrote it");
  }
}

/** Settings that only say how a layer is trained; without them its outputs are the same. */
function asTrained(layer: Layer): Layer {
  if (layer.solver === undefined) return layer;
  const { fields } = kindNamed(LAYERS, layer.kind);
  const rules = fields.filter(({ only }) => only === "factored" || only === "least_squares").map(({ name }) => name);
  const kept = Object.entries(layer).filter(([name]) => !rules.includes(name));
  return { ...Object.fromEntries(kept), kind: layer.kind, solver: "dense" };
}

/** The layers as the engine had them in training: those of a start at PCA are not the config's. */
function layersOf(
  run: string,
  config: Config,
  data: DataIdentity,
  trained: readonly LayerRow[],
  shape: Shape,
): Pick<TrainedNetwork, "encoder" | "decoder"> {
  checkKept(config);
  const { columns } = data;
  const ground = { config, categories: data.batch?.names.length ?? 0 };
  const { encoder, decoder } = chooseStart(config, { columns }).start === "pca"
    ? residualLayers(config.model, { columns, shape })
    : config.model;
  const layers = { encoder, decoder: decoder.map(asTrained) };
  const infos = described(ground, columns, shape, layers, engineLoss(config.loss));
  requireTrained(run, infos, trained);
  const part = (wanted: LayerInfo["part"]) =>
    infos.filter((info) => info.part === wanted).map((info) => withInner(info, `${wanted}.${info.index}`));
  return { encoder: part("encoder"), decoder: part("decoder") };
}

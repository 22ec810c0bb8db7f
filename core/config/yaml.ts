/** Writes a config as YAML: every key, in the schema's order, with one line per layer and transform. */
import { relative } from "@std/path";
import { Document, isCollection, isMap, isSeq } from "yaml";
import { fromLayer } from "./layers.ts";
import { changed, GRAPH_FILES, isPathIn } from "./properties.ts";
import { fromTransform } from "./transforms.ts";
import type { Config, Layer, Split } from "./types.ts";

/** The config's YAML form as plain data; loading it gives the same config. */
export function toPlain(config: Config): Record<string, unknown> {
  const { data, model, ...rest } = config;
  const { path, split, transforms, input_transforms, ...others } = data;
  return {
    name: rest.name,
    title: rest.title,
    description: rest.description,
    seed: rest.seed,
    data: {
      format: others.format,
      ...(path === "" ? {} : { path }),
      ...(others.member === null ? {} : { member: others.member }),
      ...(Object.keys(others.reader).length === 0 ? {} : { reader: others.reader }),
      ...(others.steps.length === 0 ? {} : { steps: others.steps }),
      ...(others.cache === "auto" ? {} : { cache: others.cache }),
      ...(others.shape === null ? {} : { shape: others.shape }),
      ...(others.seed === rest.seed ? {} : { seed: others.seed }),
      batch_size: others.batch_size,
      last_batch: others.last_batch,
      shuffle: others.shuffle,
      shuffle_window: Number.isFinite(others.shuffle_window) ? others.shuffle_window : "auto",
      workers: others.workers,
      preload_batches: others.preload_batches,
      split: plainSplit(split),
      transforms: transforms.map(fromTransform),
      input_transforms: input_transforms.map(fromTransform),
      mask_rate: others.mask_rate,
      labels: others.labels,
      batch: others.batch,
      row_weights: others.row_weights,
      column_names: others.column_names,
    },
    model: { encoder: model.encoder.map(fromLayer), decoder: model.decoder.map(fromLayer), start: model.start },
    loss: rest.loss,
    optimizer: rest.optimizer,
    scheduler: rest.scheduler,
    training: plainTraining(rest.training),
    checkpoint: rest.checkpoint,
    logging: rest.logging,
    diagnostics: rest.diagnostics,
    evaluation: rest.evaluation,
    runtime: rest.runtime,
    paths: rest.paths,
  };
}

function plainTraining({ replicas, ...training }: Config["training"]): Record<string, unknown> {
  const epochs = Number.isFinite(training.epochs) ? training.epochs : "auto";
  return { ...training, epochs, ...replicas === null ? {} : { replicas } };
}

function plainSplit(split: Split): Record<string, unknown> {
  if (split.by === "rows") {
    const by = split.together === undefined ? {} : { by: split.together };
    return { train: split.train, validation: split.validation, test: split.test, ...by, seed: split.seed };
  }
  const parts = (["train", "validation", "test"] as const).filter((part) => split[part].length > 0);
  return Object.fromEntries(parts.map((part) => [part, split[part]]));
}

/**
 * The config as YAML text that loads to the same config, from any folder.
 * @param home the folder in which it will lie: paths of layers that are in it are written from there, so that the folder can
 *   be moved
 */
export function configToYaml(config: Config, home?: string): string {
  const near = (layer: Layer) => {
    const names = GRAPH_FILES.filter((name) => home !== undefined && isPathIn(layer, name));
    const paths = names.map((name) => [name, relative(home!, layer[name] as string)] as const);
    return { ...layer, ...Object.fromEntries(paths.filter(([, path]) => !path.startsWith(".."))) };
  };
  const part = (layers: readonly Layer[]) => layers.map((layer) => changed(layer, near));
  const model = { ...config.model, encoder: part(config.model.encoder), decoder: part(config.model.decoder) };
  const document = new Document(toPlain({ ...config, model }), { schema: "core", aliasDuplicateObjects: false });
  setFlow(document.contents, false);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** Maps within lists and lists of scalars are written in one line; other collections over several. */
function setFlow(node: unknown, inList: boolean): void {
  if (!isCollection(node)) return;
  node.flow = inList || (isSeq(node) && node.items.every((item) => !isCollection(item)) && isNumbers(node.items));
  for (const item of node.items) {
    if (isMap(node)) setFlow((item as { value: unknown }).value, inList);
    else setFlow(item, true);
  }
}

function isNumbers(items: readonly unknown[]): boolean {
  return items.every((item) => typeof (item as { value: unknown }).value === "number");
}

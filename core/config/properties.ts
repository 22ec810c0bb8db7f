/**
 * What the program concludes from a layer's or an optimizer's settings. It asks for fields, never for kinds: a field's name
 * means the same in every kind that has it.
 */
import type { FieldValue, Layer, Loss, Optimizer } from "../../spec/network.ts";
import { hasField, kindNamed, LAYERS, LOSSES, OPTIMIZERS } from "./vocabulary.ts";

/** The number of outputs that a layer with a `size` has; undefined where the data or its input decide it. */
export function sizeOf({ size }: Layer): number | undefined {
  if (typeof size === "number") return size;
  return Array.isArray(size) ? (size as number[]).reduce((product, count) => product * count, 1) : undefined;
}

/** Whether a row's targets are compared with means that are multiplied by their sum. */
export const needsCounts = ({ size }: Loss): boolean => size === "library";

/** Whether its targets are counts: it has a `size` that is shared out among a row's columns. */
export const isOfCounts = ({ kind }: Loss): boolean => hasField(kindNamed(LOSSES, kind), "size");

/** Whether it, or a layer within it, needs the category of each row: `categories` is their number. */
export const needsCategories = (layer: Layer): boolean =>
  withInner(layer).some(({ categories }) => categories !== undefined);

/** The file of the columns' weights; null where all columns count alike. */
export const columnWeightsOf = ({ column_weights: path }: Loss): string | null =>
  typeof path === "string" ? path : null;

/** Whether the loss of training is that of hidden places alone. */
export const isOfHidden = ({ on }: Loss): boolean => on === "hidden";

/** The loss as the engine takes it: `column_weights` and `on` are not among its settings. */
export function engineLoss({ column_weights: _, on: __, ...loss }: Loss): Loss {
  return loss as Loss;
}

/**
 * The files of a layer of neurons: `edges`, its connections, and `partition`, the part of each neuron. A run keeps copies, by
 * which it goes on where the files are gone or others. Parts change the speed and no result.
 */
export const GRAPH_FILES = ["edges", "partition"] as const;
export const PARTS = ["partition", "parts"] as const;

/** Whether a field of a layer holds a path, and not one of the words that stand for something else. */
export function isPathIn(layer: Layer, name: string): boolean {
  const field = kindNamed(LAYERS, layer.kind).fields.find((field) => field.name === name);
  return field?.type === "path" && !field.words?.includes(layer[name] as string);
}

/** A layer, and those within it, with other settings: what `change` returns for a layer replaces it. */
export function changed(layer: Layer, change: (layer: Layer) => Layer): Layer {
  const entries = Object.entries(layer).map(([name, value]) => [
    name,
    isLayers(value) ? value.map((inner) => changed(inner, change)) : value,
  ]);
  return change({ ...Object.fromEntries(entries), kind: layer.kind });
}

/** Whether a setting is a list of layers. */
export const isLayers = (value: FieldValue | undefined): value is readonly Layer[] =>
  Array.isArray(value) && typeof value[0] === "object" && !Array.isArray(value[0]);

/** The layer and all that lie within it. */
export function withInner(layer: Layer): Layer[] {
  return [layer, ...Object.values(layer).filter(isLayers).flat().flatMap(withInner)];
}

/** Whether it normalises over the rows of a batch: `momentum` is the weight of a batch in its running statistics. */
export const keepsRunningStatistics = (layer: Layer): boolean =>
  withInner(layer).some(({ momentum }) => momentum !== undefined);

/** Whether it sets values to 0 at random in training: `rate` is their share. */
export const dropsValues = (layer: Layer): boolean => withInner(layer).some(({ rate }) => rate !== undefined);

/** Whether it keeps only some values of a row, so that its width does not say how much a code holds: `k` is their number. */
export const keepsFewValues = (layer: Layer): boolean => withInner(layer).some(({ k }) => k !== undefined);

/**
 * Whether a step's size does not shrink with the gradient: the rule divides by a running size of it, to which it adds
 * `eps`.
 */
export const isAdaptive = ({ name }: Optimizer): boolean => hasField(kindNamed(OPTIMIZERS, name), "eps");

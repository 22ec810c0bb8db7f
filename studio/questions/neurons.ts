/**
 * Layers that are networks of neurons (docs/neurons.md): their neurons as stages before the one of their outputs, and their connections
 * as links.
 */
import { everyLayer, type InnerInfo, type NamedInfo } from "../../ffi/model_types.ts";
import type { Model } from "../../ffi/model.ts";
import type { ParameterAbout } from "../../core/diagnostics/diagnostic.ts";
import type { LinkAbout, StageAbout } from "../../core/diagnostics/stages.ts";
import { exists } from "../../core/formats/file.ts";
import { partsIn } from "../../core/graphs/parts.ts";
import { sizeOf } from "../../core/shapes.ts";
import type { Subject } from "../session/subject.ts";
import { CONNECTIONS_MAX } from "./bounds.ts";

/** A stage, and which neurons of a layer it shows; null where it shows none. */
export interface StageOf extends StageAbout {
  readonly neurons: {
    /** The name of the layer. */
    readonly layer: string;
    /** The first of its neurons among the layer's. */
    readonly first: number;
    /** Whether they are those of a free graph, which have no places of their own. */
    readonly free: boolean;
  } | null;
}

/** Names and shapes of the neurons behind the outputs; null where the layer is no network of neurons. By its settings. */
function innerOf({ settings, outputs }: InnerInfo): { name: string; shape: readonly number[]; free: boolean }[] | null {
  const { shapes, neurons, rounds } = settings as { shapes?: unknown; neurons?: unknown; rounds?: unknown };
  if (typeof rounds !== "number") return null;
  if (typeof neurons === "number") {
    return neurons > outputs ? [{ name: "neurons", shape: [neurons - outputs], free: true }] : [];
  }
  if (!Array.isArray(shapes)) return null;
  return shapes.map((shape: number | readonly number[], z) => {
    const axes = typeof shape === "number" ? [shape] : shape;
    return { name: `layer${z + 1}`, shape: axes.length === 2 ? [1, ...axes] : axes, free: false };
  });
}

/** Connections of a layer, as many as its tensor `weight` has. */
const connectionsOf = (model: Model, layer: NamedInfo): number =>
  model.tensors().find(({ name }) => name === `${layer.name}.weight`)?.shape[0] ?? Infinity;

/** The layer of a name, which there is. */
const layerNamed = (model: Model, layer: string): NamedInfo =>
  everyLayer(model.layers()).find(({ name }) => name === layer)!;

/** Stages with those of the neurons, each before the outputs of its layer. */
export function withNeurons(stages: readonly StageAbout[], model: Model): StageOf[] {
  const layers = new Map(everyLayer(model.layers()).map((layer) => [layer.name, layer]));
  return stages.flatMap((stage) => {
    const layer = stage.layers[0], about = layer === undefined ? undefined : layers.get(layer);
    const inner = about && innerOf(about);
    if (layer === undefined || !inner || connectionsOf(model, about) > CONNECTIONS_MAX) {
      return [{ ...stage, neurons: null }];
    }
    let first = 0;
    const own = inner.map(({ name, shape, free }): StageOf => {
      const neurons = { layer, first, free };
      first += sizeOf(shape);
      const kinds = [free ? "graph" : "neurons"];
      return { name: `${stage.name}.${name}`, kinds, shape, layers: [], before: null, sources: [], neurons };
    });
    return [...own, { ...stage, neurons: { layer, first, free: false } }];
  });
}

/** Connections from the neurons of one stage to those of another one, or of the same. */
export interface NeuronLink {
  readonly from: number;
  readonly to: number;
  readonly weight: ParameterAbout;
  /** Of each connection: its number in `weight`, and the units that it leads from and to. */
  readonly numbers: Uint32Array<ArrayBuffer>;
  readonly sources: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
}

/** A network of neurons as the engine has wired it: values of the row are numbered first, then neurons. */
interface Net {
  readonly inputs: number;
  readonly weight: ParameterAbout;
  /** Of each connection, in the order of the targets. */
  readonly source: Float32Array;
  readonly target: Float32Array;
  /** Number of the stage that the layer takes values of, and those of its neurons, the outputs last. */
  readonly before: number;
  readonly own: readonly number[];
  readonly links: readonly NeuronLink[];
}

const known = new WeakMap<Subject, Promise<readonly Net[]>>();

/** The wirings do not change and are read once. Ask where the network may be asked. */
function netsOf(subject: Subject): Promise<readonly Net[]> {
  const found = known.get(subject) ?? readNets(subject);
  known.set(subject, found);
  found.catch(() => known.delete(subject));
  return found;
}

async function readNets({ model, stages, questions }: Subject): Promise<readonly Net[]> {
  const nets: Net[] = [];
  for (const { neurons, layers, before } of stages) {
    if (neurons === null || layers.length === 0) continue;
    const { layer } = neurons, { inputs } = layerNamed(model, layer);
    const weight = questions.parameters().find(({ name }) => name === `${layer}.weight`)!;
    const edges = model.tensors().find(({ name }) => name === `${layer}.edge_index`)!;
    const count = edges.shape[1]!, both = new Float32Array(2 * count);
    await model.readTensor(edges, 0, 2, new Uint8Array(both.buffer));
    const wired = {
      ...{ inputs, weight, source: both.subarray(0, count), target: both.subarray(count) },
      before: stages.findIndex(({ name }) => name === before!.stage),
      own: [...stages.keys()].filter((stage) => stages[stage]!.neurons?.layer === layer),
    };
    nets.push({ ...wired, links: linksOf(stages, wired) });
  }
  return nets;
}

/** Connections by the stages of their ends. */
function linksOf(stages: readonly StageOf[], { inputs, before, own, weight, source, target }: Omit<Net, "links">) {
  const firsts = own.map((stage) => inputs + stages[stage]!.neurons!.first);
  const placeOf = (end: number) => firsts.filter((first) => end >= first).length - 1;
  const stageOf = (end: number) => end < inputs ? before : own[placeOf(end)]!;
  const unitOf = (end: number) => end < inputs ? end : end - firsts[placeOf(end)]!;
  const lists = new Map<number, [numbers: number[], sources: number[], targets: number[]]>();
  for (let number = 0; number < source.length; number++) {
    const from = stageOf(source[number]!), to = stageOf(target[number]!), key = from * stages.length + to;
    let lists_of = lists.get(key);
    if (lists_of === undefined) lists.set(key, lists_of = [[], [], []]);
    lists_of[0].push(number);
    lists_of[1].push(unitOf(source[number]!));
    lists_of[2].push(unitOf(target[number]!));
  }
  return [...lists].sort(([a], [b]) => a - b).map(([key, [numbers, sources, targets]]): NeuronLink => ({
    from: Math.floor(key / stages.length),
    to: key % stages.length,
    weight,
    numbers: Uint32Array.from(numbers),
    sources: Uint32Array.from(sources),
    targets: Uint32Array.from(targets),
  }));
}

/** All links of a network, those of its linear layers first. Ask where the network may be asked. */
export async function allLinks(subject: Subject): Promise<readonly (LinkAbout | NeuronLink)[]> {
  return [...subject.links, ...(await netsOf(subject)).flatMap(({ links }) => links)];
}

export const isOfNeurons = (link: LinkAbout | NeuronLink): link is NeuronLink => "numbers" in link;

/** Of the neurons of a free graph the number of each one's part; null of other stages. */
export async function partsOf({ model }: Subject, stage: StageOf): Promise<Uint32Array<ArrayBuffer> | null> {
  const { neurons } = stage;
  if (!neurons?.free) return null;
  const units = sizeOf(stage.shape), { settings } = layerNamed(model, neurons.layer);
  const { partition } = settings as { partition?: string };
  if (partition === undefined || partition === "auto" || partition === "engine") return new Uint32Array(units);
  // They change no result: where the run's copy is gone, the neurons are drawn as one part.
  if (!await exists(partition)) return new Uint32Array(units);
  const parts = partsIn(await Deno.readTextFile(partition)).subarray(neurons.first, neurons.first + units);
  return parts.length === units ? Uint32Array.from(parts) : new Uint32Array(units);
}

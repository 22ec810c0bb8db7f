/**
 * Layers that are networks of neurons (docs/neurons.md): their neurons as stages before the one of their outputs, their connections as
 * links, and the values of the neurons for a row, which the engine keeps to itself.
 */
import type { LayerInfo } from "../../ffi/model_types.ts";
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
    /** Number of the layer among the network's. */
    readonly layer: number;
    /** The first of its neurons among the layer's. */
    readonly first: number;
    /** Whether they are those of a free graph, which have no places of their own. */
    readonly free: boolean;
  } | null;
}

/** Names and shapes of the neurons behind the outputs; null where the layer is no network of neurons. By its settings. */
function innerOf({ settings, outputs }: LayerInfo): { name: string; shape: readonly number[]; free: boolean }[] | null {
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
const connectionsOf = (model: Model, layer: LayerInfo): number =>
  model.tensors().find(({ name }) => name === `${layer.part}.${layer.index}.weight`)?.shape[0] ?? Infinity;

/** Stages with those of the neurons, each before the outputs of its layer. */
export function withNeurons(stages: readonly StageAbout[], model: Model): StageOf[] {
  const layers = model.layers();
  return stages.flatMap((stage) => {
    const layer = stage.layers[0], about = layer === undefined ? undefined : layers[layer];
    const inner = about && innerOf(about);
    if (layer === undefined || !inner || connectionsOf(model, about) > CONNECTIONS_MAX) {
      return [{ ...stage, neurons: null }];
    }
    let first = 0;
    const own = inner.map(({ name, shape, free }): StageOf => {
      const neurons = { layer, first, free };
      first += sizeOf(shape);
      return { name: `${stage.name}.${name}`, kinds: [free ? "graph" : "neurons"], shape, layers: [], neurons };
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
  readonly layer: number;
  readonly inputs: number;
  readonly rounds: number;
  readonly activation: string;
  readonly weight: ParameterAbout;
  readonly bias: ParameterAbout;
  /** Of each connection, in the order of the targets. */
  readonly source: Float32Array;
  readonly target: Float32Array;
  /** Number of the stage that the layer takes values of, and of that of its outputs. */
  readonly before: number;
  readonly last: number;
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

async function readNets(subject: Subject): Promise<readonly Net[]> {
  const nets: Net[] = [], layers = subject.model.layers();
  for (const [last, { neurons, layers: own }] of subject.stages.entries()) {
    if (neurons === null || own.length === 0) continue;
    const { inputs, settings, part, index } = layers[neurons.layer]!, name = `${part}.${index}`;
    const { rounds, activation } = settings as { rounds: number; activation: string };
    const parameter = (what: string) => subject.questions.parameters().find((one) => one.name === `${name}.${what}`)!;
    const edges = subject.model.tensors().find((tensor) => tensor.name === `${name}.edge_index`)!;
    const count = edges.shape[1]!, both = new Float32Array(2 * count);
    await subject.model.readTensor(edges, 0, 2, new Uint8Array(both.buffer));
    const before = subject.stages.findIndex((stage) => stage.neurons?.layer === neurons.layer) - 1;
    const wired = {
      ...{ layer: neurons.layer, inputs, rounds, activation, weight: parameter("weight"), bias: parameter("bias") },
      ...{ source: both.subarray(0, count), target: both.subarray(count), before, last },
    };
    nets.push({ ...wired, links: linksOf(subject, wired) });
  }
  return nets;
}

/** Connections by the stages of their ends. */
function linksOf({ stages }: Subject, { inputs, before, last, weight, source, target }: Omit<Net, "links">) {
  const firsts = stages.slice(before + 1, last + 1).map(({ neurons }) => inputs + neurons!.first);
  const stageOf = (end: number) => before + firsts.filter((first) => end >= first).length;
  const unitOf = (end: number, stage: number) => stage === before ? end : end - firsts[stage - before - 1]!;
  const lists = new Map<number, [numbers: number[], sources: number[], targets: number[]]>();
  for (let number = 0; number < source.length; number++) {
    const from = stageOf(source[number]!), to = stageOf(target[number]!), key = from * stages.length + to;
    let lists_of = lists.get(key);
    if (lists_of === undefined) lists.set(key, lists_of = [[], [], []]);
    lists_of[0].push(number);
    lists_of[1].push(unitOf(source[number]!, from));
    lists_of[2].push(unitOf(target[number]!, to));
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
  const units = sizeOf(stage.shape), { settings } = model.layers()[neurons.layer]!;
  const { partition } = settings as { partition?: string };
  if (partition === undefined || partition === "auto" || partition === "engine") return new Uint32Array(units);
  // They change no result: where the run's copy is gone, the neurons are drawn as one part.
  if (!await exists(partition)) return new Uint32Array(units);
  const parts = partsIn(await Deno.readTextFile(partition)).subarray(neurons.first, neurons.first + units);
  return parts.length === units ? Uint32Array.from(parts) : new Uint32Array(units);
}

const ACTIVATIONS: Readonly<Record<string, (z: number) => number>> = {
  tanh: Math.tanh,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  relu: (z) => Math.max(0, z),
  leaky_relu: (z) => z < 0 ? 0.01 * z : z,
};

/**
 * Writes what the neurons before the outputs give for a row in the round before the last one, from which the outputs are made, into
 * `values`; of a network of one round, in that round.
 * @param values of all stages, of which `at` says where each begins; where what a layer takes is not known (NaN), its neurons stay so
 */
export async function addNeurons(subject: Subject, values: Float32Array, at: readonly number[]): Promise<void> {
  for (const { inputs, rounds, activation, weight, bias, source, target, before, last } of await netsOf(subject)) {
    const neurons = bias.shape[0]!, inner = subject.stages[last]!.neurons!.first, f = ACTIVATIONS[activation];
    const row = values.subarray(at[before]!, at[before]! + inputs);
    if (inner === 0 || f === undefined || row.some(Number.isNaN)) continue;
    const weights = await weight.read(0, source.length), base = Float32Array.from(await bias.read(0, neurons));
    for (let k = 0; k < source.length; k++) {
      if (source[k]! < inputs) base[target[k]! - inputs]! += weights[k]! * row[source[k]!]!;
    }
    let v = base.map(f);
    for (let round = 2; round < rounds; round++) {
      const z = base.slice();
      for (let k = 0; k < source.length; k++) {
        if (source[k]! >= inputs) z[target[k]! - inputs]! += weights[k]! * v[source[k]! - inputs]!;
      }
      v = z.map(f);
    }
    values.set(v.subarray(0, inner), at[before + 1]!);
  }
}

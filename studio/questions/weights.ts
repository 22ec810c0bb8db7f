/** Questions about weights: the strongest of a link, those of a unit, single ones, filters as pictures. */
import { type LinkAbout, strongestOf, strongestWeights } from "../../core/diagnostics/stages.ts";
import { sizeOf } from "../../core/shapes.ts";
import type { ParameterAbout } from "../../core/diagnostics/diagnostic.ts";
import { UserError } from "../../core/errors.ts";
import { elementAt } from "../../core/steer/element.ts";
import type { Asks, Bundle, Numbers, OwnNumber } from "../protocol.ts";
import type { Subject } from "../session/subject.ts";
import { VALUES_MAX } from "./bounds.ts";
import { allLinks, isOfNeurons, type NeuronLink } from "./neurons.ts";

const numbers = (values: Float32Array): Numbers => Float32Array.from(values);

/** @throws {UserError} where there is none */
function stageAt({ stages }: Subject, stage: number) {
  const found = stages[stage];
  if (found) return found;
  throw new UserError("stage", `there is no stage ${stage}: there are ${stages.length}, from 0`);
}

/** The parameters of a stage's own layers, without those of layers inside them, which are other stages. */
export function ownParameters(
  { questions }: Pick<Subject, "questions">,
  { layers }: { readonly layers: readonly string[] },
): ParameterAbout[] {
  return questions.parameters().filter(({ name }) =>
    layers.some((layer) => name.startsWith(`${layer}.`) && !name.startsWith(`${layer}.layers.`))
  );
}

export async function weight(
  subject: Subject,
  { tensor, at }: Asks["weight"]["asks"],
): Promise<Asks["weight"]["answer"]> {
  const parameter = subject.questions.parameters().find(({ name }) => name === tensor);
  if (!parameter) throw new UserError("tensor", `there is no parameter ${tensor}`, "about names those of each stage");
  const { row, within } = elementAt("at", tensor, parameter.shape, at);
  return { value: (await parameter.read(row, 1))[within]!, ends: await endsOf(subject, tensor, at) };
}

/** The units that a weight of a link leads from and to. */
async function endsOf(
  subject: Subject,
  tensor: string,
  at: readonly number[],
): Promise<Asks["weight"]["answer"]["ends"]> {
  for (const link of await allLinks(subject)) {
    if (link.weight.name !== tensor) continue;
    const ends = (from: number, to: number) =>
      [{ stage: link.from, unit: from }, { stage: link.to, unit: to }] as const;
    if (!isOfNeurons(link)) return ends(at[1]!, at[0]!);
    const place = link.numbers.indexOf(at[0]!);
    if (place >= 0) return ends(link.sources[place]!, link.targets[place]!);
  }
  return null;
}

type AnyLink = LinkAbout | NeuronLink;

/** Number of its weights. */
export const totalOf = (link: AnyLink): number => isOfNeurons(link) ? link.numbers.length : link.inputs * link.outputs;

export async function strongest(
  subject: Subject,
  { link, most }: Asks["strongest"]["asks"],
): Promise<Asks["strongest"]["answer"]> {
  const links = await allLinks(subject), found = links[link];
  if (!found) throw new UserError("link", `there is no link ${link}: there are ${links.length}, from 0`);
  if (isOfNeurons(found)) return await strongestConnections(found, most);
  const all = await strongestWeights(found, most);
  return {
    from: Uint32Array.from(all, ({ from }) => from),
    to: Uint32Array.from(all, ({ to }) => to),
    weight: Float32Array.from(all, ({ weight }) => weight),
    connection: null,
    total: totalOf(found),
  };
}

async function strongestConnections(link: NeuronLink, most: number): Promise<Asks["strongest"]["answer"]> {
  const { weight, numbers, sources, targets } = link, all = await weight.read(0, weight.shape[0]!);
  const own = Float32Array.from(numbers, (number) => all[number]!), places = strongestOf(own, most);
  return {
    from: Uint32Array.from(places, (place) => sources[place]!),
    to: Uint32Array.from(places, (place) => targets[place]!),
    weight: Float32Array.from(places, (place) => own[place]!),
    connection: Uint32Array.from(places, (place) => numbers[place]!),
    total: totalOf(link),
  };
}

export async function unit(subject: Subject, asks: Asks["unit"]["asks"]): Promise<Asks["unit"]["answer"]> {
  const { stage, unit, most } = asks, about = stageAt(subject, stage), units = sizeOf(about.shape);
  if (unit >= units) throw new UserError("unit", `there is no unit ${unit}: ${about.name} has ${units}, from 0`);
  const links = await allLinks(subject);
  const into = await weightsOf(subject, links.filter(({ to }) => to === stage), unit, most, "into");
  const out = await weightsOf(subject, links.filter(({ from }) => from === stage), unit, most, "out");
  return {
    own: await ownOf(subject, asks),
    into: into.weights,
    into_total: into.total,
    out: out.weights,
    out_total: out.total,
    filter: await filterOf(subject, asks),
  };
}

type Side = "into" | "out";

/** The strongest weights of a unit on one side, of all links there. */
async function weightsOf(subject: Subject, links: readonly AnyLink[], unit: number, most: number, side: Side) {
  const bundles: Bundle[] = [];
  let total = 0;
  for (const link of links) {
    if (isOfNeurons(link)) {
      const { bundle, count } = await connectionsOf(link, unit, most, side);
      total += count;
      bundles.push(bundle);
    } else {
      if (side === "out" && unit >= link.inputs) continue;
      total += side === "into" ? link.inputs : link.outputs;
      bundles.push(await (side === "into" ? weightsInto(link, unit, most) : weightsOut(subject, link, unit, most)));
    }
  }
  return { weights: strongestBundles(bundles, most), total };
}

/** Of all bundles together the strongest weights, which are the first ones of each. */
function strongestBundles(bundles: readonly Bundle[], most: number): Bundle[] {
  const all = Float32Array.from(bundles.flatMap(({ values }) => Array.from(values)));
  const places = all.length > most ? strongestOf(all, most) : [...all.keys()];
  let first = 0;
  return bundles.flatMap(({ tensor, stage, units, values, connections }) => {
    const end = first + values.length, kept = places.filter((place) => place >= first && place < end).length;
    first = end;
    if (kept === 0) return [];
    const some = { units: units.slice(0, kept), values: values.slice(0, kept) };
    return [{ tensor, stage, ...some, connections: connections && connections.slice(0, kept) }];
  });
}

async function connectionsOf(link: NeuronLink, unit: number, most: number, side: Side) {
  const { from, to, weight, numbers, sources, targets } = link;
  const [own, far, stage] = side === "into" ? [targets, sources, from] : [sources, targets, to];
  const values = await weight.read(0, weight.shape[0]!);
  const places = [...own.keys()].filter((place) => own[place] === unit);
  const found = Float32Array.from(places, (place) => values[numbers[place]!]!), order = strongestOf(found, most);
  const bundle: Bundle = {
    ...{ tensor: weight.name, stage },
    units: Uint32Array.from(order, (at) => far[places[at]!]!),
    values: Float32Array.from(order, (at) => found[at]!),
    connections: Uint32Array.from(order, (at) => numbers[places[at]!]!),
  };
  return { bundle, count: places.length };
}

function bundleOf(tensor: string, stage: number, all: Float32Array, most: number): Bundle {
  const units = Uint32Array.from(strongestOf(all, most));
  return { tensor, stage, units, values: Float32Array.from(units, (at) => all[at]!), connections: null };
}

async function weightsInto({ from, inputs, weight }: LinkAbout, unit: number, most: number): Promise<Bundle> {
  return bundleOf(weight.name, from, (await weight.read(unit, 1)).subarray(0, inputs), most);
}

async function weightsOut({ model }: Subject, link: LinkAbout, unit: number, most: number): Promise<Bundle> {
  const info = model.tensors().find(({ name, role }) => name === link.weight.name && role === "parameter")!;
  return bundleOf(link.weight.name, link.to, await model.readTensorColumn(info, unit), most);
}

/** The map of a convolution, or the unit of a layer without maps, to which a unit belongs. */
function mapOf(shape: readonly number[], unit: number): number {
  return shape.length === 1 ? unit : Math.floor(unit / sizeOf(shape.slice(1)));
}

/** Biases, slopes and scales of the unit, or of its map. */
async function ownOf(subject: Subject, { stage, unit }: Asks["unit"]["asks"]): Promise<OwnNumber[]> {
  const about = stageAt(subject, stage), map = mapOf(about.shape, unit), { neurons } = about;
  if (neurons) {
    const tensor = `${neurons.layer}.bias`, at = [neurons.first + unit];
    return [{ tensor, at, value: (await weight(subject, { tensor, at })).value }];
  }
  const found: OwnNumber[] = [];
  for (const { name, shape, read } of ownParameters(subject, about)) {
    const size = sizeOf(shape);
    const at = size === 1 ? shape.map(() => 0) : shape.length === 1 && size === about.shape[0] ? [map] : null;
    if (at === null) continue;
    found.push({ tensor: name, at, value: (await read(at[0] ?? 0, 1))[0]! });
  }
  return found;
}

const weightOf = ({ questions }: Subject, layer: string) =>
  questions.parameters().find(({ name }) => name === `${layer}.weight`);

/** Filters of a stage: [maps, channels, height, width], to be read one by one; null where it has none. */
function filtersOf(subject: Subject, stage: number) {
  const about = subject.stages[stage];
  if (about === undefined || about.layers.length === 0) return null;
  const { questions: { data } } = subject, weight = weightOf(subject, about.layers[0]!);
  if (weight === undefined) return null;
  const [outputs, ...rest] = weight.shape;
  if (/^conv[12]d$/.test(about.kinds[0]!)) {
    const shape = rest.length === 2 ? [rest[0]!, 1, rest[1]!] : rest;
    return { count: outputs!, shape, read: (from: number, count: number) => weight.read(from, count) };
  }
  const link = subject.links.find(({ to }) => to === stage);
  if (link?.from !== 0 || data.shape === null) return null;
  const { shape } = data;
  const picture = shape.length === 1 ? [1, 1, ...shape] : shape.length === 2 ? [shape[0]!, 1, shape[1]!] : [...shape];
  return { count: link.outputs, shape: picture, read: (from: number, count: number) => weight.read(from, count) };
}

async function filterOf(
  subject: Subject,
  { stage, unit }: Asks["unit"]["asks"],
): Promise<Asks["unit"]["answer"]["filter"]> {
  const found = filtersOf(subject, stage);
  if (found === null) return null;
  const values = await found.read(mapOf(subject.stages[stage]!.shape, unit), 1);
  return { shape: found.shape, values: numbers(values) };
}

export async function filters(
  subject: Subject,
  { most }: Asks["filters"]["asks"],
): Promise<Asks["filters"]["answer"]> {
  const first = subject.stages.findIndex(({ layers: [layer] }) => layer !== undefined && weightOf(subject, layer));
  const found = filtersOf(subject, first);
  if (found === null) {
    return {
      none: "the first layer has no filters: it is no convolution, and rows have no shape to draw its weights in",
    };
  }
  const count = Math.min(most, found.count, Math.floor(VALUES_MAX / sizeOf(found.shape)));
  return { shape: [count, ...found.shape], values: numbers(await found.read(0, count)) };
}

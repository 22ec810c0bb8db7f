/** Questions about weights: the strongest of a link, those of a unit, single ones, filters as pictures. */
import { strongestOf, strongestWeights } from "../../core/diagnostics/stages.ts";
import { sizeOf } from "../../core/shapes.ts";
import type { ParameterAbout } from "../../core/diagnostics/diagnostic.ts";
import { UserError } from "../../core/errors.ts";
import { elementAt } from "../../core/steer/element.ts";
import type { Asks, Numbers, Weight } from "../protocol.ts";
import type { Subject } from "../session/subject.ts";
import { VALUES_MAX } from "./bounds.ts";

const numbers = (values: Float32Array): Numbers => Float32Array.from(values);

/** @throws {UserError} where there is none */
function stageAt({ stages }: Subject, stage: number) {
  const found = stages[stage];
  if (found) return found;
  throw new UserError("stage", `there is no stage ${stage}: there are ${stages.length}, from 0`);
}

/** The parameters of a stage's own layers, without those of layers inside them. */
function ownParameters({ questions }: Subject, stage: { readonly layers: readonly number[] }): ParameterAbout[] {
  const names = stage.layers.map((layer) => questions.layers[layer]!.name);
  return questions.parameters().filter(({ name }) =>
    names.some((layer) => name.startsWith(`${layer}.`) && !name.slice(layer.length + 1).includes("."))
  );
}

export async function weight(
  { questions }: Subject,
  { tensor, at }: Asks["weight"]["asks"],
): Promise<Asks["weight"]["answer"]> {
  const parameter = questions.parameters().find(({ name }) => name === tensor);
  if (!parameter) throw new UserError("tensor", `there is no parameter ${tensor}`, "about names those of each stage");
  const { row, within } = elementAt("at", tensor, parameter.shape, at);
  return { value: (await parameter.read(row, 1))[within]! };
}

export async function strongest(
  subject: Subject,
  { link, most }: Asks["strongest"]["asks"],
): Promise<Asks["strongest"]["answer"]> {
  const found = subject.links[link];
  if (!found) throw new UserError("link", `there is no link ${link}: there are ${subject.links.length}, from 0`);
  const all = await strongestWeights(found, most);
  return {
    from: Uint32Array.from(all, ({ from }) => from),
    to: Uint32Array.from(all, ({ to }) => to),
    weight: Float32Array.from(all, ({ weight }) => weight),
    total: found.inputs * found.outputs,
  };
}

export async function unit(subject: Subject, asks: Asks["unit"]["asks"]): Promise<Asks["unit"]["answer"]> {
  const { stage, unit, most } = asks, about = stageAt(subject, stage), units = sizeOf(about.shape);
  if (unit >= units) throw new UserError("unit", `there is no unit ${unit}: ${about.name} has ${units}, from 0`);
  const into = subject.links.find(({ to }) => to === stage), out = subject.links.find(({ from }) => from === stage);
  return {
    own: await ownOf(subject, asks),
    into: into ? await weightsInto(into, unit, most) : [],
    into_total: into?.inputs ?? 0,
    out: out ? await weightsOut(subject, out, unit, most) : [],
    out_total: out?.outputs ?? 0,
    filter: await filterOf(subject, asks),
  };
}

type Link = Subject["links"][number];

async function weightsInto({ from, inputs, weight }: Link, unit: number, most: number): Promise<Weight[]> {
  const values = (await weight.read(unit, 1)).subarray(0, inputs);
  return strongestOf(values, most).map((at) => ({
    ...{ tensor: weight.name, at: [unit, at], value: values[at]! },
    ...{ stage: from, unit: at },
  }));
}

async function weightsOut({ model }: Subject, link: Link, unit: number, most: number): Promise<Weight[]> {
  const info = model.tensors().find(({ name, role }) => name === link.weight.name && role === "parameter")!;
  const column = await model.readTensorColumn(info, unit);
  return strongestOf(column, most).map((at) => ({
    ...{ tensor: link.weight.name, at: [at, unit], value: column[at]! },
    ...{ stage: link.to, unit: at },
  }));
}

/** The map of a convolution, or the unit of a layer without maps, to which a unit belongs. */
function mapOf(shape: readonly number[], unit: number): number {
  return shape.length === 1 ? unit : Math.floor(unit / sizeOf(shape.slice(1)));
}

/** Biases, slopes and scales of the unit, or of its map. */
async function ownOf(subject: Subject, { stage, unit }: Asks["unit"]["asks"]): Promise<Weight[]> {
  const about = stageAt(subject, stage), map = mapOf(about.shape, unit);
  const found: Weight[] = [];
  for (const { name, shape, read } of ownParameters(subject, about)) {
    const size = sizeOf(shape);
    const at = size === 1 ? shape.map(() => 0) : shape.length === 1 && size === about.shape[0] ? [map] : null;
    if (at === null) continue;
    found.push({ tensor: name, at, value: (await read(at[0] ?? 0, 1))[0]!, stage: null, unit: null });
  }
  return found;
}

const weightOf = ({ questions }: Subject, layer: string) =>
  questions.parameters().find(({ name }) => name === `${layer}.weight`);

/** Filters of a stage: [maps, channels, height, width], to be read one by one; null where it has none. */
function filtersOf(subject: Subject, stage: number) {
  const about = subject.stages[stage];
  if (about === undefined || about.layers.length === 0) return null;
  const { questions: { data, layers } } = subject, first = layers[about.layers[0]!]!;
  const weight = weightOf(subject, first.name);
  if (weight === undefined) return null;
  const [outputs, ...rest] = weight.shape;
  if (/^conv[12]d$/.test(first.kind)) {
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
  const found = filtersOf(subject, 1);
  if (found === null) {
    return {
      none: "the first layer has no filters: it is no convolution, and rows have no shape to draw its weights in",
    };
  }
  const count = Math.min(most, found.count, Math.floor(VALUES_MAX / sizeOf(found.shape)));
  return { shape: [count, ...found.shape], values: numbers(await found.read(0, count)) };
}

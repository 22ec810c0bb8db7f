/** What a page knows of a run from the start. */
import { basename } from "@std/path";
import type { Source } from "../../core/data/source.ts";
import { sizeOf } from "../../core/shapes.ts";
import { EXPORT_FORMATS } from "../../core/export/export.ts";
import { noiseKey, noiseLayers } from "../../core/steer/noise.ts";
import type { About, State } from "../protocol.ts";
import type { Subject } from "../session/subject.ts";
import { NAMES_MAX } from "./bounds.ts";
import { allLinks, isOfNeurons, partsOf } from "./neurons.ts";
import { ownParameters, totalOf } from "./weights.ts";

/** Sums of the sizes of files, which are looked at once. */
const known = new WeakMap<Source, Promise<number>>();

/** Bytes of the files; rows in memory count nothing. */
function bytesOf({ source }: Subject): Promise<number> {
  const found = known.get(source) ?? sizeOfFiles(source);
  known.set(source, found);
  return found;
}

async function sizeOfFiles(source: Source): Promise<number> {
  const sizes = source.files.map(async ({ path, memory }) =>
    memory ? 0 : await Deno.stat(path).then(({ size }) => size, () => 0)
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Whether a stage has neurons of its own: not where it bends, reshapes or joins the values of others, one by one. */
function isNew(subject: Subject, stage: Subject["stages"][number]): boolean {
  if (stage.sources.length > 0) return false;
  return stage.before?.count !== sizeOf(stage.shape) || ownParameters(subject, stage).length > 0;
}

async function networkOf(subject: Subject): Promise<About["network"]> {
  const { model, stages, questions } = subject, links = await allLinks(subject);
  const parts = await Promise.all(stages.map((stage) => partsOf(subject, stage)));
  const layers = model.layers(), parameters = questions.parameters();
  const { index } = layers.findLast(({ part }) => part === "encoder")!, code = `encoder.${index}`;
  const solved = layers.filter(({ solver }) => solver === "factored").map(({ part, index }) => `${part}.${index}`);
  const numbers = new Map(stages.map(({ name }, number) => [name, number]));
  const sizes = parameters.map(({ shape }) => sizeOf(shape));
  return {
    stages: stages.map((about, stage) => {
      const { name, kinds, shape, layers: own, sources } = about, held = ownParameters(subject, about);
      return {
        ...{ name, kinds, shape, units: sizeOf(shape) },
        parameters: held.map(({ name, shape }) => ({ name, shape })),
        editable: held.length > 0 && !own.some((layer) => solved.includes(layer)),
        latent: own.includes(code),
        parts: parts[stage]!,
        sources: sources.map(({ stage, ...values }) => ({ stage: numbers.get(stage)!, ...values })),
      };
    }),
    links: links.map((link) => ({ from: link.from, to: link.to, tensor: link.weight.name, total: totalOf(link) })),
    noise: noiseLayers(model).map((layer) => ({ key: noiseKey(layer), maximum: layer.maximum })),
    latent_size: model.latentSize,
    parameters: sizes.reduce((sum, size) => sum + size, 0),
    neurons: stages.slice(1).reduce((sum, stage) => sum + (isNew(subject, stage) ? sizeOf(stage.shape) : 0), 0),
    // Weights are what has more than one axis, and lists of connections; biases, slopes and scales connect nothing.
    connections: sizes.filter((_, i) => parameters[i]!.shape.length > 1).reduce((sum, size) => sum + size, 0) +
      links.filter(isOfNeurons).reduce((sum, { numbers }) => sum + numbers.length, 0),
  };
}

export async function aboutRun(
  subject: Subject,
  { path, yaml, state }: { readonly path: string; readonly yaml: string; readonly state: State },
): Promise<About> {
  const { source, questions: { data }, config } = subject, { kind, columns, shape, rate_hz, names } = data;
  return {
    title: config.title ?? config.name,
    run: { path, name: basename(path) },
    state,
    data: {
      ...{ kind, columns, shape, rate_hz },
      rows: source.partRows,
      files: source.files.length,
      bytes: await bytesOf(subject),
      names: names !== null && names.length <= NAMES_MAX ? names : null,
    },
    network: await networkOf(subject),
    settings: { config: yaml },
    formats: EXPORT_FORMATS,
  };
}

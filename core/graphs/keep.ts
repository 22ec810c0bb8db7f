/**
 * What a run keeps of its networks of neurons, in the folder `graphs` of the run folder: copies of the files with their
 * connections, and the part of each neuron. The copies are named by their content, so that a change is noticed.
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "@std/path";
import { EngineError } from "../../ffi/error.ts";
import { graphEdges, partitionGraph } from "../../ffi/graph.ts";
import { GRAPH_FILES, isLayers, isPathIn, withInner } from "../config/properties.ts";
import type { Config, Layer } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { ioError } from "../formats/io_error.ts";
import { toUser } from "../paths.ts";
import { makeFolder, writeFileAtomic, writeJsonAtomic } from "../runs/atomic.ts";
import { metis, runMetis } from "./metis.ts";
import { partsIn } from "./parts.ts";
import { countParts, type GraphParts, GRAPHS_FILE } from "../runs/graph_parts.ts";

const FOLDER = "graphs";
/** The name of a copy: what it is, and the beginning of the SHA-256 of its content. */
const KEPT = /^(edges|partition)-([0-9a-f]{16})\.txt$/;

const hashOf = (content: Uint8Array<ArrayBuffer>) => createHash("sha256").update(content).digest("hex").slice(0, 16);

function read(path: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(path);
  } catch (cause) {
    throw ioError(path, "read", cause);
  }
}

/** Every layer of a config with its name, those within others too. */
function layersOf({ model }: Config): { readonly name: string; readonly layer: Layer }[] {
  const within = (name: string, layer: Layer): { name: string; layer: Layer }[] => [
    { name, layer },
    ...Object.values(layer).filter(isLayers).flat().flatMap((inner, at) => within(`${name}.layers.${at}`, inner)),
  ];
  return (["encoder", "decoder"] as const).flatMap((part) =>
    model[part].flatMap((layer, at) => within(`${part}.${at}`, layer))
  );
}

const hasParts = (layer: Layer): boolean => layer.partition !== undefined;

/** @throws {UserError} where a copy that the config names has another content than it had */
export function checkKept(config: Pick<Config, "model">): void {
  const { encoder, decoder } = config.model;
  for (const layer of [...encoder, ...decoder].flatMap(withInner)) {
    for (const name of GRAPH_FILES.filter((name) => isPathIn(layer, name))) {
      const path = layer[name] as string, found = KEPT.exec(basename(path));
      if (found === null || hashOf(read(path)) === found[2]) continue;
      const hint = "put the file back as the run wrote it, or start a new run with the new one";
      throw new UserError(toUser(path), "is not what the run has kept: its content has changed", hint);
    }
  }
}

/** An error of the engine about a layer, by the key of the config. */
function layerError(error: unknown, name: string): unknown {
  if (!(error instanceof EngineError)) return error;
  const [, setting, what] = /^layer\.(\w+): (.*)$/s.exec(error.message) ?? [];
  return setting === undefined ? error : new UserError(`model.${name}.${setting}`, what!);
}

/** Who divides the neurons of a layer, and the part of each; null where there is one part. */
async function divide(
  layer: Layer,
  pairs: Uint32Array<ArrayBuffer>,
  threads: number,
  note: (text: string) => void,
): Promise<{ by: string; part: Uint32Array<ArrayBuffer> } | null> {
  const neurons = layer.neurons as number, parts = Math.min(neurons, layer.parts as number || threads);
  if (parts < 2) return null;
  const program = layer.partition === "engine" ? null : metis();
  if (program !== null) {
    const answer = await runMetis(program, neurons, pairs, parts);
    if ("part" in answer) return { by: "METIS", part: answer.part };
    note(`gpmetis failed (${answer.failed}): the engine divides the neurons`);
  }
  return { by: "engine", part: await partitionGraph(neurons, pairs, parts) };
}

/** Whether a run has copies of all files that its config names: an override may name others with the same content. */
export function isKept(config: Pick<Config, "model">, run: string): boolean {
  const { encoder, decoder } = config.model;
  return [...encoder, ...decoder].flatMap(withInner).every((layer) =>
    GRAPH_FILES.every((name) => !isPathIn(layer, name) || dirname(layer[name] as string) === join(run, FOLDER))
  );
}

/**
 * Copies the files of a config's networks of neurons into the run folder and divides their neurons into parts.
 * @param threads of the engine: so many parts a network has where its `parts` is 0
 * @returns the config with the paths of the copies
 * @throws {UserError} where a file cannot be read, or is no list of connections
 */
export async function keepGraphs(
  config: Config,
  run: string,
  threads: number,
  note: (text: string) => void,
): Promise<Config> {
  const found = layersOf(config).filter(({ layer }) => hasParts(layer));
  if (found.length === 0) return config;
  const folder = join(run, FOLDER);
  await makeFolder(folder);
  const keep = async (what: string, content: Uint8Array<ArrayBuffer>) => {
    const path = join(folder, `${what}-${hashOf(content)}.txt`);
    await writeFileAtomic(path, content);
    return path;
  };
  const replaced = new Map<Layer, Layer>();
  const told: GraphParts[] = [];
  for (const { name, layer } of found) {
    const files: Record<string, string> = {};
    // Parts that another run has kept are for its number of threads.
    const isGiven = isPathIn(layer, "partition") && !KEPT.test(basename(layer.partition as string));
    const own = isPathIn(layer, "partition") && !isGiven ? { ...layer, partition: "auto" } : layer;
    try {
      const pairs = graphEdges(own); // says what is wrong with a file
      if (isPathIn(layer, "edges")) files.edges = await keep("edges", read(layer.edges as string));
      if (isGiven) files.partition = await keep("partition", read(layer.partition as string));
      const divided = isGiven ? given(files.partition!) : await divide(own, pairs, threads, note);
      if (divided !== null && divided.part.length === layer.neurons) {
        const lines = new TextEncoder().encode(`${[...divided.part].join("\n")}\n`);
        if (!isGiven) files.partition = await keep("partition", lines);
        told.push(countParts(name, divided.by, divided.part, pairs));
      }
    } catch (error) {
      throw layerError(error, name);
    }
    replaced.set(layer, { ...own, ...files });
  }
  await writeJsonAtomic(join(run, GRAPHS_FILE), told);
  const part = (layers: readonly Layer[]) => layers.map((layer) => swapped(layer, replaced));
  return {
    ...config,
    model: { ...config.model, encoder: part(config.model.encoder), decoder: part(config.model.decoder) },
  };
}

/** Parts of a file of the user's; what is wrong in it the engine says when the network is made. */
function given(path: string): { by: string; part: Uint32Array<ArrayBuffer> } {
  return { by: "file", part: partsIn(new TextDecoder().decode(read(path))) };
}

function swapped(layer: Layer, replaced: ReadonlyMap<Layer, Layer>): Layer {
  const own = replaced.get(layer);
  if (own !== undefined) return own;
  const entries = Object.entries(layer).map(([name, value]) => [
    name,
    isLayers(value) ? value.map((inner) => swapped(inner, replaced)) : value,
  ]);
  return { ...Object.fromEntries(entries), kind: layer.kind };
}

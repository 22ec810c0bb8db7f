/** Turns a checked config in YAML form into the typed one, with shares filled in and absolute paths. */
import { isAbsolute, resolve } from "@std/path";
import { exists } from "../missing.ts";
import { originOfPath, rememberPath } from "../paths.ts";
import { resolvedKinds } from "./diagnostic_kinds.ts";
import { toLayer } from "./layers.ts";
import { isLayers } from "./properties.ts";
import { safeName } from "./name.ts";
import type { RawConfig } from "./schema.ts";
import { allSettings, settingsOf } from "./sections.ts";
import { toTransform } from "./transforms.ts";
import { entryAt, type Key, type MapNode, type Origin, whereOf } from "./tree.ts";
import type { Config, Layer, Split } from "./types.ts";
import { kindNamed, LAYERS, LOSSES, OPTIMIZERS } from "./vocabulary.ts";

/** @param cwd what paths start from that nobody has set, absolute */
export function resolveConfig(raw: RawConfig, tree: MapNode, file: string | undefined, cwd: string): Config {
  const path = (keys: readonly Key[], value: string) => {
    const origin = entryAt(tree, keys)?.node.origin;
    return origin === undefined ? resolve(cwd, value) : resolvePath(value, origin);
  };
  const { data, model, loss, optimizer } = raw;
  return {
    name: raw.name ?? nameOf(file),
    title: raw.title,
    description: raw.description,
    seed: raw.seed,
    data: {
      ...data,
      seed: data.seed ?? raw.seed,
      shuffle_window: data.shuffle_window === "auto" ? Infinity : data.shuffle_window,
      path: data.path === undefined || data.format === "memory" ? "" : path(["data", "path"], data.path),
      split: resolveSplit(raw, path),
      transforms: data.transforms.map(toTransform),
      input_transforms: data.input_transforms.map(toTransform),
      labels: data.labels === null ? null : tableOrFile(data.labels, path(["data", "labels"], data.labels)),
      batch: data.batch === null ? null : tableOrFile(data.batch, path(["data", "batch"], data.batch)),
      row_weights: data.row_weights === null ? null : path(["data", "row_weights"], data.row_weights),
      column_names: data.column_names === null ? null : path(["data", "column_names"], data.column_names),
    },
    model: {
      encoder: model.encoder.map((raw, i) => withPaths(toLayer(raw), ["model", "encoder", i], path)),
      decoder: model.decoder.map((raw, i) => withPaths(toLayer(raw), ["model", "decoder", i], path)),
      start: model.start,
    },
    loss: {
      kind: loss.kind,
      ...settingsOf(kindNamed(LOSSES, loss.kind), loss),
      ...loss.on === "all" ? {} : { on: loss.on },
      ...loss.column_weights === null ? {} : { column_weights: path(["loss", "column_weights"], loss.column_weights) },
    },
    optimizer: {
      name: optimizer.name,
      learning_rate: optimizer.learning_rate,
      ...allSettings(OPTIMIZERS, optimizer.name, optimizer),
      sparse: optimizer.sparse,
    },
    scheduler: raw.scheduler,
    training: { ...raw.training, epochs: raw.training.epochs === "auto" ? Infinity : raw.training.epochs },
    checkpoint: raw.checkpoint,
    logging: {
      ...raw.logging,
      sinks: raw.logging.sinks.map((sink, i) =>
        typeof sink === "object" && "module" in sink
          ? { module: path(["logging", "sinks", i, "module"], sink.module) }
          : sink
      ),
    },
    diagnostics: {
      ...raw.diagnostics,
      kinds: resolvedKinds(raw.diagnostics.kinds, (i, value) => path(["diagnostics", "kinds", i, "module"], value)),
    },
    evaluation: raw.evaluation,
    runtime: raw.runtime,
    paths: {
      runs: path(["paths", "runs"], raw.paths.runs),
      cache: raw.paths.cache === null ? null : path(["paths", "cache"], raw.paths.cache),
      output: raw.paths.output === null ? null : path(["paths", "output"], raw.paths.output),
    },
  };
}

/** A layer, and those within it, with absolute paths in their fields that hold one; words stay as they are. */
function withPaths(layer: Layer, keys: readonly Key[], path: (keys: readonly Key[], value: string) => string): Layer {
  const entries = kindNamed(LAYERS, layer.kind).fields.map(({ name, type, value: isValue, words = [] }) => {
    const value = layer[name]!, at = [...keys, isValue ? layer.kind : name];
    if (type === "path" && !words.includes(value as string)) return [name, path(at, value as string)];
    if (!isLayers(value)) return [name, value];
    return [name, value.map((inner, index) => withPaths(inner, [...at, index], path))];
  });
  return { kind: layer.kind, ...Object.fromEntries(entries) };
}

/** A path from the place where it was written; `~/` is the user's home. */
function resolvePath(written: string, origin: Origin): string {
  const home = /^~(?:\/|$)/.test(written) ? Deno.env.get("HOME") : undefined;
  const folder = home ?? origin.folder;
  const path = resolve(folder, home === undefined ? written : `.${written.slice(1)}`);
  const from = origin.line === undefined
    ? `relative to the folder you are in, ${folder}`
    : `relative to the folder of the config file ${origin.source}`;
  const rule = isAbsolute(written) ? "" : home === undefined ? from : `~ is ${home}`;
  rememberPath(path, { where: whereOf(origin), written, folder, rule });
  return path;
}

/** A word that is no file's name and at whose path there is nothing names a table of rows; it stays as it is written. */
export function tableOrFile(written: string, path: string): string {
  if (written.includes("/") || /\.(npy|txt|tsv|csv)(\.gz)?$/i.test(written) || exists(path)) return path;
  const origin = originOfPath(path);
  if (origin) rememberPath(written, origin);
  return written;
}

/** The file's name without its ending, as far as a run folder may be called so. */
export function nameOf(file: string | undefined): string {
  const stem = (file ?? "").replace(/^.*\//, "").replace(/\.[^.]*$/, "");
  return safeName(stem);
}

function resolveSplit(
  { seed, data: { split, seed: rowSeed } }: RawConfig,
  path: (keys: readonly Key[], value: string) => string,
): Split {
  const { train, validation, test } = split;
  const isShare = (part: typeof train): part is number | undefined => part === undefined || typeof part === "number";
  if (isShare(train) && isShare(validation) && isShare(test)) {
    const { by } = split;
    const named = typeof by === "string"
      ? by
      : { group: tableOrFile(by.group, path(["data", "split", "by", "group"], by.group)) };
    const together = named === "rows" ? {} : { together: named };
    return { by: "rows", ...together, ...fillShares(train, validation, test), seed: split.seed ?? rowSeed ?? seed };
  }
  const files = (name: "train" | "validation" | "test"): string[] => {
    const part = split[name];
    if (typeof part === "string") return [path(["data", "split", name], part)];
    return Array.isArray(part) ? part.map((file, index) => path(["data", "split", name, index], file)) : [];
  };
  return { by: "files", train: files("train"), validation: files("validation"), test: files("test") };
}

/**
 * Shares that sum to 1. What is not given is 0.1 for validation and test as far as there is room; one takes the rest.
 */
function fillShares(train: number | undefined, validation: number | undefined, test: number | undefined) {
  // 12 decimals, so that what is left of 1 - 0.8 - 0.1 is 0.1.
  const rest = (...parts: number[]) => Number(Math.max(0, parts.reduce((left, part) => left - part, 1)).toFixed(12));
  if (train === undefined) {
    const forValidation = validation ?? Math.min(0.1, rest(test ?? 0));
    const forTest = test ?? Math.min(0.1, rest(forValidation));
    return { train: rest(forValidation, forTest), validation: forValidation, test: forTest };
  }
  if (validation === undefined) {
    const part = test === undefined ? Math.min(0.1, rest(train)) : rest(train, test);
    return { train, validation: part, test: test ?? rest(train, part) };
  }
  return { train, validation, test: test ?? rest(train, validation) };
}

/** Makes one config of files, overrides and defaults. */
import { z } from "zod";
import { UserError } from "../errors.ts";
import { userFolder } from "../paths.ts";
import { ConfigError, forEach, problem } from "./error.ts";
import { applyAliases } from "./aliases.ts";
import { checkConfig, missingData } from "./checks.ts";
import { explainKey, type Explanation, originOf } from "./explain.ts";
import { loadTree } from "./files.ts";
import { explainIssues } from "./issues.ts";
import { asLine, withSettings } from "./key_value_hints.ts";
import { applyOverrides } from "./overrides.ts";
import { expandPreset } from "./presets.ts";
import { replicaCount, replicaTree } from "./replicas.ts";
import { nameOf, resolveConfig } from "./resolve.ts";
import { configSchema } from "./schema.ts";
import { applySettings, type Setting } from "./settings.ts";
import { type Entry, type MapNode, nearestAt, showOrigin, splitPath, toValue } from "./tree.ts";
import type { Config } from "./types.ts";
import { configWarnings, isOfTrial, warningText } from "./warnings.ts";
import { configToYaml, toPlain } from "./yaml.ts";

export interface LoadOptions {
  /** Path of a YAML, JSON or KEY=VALUE file, relative to `cwd`. */
  readonly file?: string;
  /** Stands for the file's content; `file` then only names it. */
  readonly text?: string;
  /** Values that are set on top of the file, in this order and before the overrides. */
  readonly settings?: readonly Setting[];
  /** `a.b=v`, later ones win. Paths in them are relative to `cwd`. */
  readonly overrides?: readonly string[];
  /** Of the runs that the config stands for, the one with this number, from 0 on; by default what they have in common. */
  readonly replica?: number;
  /** Default: the folder that the user is in. */
  readonly cwd?: string;
}

/** A complete, checked config that knows where each value came from. */
export interface LoadedConfig {
  readonly config: Config;
  /** Absolute paths of all files read, the given one first. */
  readonly files: readonly string[];
  /** Errors: {@link ConfigError} if there is no such key. */
  explain(key: string): Explanation;
  /** The resolved config as YAML; loading it gives the same config. */
  toYaml(): string;
  /** Who set the value at a dotted path: `configs/a.yaml:12:9`, `--override a.b=v` or `default`. */
  origin(path: string): string;
  /** An error that names a key of this config, with the place where the key was set; any other error as it is. */
  locate(error: unknown): unknown;
  /**
   * Warnings about settings that are almost certainly mistakes, one line each, as far as they do not depend on the
   * data.
   */
  readonly warnings: readonly string[];
}

/** Reads, merges, checks and resolves a config. Errors: {@link ConfigError} with up to ten problems. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const cwd = options.cwd ?? userFolder();
  const { file, overrides = [] } = options;
  if (file === "") throw problem("", "the name of the config file is empty");
  const text = file === undefined ? options.text ?? "" : options.text;
  const loaded = loadTree(file ?? "config", cwd, text);
  const all = applyOverrides(applySettings(loaded.tree, options.settings ?? []), overrides, cwd);
  const set = options.replica === undefined ? all : replicaTree(all, options.replica, nameOf(file));
  const tree = expandPreset(applyAliases(dropEmptySections(set, configSchema)));
  const parsed = configSchema.safeParse(toValue(tree));
  if (!parsed.success) {
    throw new ConfigError(explainIssues(parsed.error.issues, tree, { "data.path": missingData(tree) }));
  }
  const misfits = checkConfig(parsed.data, tree);
  if (misfits.length > 0) throw new ConfigError(misfits);
  const config = resolveConfig(parsed.data, tree, file, options.cwd ?? Deno.cwd());
  checkReplicas(parsed.data.training.replicas, options);
  const origin = (path: string) => originOf(tree, path);
  const typed = (hint: string) => loaded.isKeyValue ? withSettings(hint, asLine) : hint;
  const plain = toPlain(config);
  return {
    config,
    files: text === undefined ? loaded.files : loaded.files.slice(1),
    explain: (key) => explainKey(key, { ...plain, model: { ...parsed.data.model, ...plain.model as object } }, tree),
    toYaml: () => configToYaml(config),
    origin,
    locate: (error) => {
      if (!(error instanceof UserError)) return error;
      const { where, what, exitCode } = error;
      const hint = error.hint === undefined ? undefined : typed(error.hint);
      const place = /^[a-z_]+(?:\.\w+)+$/.test(where) ? placeOf(tree, where) : undefined;
      if (place !== undefined) return new UserError(place, `${where}: ${what}`, hint, exitCode);
      return hint === error.hint ? error : new UserError(where, what, hint, exitCode);
    },
    warnings: configWarnings(config).filter((warning) => !isOfTrial(warning, origin))
      .map((warning) => warningText({ ...warning, hint: typed(warning.hint) }, origin(warning.key))),
  };
}

/** Checks the configs of all runs that a config stands for. @throws {ConfigError} */
function checkReplicas(replicas: Config["training"]["replicas"], options: LoadOptions): void {
  if (options.replica !== undefined || replicas === null) return;
  const names = new Set<string>();
  forEach(Array.from({ length: replicaCount(replicas) }, (_, index) => index), (replica) => {
    const { config: { name } } = loadConfig({ ...options, replica });
    if (names.has(name)) {
      const what = `training.replicas.${replica}: the name ${name} is another replica's`;
      throw problem("", what, "leave the names out, or give each its own");
    }
    names.add(name);
  });
}

/**
 * Where a key was set, for an error; undefined where nobody has set it. Of what makes the network, also the nearest list or
 * map above it: a layer is wrong in itself where its settings are defaults.
 */
function placeOf(tree: MapNode, key: string): string | undefined {
  const wanted = splitPath(key);
  const { entry, keys } = nearestAt(tree, wanted);
  const isNetwork = ["model", "loss", "optimizer"].includes(wanted[0]!);
  if (keys.length === 0 || (keys.length < wanted.length && !isNetwork)) return undefined;
  return showOrigin(entry.node.kind === "scalar" ? entry.node.origin : entry.key);
}

/** A section with nothing under it (`training:` with all its lines commented out) is as good as none. */
function dropEmptySections(tree: MapNode, schema: z.ZodObject): MapNode {
  const entries = [...tree.entries].flatMap(([key, entry]): [string, Entry][] => {
    const declared = Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined;
    const section = declared instanceof z.ZodPrefault ? declared.unwrap() : declared;
    const { node } = entry;
    if (!(section instanceof z.ZodObject)) return [[key, entry]];
    if (node.kind === "scalar" && node.value === null) return [];
    return [[key, node.kind === "map" ? { ...entry, node: dropEmptySections(node, section) } : entry]];
  });
  return { ...tree, entries: new Map(entries) };
}

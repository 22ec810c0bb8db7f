/** Explains a key: who set its value, what is allowed, and what it means. */
import type { ConfigError } from "./error.ts";
import { problem } from "./error.ts";
import { branchOf, expectation, isKinds, type JsonSchema, knownPaths, resumePolicy, schemaAt } from "./json_schema.ts";
import type { ResumePolicy } from "./schema.ts";
import { nearestKey } from "./nearest.ts";
import { entryAt, type MapNode, showOrigin, splitPath } from "./tree.ts";

/** One key of a loaded config. */
export interface Explanation {
  /** Dotted path; elements of lists are numbered from 0. */
  readonly key: string;
  /** Resolved: paths absolute, defaults filled in. */
  readonly value: unknown;
  /** `file:line:column`, `--override a.b=v` or `default`. */
  readonly origin: string;
  /** text, number, whole number, true or false, list, map, or a choice of them. */
  readonly type: string;
  /** What is allowed, in words: `a whole number from 1 to 8`. */
  readonly allowed: string;
  /** The default value; undefined if there is none or it depends on other keys. */
  readonly default: unknown;
  readonly description: string;
  /** What a resume may do with it, in words; "" of a map. */
  readonly resume: string;
  /** The keys below a map. */
  readonly below: readonly Explanation[];
}

/** Where the value at a path was set; of a map or list, its key. */
export function originOf(tree: MapNode, path: string): string {
  const entry = entryAt(tree, splitPath(path));
  return entry === undefined ? "default" : showOrigin(entry.node.kind === "scalar" ? entry.node.origin : entry.key);
}

/**
 * @param plain the complete config in YAML form
 * @param key dotted path; "" for all. Errors: {@link ConfigError} if there is no such key
 */
export function explainKey(key: string, plain: unknown, tree: MapNode): Explanation {
  const keys = splitPath(key);
  const schema = schemaAt(keys, plain);
  if (schema === undefined) throw unknownKey(key);
  let value = plain;
  let parent: unknown;
  for (const name of keys) {
    parent = value;
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  }
  if (value === undefined) value = schema.default;
  if (value === undefined && Array.isArray(parent)) throw unknownKey(key);
  const names = typeof value === "object" && value !== null && !isKinds(schema)
    ? Object.keys(schema.properties ?? {})
    : [];
  const children = names.filter((name) => name !== "extends");
  return {
    key,
    value,
    origin: originOf(tree, key),
    type: typeName(schema),
    allowed: expectation(isKinds(schema) ? branchOf(schema, value) ?? schema : schema),
    default: schema.default,
    description: schema.description ?? "",
    resume: children.length > 0 || key === "extends" ? "" : RESUME_TEXT[resumePolicy(key) ?? "fixed"],
    below: children.map((name) => explainKey(key === "" ? name : `${key}.${name}`, plain, tree)),
  };
}

const RESUME_TEXT: Readonly<Record<ResumePolicy, string>> = {
  free: "may change",
  from_here: "may change from the checkpoint on",
  fixed: "must stay the same: another value makes another experiment, which train --fork starts",
};

function unknownKey(key: string): ConfigError {
  const meant = nearestKey(key, knownPaths());
  return problem("", `unknown key ${key}${meant === undefined ? "" : `; did you mean ${meant}?`}`);
}

function typeName(schema: JsonSchema): string {
  if (isKinds(schema)) return schema.title!;
  if (schema.anyOf) return schema.anyOf.map(typeName).join(" or ");
  const names: Record<string, string> = {
    integer: "whole number",
    string: schema.enum ? "choice" : schema.format === "path" ? "path" : "text",
    boolean: "true or false",
    array: "list",
    object: "map",
  };
  return names[schema.type ?? ""] ?? schema.type ?? "value";
}

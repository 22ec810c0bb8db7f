/** The schema as JSON Schema: for editors, and as the plain data that error texts, `explain` and docs are made from. */
import { z } from "zod";
import { type Key, splitPath } from "./tree.ts";
import { configSchema, type ResumePolicy } from "./schema.ts";
import { showFlow } from "./show.ts";

/** What is used here of JSON Schema (draft 7). */
export interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  /** Said with a value that is none of `enum`, where nothing nearer is known. */
  readonly refusal?: string;
  /** What each value of `enum` means. */
  readonly names?: Readonly<Record<string, string>>;
  /** What a resume may do with this key, or with those below it that say nothing else. */
  readonly resume?: ResumePolicy;
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly $ref?: string;
  /** One reference, as zod writes that of a schema to itself: of a layer to the layers within it. */
  readonly allOf?: readonly JsonSchema[];
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
}

/** JSON Schema (draft 7) of a config file. No key is required, since a file may extend another that has it. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, {
    io: "input",
    target: "draft-7",
    override: ({ zodSchema, jsonSchema }) => {
      // A layer's or transform's kind stays required: it is the first key of each branch of their unions.
      const kinds = jsonSchema.examples !== undefined;
      if (zodSchema._zod.def.type === "object" && !kinds) delete jsonSchema.required;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.type === "object" && JSON.stringify(jsonSchema.default) === "{}") delete jsonSchema.default;
    },
  });
}

let cached: JsonSchema | undefined;

/** {@link configJsonSchema}, made once. */
export function rootSchema(): JsonSchema {
  return cached ??= configJsonSchema() as JsonSchema;
}

/** The schema that a reference stands for. */
export function deref(schema: JsonSchema): JsonSchema {
  const name = (schema.$ref ?? schema.allOf?.[0]?.$ref)?.replace("#/definitions/", "");
  return (name === undefined ? undefined : rootSchema().definitions?.[name]) ?? schema;
}

/** Whether a schema lists kinds, as a bare name or a map each: layers, transforms. */
export function isKinds(schema: JsonSchema): boolean {
  return schema.anyOf !== undefined && schema.title !== undefined;
}

/** The key that says the kind in one branch of a union of kinds; undefined for the bare names. */
export function kindOf(branch: JsonSchema): string | undefined {
  return branch.properties && Object.keys(branch.properties)[0];
}

/** The branch of a union that a value is written in, or undefined if it is in none or could be in several. */
export function branchOf(schema: JsonSchema, value: unknown): JsonSchema | undefined {
  const branches = (schema.anyOf ?? []).map(deref);
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  const fits = branches.filter((branch) => {
    if (isMap) return isKinds(schema) ? Object.hasOwn(value, kindOf(branch) ?? "") : branch.type === "object";
    if (Array.isArray(value)) return branch.type === "array";
    if (typeof value === "number") return branch.type === "number" || branch.type === "integer";
    const type = typeof value;
    return branch.type === type;
  });
  return fits.length === 1 ? fits[0] : undefined;
}

/**
 * The schema at a path; unions are told apart by the value found there.
 * @param value the plain data that the path leads through
 */
export function schemaAt(keys: readonly Key[], value: unknown): JsonSchema | undefined {
  let schema: JsonSchema | undefined = rootSchema();
  let below = value;
  for (const key of keys) {
    if (schema?.anyOf) schema = branchOf(schema, below);
    if (schema === undefined) return undefined;
    const items: JsonSchema["items"] = schema.items;
    if (items !== undefined) schema = "length" in items ? items[Number(key)] : items as JsonSchema;
    else schema = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties![key] : undefined;
    if (schema === undefined) return undefined;
    schema = deref(schema);
    below = typeof below === "object" && below !== null ? (below as Record<Key, unknown>)[key] : undefined;
  }
  return schema;
}

/** What a resume may do with the key at a path: its own policy, else the nearest section's above it. */
export function resumePolicy(path: string): ResumePolicy | undefined {
  let schema: JsonSchema | undefined = rootSchema();
  let policy = schema.resume;
  for (const key of splitPath(path)) {
    schema = schema && Object.hasOwn(schema.properties ?? {}, key) ? deref(schema.properties![key]!) : undefined;
    policy = schema?.resume ?? policy;
  }
  return policy;
}

/** All dotted paths of maps, sections first: what an unknown key is compared with. */
export function knownPaths(schema: JsonSchema = rootSchema(), prefix = ""): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, below]) => [
    prefix + key,
    ...knownPaths(below, `${prefix}${key}.`),
  ]);
}

/** What a value must be, in words: "a whole number from 1 to 8", "one of keep, drop". */
export function expectation(schema: JsonSchema): string {
  if (isKinds(schema)) return `${/^[aeiou]/.test(schema.title!) ? "an" : "a"} ${schema.title}`;
  if (schema.anyOf) return schema.anyOf.map((branch, at, all) => formOf(deref(branch), all.slice(0, at))).join(", or ");
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum) return schema.enum.length === 1 ? String(schema.enum[0]) : `one of ${schema.enum.join(", ")}`;
  switch (schema.type) {
    case "integer":
      return `a whole number${bounds(schema)}`;
    case "number":
      return `a number${bounds(schema)}`;
    case "boolean":
      return "true or false";
    case "string":
      if (schema.format === "path") return "a path";
      return schema.pattern ? "letters, digits, . _ - (at most 64, starting with a letter or digit)" : "text";
    case "null":
      return "null";
    case "array":
      return list(schema);
    case "object":
      return "a map of keys";
    default:
      return "a value";
  }
}

/**
 * One of several forms of a value; a map among them is shown by its example, a list of what was named before as such.
 */
function formOf(branch: JsonSchema, before: readonly JsonSchema[]): string {
  const items = JSON.stringify(branch.items);
  if (branch.maxItems !== undefined && before.some((form) => JSON.stringify(form) === items)) {
    return `a list of ${branch.minItems ?? 0} to ${branch.maxItems} of them`;
  }
  return branch.type === "object" && branch.examples ? showFlow(branch.examples[0]) : expectation(branch);
}

function list(schema: JsonSchema): string {
  const { items, minItems, maxItems } = schema;
  if (items !== undefined && "length" in items) {
    const parts = (items as readonly JsonSchema[]).map((item) => expectation(deref(item)));
    return `a list of ${parts.length}: ${parts.join(", ")}`;
  }
  const of = items === undefined ? "paths" : plural(deref(items as JsonSchema));
  if (maxItems !== undefined) return `a list of ${minItems ?? 0} to ${maxItems} ${of}`;
  return minItems ? `a list of one or more ${of}` : `a list of ${of}`;
}

function plural(item: JsonSchema): string {
  if (isKinds(item)) return `${item.title}s`;
  if (item.type === "object") return "maps of keys";
  if (item.anyOf?.[0]?.type === "integer") return "whole numbers or lists of them";
  if (item.anyOf?.[0]?.type === "string" && item.anyOf.length === 2) {
    const { type } = item.anyOf[1]!;
    if (type === "integer" || type === "number") return `texts or ${type === "integer" ? "whole " : ""}numbers`;
  }
  return item.type === "integer" ? `whole numbers${bounds(item)}` : `${item.format ?? "text"}s`;
}

function bounds(schema: JsonSchema): string {
  const { minimum: min, maximum: max, exclusiveMinimum: above, exclusiveMaximum: below } = schema;
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  const low = min !== undefined ? `of at least ${min}` : above !== undefined ? `above ${above}` : undefined;
  const high = max !== undefined ? `at most ${max}` : below !== undefined ? `below ${below}` : undefined;
  if (low === undefined && high === undefined) return "";
  return ` ${[low, high].filter((part) => part !== undefined).join(" and ")}`;
}

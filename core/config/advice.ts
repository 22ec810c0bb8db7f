/** Hints: what to write instead of a value or key that cannot be used. */
import { deref, expectation, type JsonSchema, kindOf } from "./json_schema.ts";
import { nearest } from "./nearest.ts";
import { show, showFlow } from "./show.ts";
import { spaceAfterColon } from "./syntax.ts";

/** What to write for a key without a default. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  model: "model: {encoder: [{linear: 64}, relu, {linear: 8}], decoder: [{linear: 64}, relu, {linear: output}]}",
  "model.encoder": "encoder: [{linear: 64}, relu, {linear: 8}]",
  "model.decoder": "decoder: [{linear: 64}, relu, {linear: output}]",
};

/** What is wrong with a name that cannot be a key because of its characters; undefined for a plain name. */
export function slipInKey(name: string, siblings: readonly string[]): string | undefined {
  if (/^\/[/*]/.test(name)) return "a comment begins with #";
  if (/[\u00a0\u2000-\u200f\u202f\u3000\ufeff]/.test(name)) {
    return "it contains a space character that is not an ordinary space; type the name again";
  }
  if (/^\d+$/.test(name)) return `a decimal has a point, not a comma: 0.${name}`;
  const [first = "", ...rest] = name.split(/\s+/);
  if (rest.length > 0 && siblings.includes(first)) return `put a colon after the key: ${first}: ${rest.join(" ")}`;
  return spaceAfterColon(name);
}

interface Advice {
  readonly what: string;
  readonly hint?: string | undefined;
}

/** A layer or transform of no known kind, or of a kind that wants a value or takes none. */
export function wrongKind(path: string, value: unknown, schema: JsonSchema): Advice {
  const branches = (schema.anyOf ?? []).map(deref);
  const bare = branches.flatMap((branch) => branch.enum ?? []).map(String);
  const maps = branches.filter((branch) => branch.properties);
  const mapOf = (kind: unknown) => maps.find((branch) => kindOf(branch) === kind);
  const all = `${schema.title}s: ${[...bare, ...maps.map((branch) => showFlow(branch.examples?.[0]))].join(", ")}`;
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  const [kind, ...others] = isMap ? Object.keys(value) : typeof value === "string" ? [value] : [];
  if (kind === undefined) {
    const isSize = schema.title === "layer" && typeof value === "number"; // of the first kind, which takes one
    const what = `${path} must be ${expectation(schema)}, got ${show(value)}`;
    return { what, hint: isSize ? `write {${kindOf(maps[0]!)}: ${value}}` : all };
  }
  const map = mapOf(kind);
  const second = others.find((name) => mapOf(name) !== undefined || bare.includes(name));
  if (map && second !== undefined) {
    const entries = Object.entries(value as object);
    const lines = entries.map(([key, below]) => below === null ? key : showFlow({ [key]: below })).join(", ");
    return {
      what: `${path}: ${kind} and ${second} are two ${schema.title}s`,
      hint: `write one after the other: ${lines}`,
    };
  }
  if (map) return { what: `${path}: ${kind} needs a value`, hint: `write ${showFlow(map.examples?.[0])}` };
  if (bare.includes(kind)) return { what: `${path}: ${kind} takes no value`, hint: `write ${kind} alone` };
  const named = isMap && ["type", "kind", "name"].includes(kind) ? (value as Record<string, unknown>)[kind] : undefined;
  const example = mapOf(named)?.examples?.[0] ?? (bare.includes(String(named)) ? named : undefined);
  const meant = nearest(kind, [...bare, ...maps.map((branch) => kindOf(branch)!)]);
  const guess = meant === undefined ? "" : `; did you mean ${meant}?`;
  const what = `${path}: unknown ${schema.title} ${show(kind)}${guess}`;
  if (example !== undefined) return { what, hint: `the kind itself is the key: write ${showFlow(example)}` };
  return { what, hint: spaceAfterColon(kind) ?? all };
}

/** What to write instead of a value of the wrong type or out of bounds; undefined where the expectation says it all. */
export function adviceOn(value: unknown, schema: JsonSchema | undefined): string | undefined {
  const branches = (schema?.anyOf ?? [schema ?? {}]).map(deref);
  const types = branches.map((branch) => branch.type);
  if (types.length === 1 && types[0] === "object") return adviceOnSection(value, branches[0]!);
  if (types.length === 1 && types[0] === "array" && typeof value !== "object") return adviceOnList(value, branches[0]!);
  const isNumber = types.includes("number") || types.includes("integer");
  if (typeof value === "string") return adviceOnText(value, schema, isNumber, types.includes("boolean"));
  const atMostOne = branches.some(({ maximum, exclusiveMaximum }) => maximum === 1 || exclusiveMaximum === 1);
  if (typeof value === "number" && value > 1 && value <= 100 && types.includes("number") && atMostOne) {
    return `write ${value / 100} for ${value} %`;
  }
  return undefined;
}

function adviceOnText(value: string, schema: JsonSchema | undefined, isNumber: boolean, isBoolean: boolean) {
  const words = [schema ?? {}, ...schema?.anyOf ?? []].map(deref).flatMap((
    { enum: all = [], const: one },
  ) => [...all, one]);
  const meant = nearest(value, words.filter((word) => word !== undefined).map(String));
  if (meant !== undefined) return `did you mean ${meant}?`;
  if (schema?.refusal !== undefined) return schema.refusal;
  const digits = value.trim().replaceAll(/[_,]/g, "").replace(/^\u2212/, "-");
  const percent = /^(.+?)\s*%$/.exec(digits)?.[1];
  if (isNumber && percent !== undefined && Number.isFinite(Number(percent))) return `write ${Number(percent) / 100}`;
  if (isNumber && digits !== "" && Number.isFinite(Number(digits))) {
    return `write ${Number(digits)}, without quotes or separators`;
  }
  if (isBoolean && /^(yes|on|y|no|off|n)$/i.test(value)) return `write ${/^(yes|on|y)$/i.test(value)}`;
  return undefined;
}

function adviceOnList(value: unknown, schema: JsonSchema): string | undefined {
  const isTuple = schema.items !== undefined && "length" in schema.items;
  if (!isTuple) return `write a list: [${value}]`;
  return schema.default === undefined ? undefined : `write a list, e.g. ${showFlow(schema.default)}`;
}

/** A text instead of a section is usually the value of its first or best-known key. */
function adviceOnSection(value: unknown, schema: JsonSchema): string {
  const keys = Object.keys(schema.properties ?? {});
  const main = ["name", "kind", "path", "mode"].find((key) => keys.includes(key));
  if (typeof value === "string" && value !== "") {
    const slip = spaceAfterColon(value);
    if (slip !== undefined) return slip;
    if (keys.includes(value.split(":", 1)[0]!.trim())) return `write {${value}}`;
    if (main !== undefined && !/\s/.test(value)) return `write {${main}: ${value}}`;
  }
  return `write a map with the keys ${keys.join(", ")}`;
}

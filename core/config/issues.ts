/** The problems that zod finds, one line each: position, key, expectation, value, and what was probably meant. */
import type { z } from "zod";
import type { Problem } from "./error.ts";
import { adviceOn, EXAMPLES, slipInKey, wrongKind } from "./advice.ts";
import { branchOf, deref, expectation, isKinds, type JsonSchema, knownPaths, schemaAt } from "./json_schema.ts";
import { nearest, nearestKey } from "./nearest.ts";
import { show } from "./show.ts";
import { entryAt, type Key, type MapNode, type Origin, splitPath, toValue, whereOf } from "./tree.ts";

/** A problem of one key, with the place it is sorted by. */
interface Placed {
  readonly path: string;
  readonly origin: Origin;
  readonly what: string;
  readonly hint?: string | undefined;
  /** The known key that an unknown one was probably meant for. */
  readonly meant?: string | undefined;
}

/**
 * Problems in the order of the file's lines, one a key.
 * @param missing of keys whose absence no issue tells, by the key
 */
export function explainIssues(
  issues: readonly z.core.$ZodIssue[],
  tree: MapNode,
  missing: Readonly<Record<string, readonly Problem[]>> = {},
): Problem[] {
  const root = toValue(tree);
  const seen = new Set<string>();
  const placed = issues.flatMap((issue) => explainIssue(issue, [], tree, root)).filter(({ path }) => {
    // One line a key: the first issue of a key, and none for the parts of what is already wrong as a whole.
    const isNew = !splitPath(path).some((_, i, keys) => seen.has(keys.slice(0, i + 1).join(".")));
    seen.add(path);
    return isNew;
  });
  placed.sort((a, b) => compareOrigins(a.origin, b.origin));
  // A key that was misspelt is not reported as missing as well.
  const isMeant = (path: string) => placed.some(({ meant }) => meant === path || meant?.startsWith(`${path}.`));
  const told = placed.filter(({ path }) => entryAt(tree, splitPath(path)) !== undefined || !isMeant(path));
  const first = Object.entries(missing).filter(([path]) => !isMeant(path)).flatMap(([, problems]) => problems);
  return [
    ...first,
    ...told.map(({ origin, what, hint }) => ({
      where: whereOf(origin),
      what,
      ...(hint === undefined ? {} : { hint }),
    })),
  ];
}

/** The order of problems: overrides first, then by file and line. */
function compareOrigins(a: Origin, b: Origin): number {
  if (a.line === undefined || b.line === undefined) return Number(b.line === undefined) - Number(a.line === undefined);
  if (a.source !== b.source) return a.source < b.source ? -1 : 1;
  return a.line - b.line || (a.column ?? 0) - (b.column ?? 0);
}

function explainIssue(issue: z.core.$ZodIssue, prefix: readonly Key[], tree: MapNode, root: unknown): Placed[] {
  const keys = [...prefix, ...issue.path as Key[]];
  const value = valueAt(root, keys);
  const schema = schemaAt(keys, root);
  if (issue.code === "unrecognized_keys") {
    const map = schema?.anyOf ? branchOf(schema, value) : schema;
    return issue.keys.map((key) => unknownKey([...keys, key], tree, map));
  }
  if (issue.code === "invalid_union" && schema?.anyOf) {
    const branch = branchOf(schema, value);
    const index = schema.anyOf.findIndex((each) => deref(each) === branch);
    const inner = issue.errors[index];
    // Below a bare name or a number there is nothing more to tell than the union's own line.
    if (inner && typeof value !== "string") return inner.flatMap((each) => explainIssue(each, keys, tree, root));
  }
  return [wrongValue(keys, value, schema, tree)];
}

function unknownKey(keys: readonly Key[], tree: MapNode, parent: JsonSchema | undefined): Placed {
  const path = keys.join(".");
  const entry = entryAt(tree, keys);
  const origin = entry?.key ?? tree.origin;
  const siblings = Object.keys(parent?.properties ?? {});
  const name = String(keys.at(-1));
  const isInList = keys.some((key) => typeof key === "number");
  let meant = isInList ? nearest(name, siblings) : nearestKey(path, knownPaths());
  // An override of a key below: say all of what was probably meant.
  let written = path;
  if (origin.line === undefined && origin.source.startsWith(`${path}.`)) {
    written = origin.source.slice(0, origin.source.indexOf("="));
    const full = meant + written.slice(path.length);
    if (meant !== undefined) meant = knownPaths().includes(full) ? full : nearestKey(full, knownPaths()) ?? meant;
  }
  const section = keys.slice(0, -1).join(".");
  const slip = slipInKey(name, siblings);
  if (slip !== undefined) return { path, origin, meant, what: `unknown key ${written}`, hint: slip };
  return {
    path,
    origin,
    meant,
    what: `unknown key ${written}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
    hint: `${section ? `keys of ${section}` : "top-level keys"}: ${siblings.join(", ")}`,
  };
}

function wrongValue(keys: readonly Key[], value: unknown, schema: JsonSchema | undefined, tree: MapNode): Placed {
  const path = keys.join(".");
  const entry = entryAt(tree, keys);
  if (value === undefined && entry === undefined) return missing(keys, schema, tree);
  const origin = entry!.node.origin;
  if (schema && isKinds(schema)) return { path, origin, ...wrongKind(path, value, schema) };
  const what = `${path} must be ${schema ? expectation(schema) : "something else"}, got ${show(value)}`;
  return { path, origin, what, hint: adviceOn(value, schema) };
}

/** The problem of a missing key without a default, at the nearest map that should have it. */
function missing(keys: readonly Key[], schema: JsonSchema | undefined, tree: MapNode): Placed {
  const path = keys.join(".");
  let above = keys.slice(0, -1);
  while (above.length > 0 && entryAt(tree, above) === undefined) above = above.slice(0, -1);
  const origin = above.length === 0 ? tree.origin : entryAt(tree, above)!.key;
  return { path, origin, what: `${path} is missing`, hint: EXAMPLES[path] ?? schema?.description };
}

function valueAt(root: unknown, keys: readonly Key[]): unknown {
  let value = root;
  for (const key of keys) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<Key, unknown>)[key];
  }
  return value;
}

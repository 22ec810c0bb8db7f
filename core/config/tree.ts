/** A config file as a tree of values that know where they were written. Files and overrides are merged as trees. */
import { problem } from "./error.ts";

/** Where a value was written: a place in a file, or an override (no line). */
export interface Origin {
  /** The file's path as messages show it, or an override's `a.b=v`. */
  readonly source: string;
  readonly line?: number;
  readonly column?: number;
  /** What relative paths written here start from, absolute. */
  readonly folder: string;
}

export interface ScalarNode {
  readonly kind: "scalar";
  readonly origin: Origin;
  readonly value: string | number | boolean | null;
  /** A null that stands for a key with nothing after its colon. */
  readonly empty?: true;
}
export interface ListNode {
  readonly kind: "list";
  readonly origin: Origin;
  readonly items: readonly Node[];
}
export interface MapNode {
  readonly kind: "map";
  readonly origin: Origin;
  readonly entries: ReadonlyMap<string, Entry>;
}
/** A map's entry: where its key stands and its value. */
export interface Entry {
  readonly key: Origin;
  readonly node: Node;
}
export type Node = ScalarNode | ListNode | MapNode;

export type Key = string | number;

/** `file:line:column`, or `--override a.b=v`. */
export function showOrigin(origin: Origin): string {
  return origin.line === undefined ? `--override ${origin.source}` : `${origin.source}:${origin.line}:${origin.column}`;
}

/** As {@link showOrigin}, for the start of an error line, where an override stands in quotes. */
export function whereOf(origin: Origin): string {
  return origin.line === undefined ? `--override "${origin.source}"` : showOrigin(origin);
}

/** `a.b.0.c` as keys; elements of lists are numbered from 0. */
export function splitPath(path: string): string[] {
  return path === "" ? [] : path.split(".");
}

/** Whether a dotted key is another one, or lies below it. */
export const isUnder = (key: string, above: string): boolean => key === above || key.startsWith(`${above}.`);

/** The tree as plain data. Maps have no prototype, so that no key of theirs means anything to JavaScript. */
export function toValue(node: Node): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(toValue);
  const map: Record<string, unknown> = Object.create(null);
  for (const [key, entry] of node.entries) map[key] = toValue(entry.node);
  return map;
}

/** The entry below `keys`, or undefined. An element of a list has its own place as its key's. */
export function entryAt(root: Node, keys: readonly Key[]): Entry | undefined {
  let entry: Entry | undefined = { key: root.origin, node: root };
  for (const key of keys) {
    if (entry === undefined) return undefined;
    entry = child(entry.node, key);
  }
  return entry;
}

/** The entry at `keys`, or at the nearest keys above that have one, with those keys; the root has none. */
export function nearestAt(root: Node, keys: readonly Key[]): { readonly entry: Entry; readonly keys: readonly Key[] } {
  for (let count = keys.length; count > 0; count--) {
    const above = keys.slice(0, count);
    const entry = entryAt(root, above);
    if (entry) return { entry, keys: above };
  }
  return { entry: { key: root.origin, node: root }, keys: [] };
}

function child(node: Node, key: Key): Entry | undefined {
  if (node.kind === "map") return node.entries.get(String(key));
  if (node.kind !== "list" || !/^\d+$/.test(String(key))) return undefined;
  const item = node.items[Number(key)];
  return item && { key: item.origin, node: item };
}

/**
 * `over` on top of `base`: maps are merged key by key, all else is replaced. An empty key keeps the map below it; a written
 * null takes its place.
 */
export function merge(base: Node, over: Node): Node {
  if (base.kind !== "map") return over;
  if (over.kind === "scalar" && over.empty) return base;
  if (over.kind !== "map") return over;
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below ? { key: entry.key, node: merge(below.node, entry.node) } : entry);
  }
  return { kind: "map", origin: over.origin, entries };
}

/** Deepest path that can be set. */
const MAX_KEYS = 16;

/**
 * The tree with `value` at `keys`; missing maps are made, placed at `key`.
 * A bare name counts as a map of itself: `leaky_relu` becomes `{leaky_relu: value}`.
 * Errors: ConfigError at `key` if a value or the end of a list is in the way.
 */
export function setAt(node: Node | undefined, keys: readonly string[], value: Node, key: Origin = value.origin): Node {
  if (keys.length > MAX_KEYS) throw problem(whereOf(key), `a key has at most ${MAX_KEYS} parts, got ${keys.length}`);
  return put(node, 0);

  function put(below: Node | undefined, depth: number): Node {
    const name = keys[depth];
    if (name === undefined) return value;
    const here = keys.slice(0, depth).join(".");
    if (below?.kind === "list") {
      if (!/^(0|[1-9]\d{0,8})$/.test(name) || Number(name) >= below.items.length) {
        const range = below.items.length === 0 ? "no elements" : `the elements 0 to ${below.items.length - 1}`;
        throw problem(
          whereOf(key),
          `${here} is a list with ${range}, got "${name}"`,
          below.items.length === 0 ? undefined : `elements are numbered from 0: ${here}.0`,
        );
      }
      return { ...below, items: below.items.map((item, i) => i === Number(name) ? put(item, depth + 1) : item) };
    }
    if (below?.kind === "scalar" && below.value !== null && below.value !== name) {
      throw problem(whereOf(key), `${here} is ${JSON.stringify(below.value)} and has no keys, got "${name}"`);
    }
    const entries = new Map(below?.kind === "map" ? below.entries : []);
    entries.set(name, { key, node: put(entries.get(name)?.node, depth + 1) });
    return { kind: "map", origin: below?.origin ?? key, entries };
  }
}

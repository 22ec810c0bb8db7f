/** Reads a map of a sweep's config key by key, and collects what is wrong, so that all of it is told at once. */
import { ConfigError, type Problem } from "../config/error.ts";
import { nearest } from "../config/nearest.ts";
import { show } from "../config/show.ts";
import { type Entry, type MapNode, type Origin, toValue, whereOf } from "../config/tree.ts";

/** What is wrong so far. */
export class Problems {
  readonly #found: (Problem & { readonly origin: Origin })[] = [];

  get count(): number {
    return this.#found.length;
  }

  add(origin: Origin, what: string, hint?: string): void {
    this.#found.push({ origin, where: whereOf(origin), what, ...(hint === undefined ? {} : { hint }) });
  }

  unknownKey(origin: Origin, key: string, known: readonly string[], list: string): void {
    const meant = nearest(key.slice(key.lastIndexOf(".") + 1), known);
    const what = `unknown key ${key}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
    this.add(origin, what, `${list}: ${known.join(", ")}`);
  }

  /** @throws {ConfigError} with everything that is wrong, in the order of the lines */
  throwAny(): void {
    if (this.#found.length === 0) return;
    const place = ({ origin: { line = 0, column = 0 } }: { origin: Origin }) => line * 1e6 + column;
    throw new ConfigError(this.#found.toSorted((a, b) => place(a) - place(b)));
  }
}

/** A map whose keys are known; a value that is wrong is told and read as null. */
export class MapReader<Name extends string> {
  /**
   * @param path of the map, with a dot at its end; "" for the whole file
   * @param list what the keys are called, for the hint at an unknown one
   */
  constructor(
    readonly tree: MapNode,
    readonly path: string,
    keys: readonly Name[],
    list: string,
    readonly problems: Problems,
  ) {
    for (const [key, { key: origin }] of tree.entries) {
      if (!(keys as readonly string[]).includes(key)) problems.unknownKey(origin, `${path}${key}`, keys, list);
    }
  }

  /** An entry that has a value. */
  entry(name: Name): Entry | undefined {
    const entry = this.tree.entries.get(name);
    return entry?.node.kind === "scalar" && entry.node.value === null ? undefined : entry;
  }

  text(name: Name, fits: (text: string) => boolean, expected: string): string | null {
    const entry = this.entry(name);
    if (entry === undefined) return null;
    const value = toValue(entry.node);
    if (typeof value === "string" && fits(value)) return value;
    const meant = typeof value === "string" ? nearest(value, expected.split(", ")) : undefined;
    this.problems.add(
      entry.node.origin,
      `${this.path}${name} must be ${expected.includes(", ") ? "one of " : ""}${expected}, got ${show(value)}`,
      meant === undefined ? undefined : `did you mean ${meant}?`,
    );
    return null;
  }

  whole(name: Name, most: number, least = 1): number | null {
    const fits = (value: number) => Number.isInteger(value) && value >= least && value <= most;
    return this.#number(name, fits, `a whole number from ${least} to ${most}`);
  }

  /** A number above 0 and up to 1. */
  share(name: Name): number | null {
    return this.#number(name, (value) => value > 0 && value <= 1, "a number above 0 and up to 1");
  }

  #number(name: Name, fits: (value: number) => boolean, expected: string): number | null {
    const entry = this.entry(name);
    if (entry === undefined) return null;
    const value = toValue(entry.node);
    if (typeof value === "number" && fits(value)) return value;
    this.problems.add(entry.node.origin, `${this.path}${name} must be ${expected}, got ${show(value)}`);
    return null;
  }

  /** A map below; null where there is none. */
  map(name: Name, example: string): MapNode | null {
    const entry = this.entry(name);
    if (entry === undefined) return null;
    if (entry.node.kind === "map") return entry.node;
    const got = show(toValue(entry.node));
    this.problems.add(entry.node.origin, `${this.path}${name} must be a map of keys, got ${got}`, example);
    return null;
  }
}

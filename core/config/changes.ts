/** How one config differs from another, by what a resume may do with the keys that differ. */
import { createHash } from "node:crypto";
import { basename } from "@std/path";
import { resumePolicy } from "./json_schema.ts";
import { PARTS } from "./properties.ts";
import type { ResumePolicy } from "./schema.ts";
import { showFlow } from "./show.ts";
import type { Config } from "./types.ts";
import { toPlain } from "./yaml.ts";

/** A key whose value differs; undefined where one of the configs does not have it. */
export interface Change {
  readonly key: string;
  readonly from: unknown;
  readonly to: unknown;
}

export type ConfigChanges = Readonly<Record<ResumePolicy, readonly Change[]>>;

/**
 * The keys of `to` that differ from `from`, sorted by what a resume may do with them. The copies that a run keeps of its files
 * of connections, and into which parts it divides neurons, are no differences.
 */
export function compareConfigs(from: Config, to: Config): ConfigChanges {
  const changes: Record<ResumePolicy, Change[]> = { free: [], from_here: [], fixed: [] };
  for (const change of differences("", toPlain(from), toPlain(to))) {
    const moved = change.key.startsWith("data.split.") && isSameFiles(change.from, change.to);
    if (isOfParts(change) || isSameGraph(change)) continue;
    changes[moved ? "free" : resumePolicy(change.key) ?? "fixed"].push(
      change,
    );
  }
  return changes;
}

/** The keys of `to` that differ from `from`, of two configs as plain data. */
export function plainDifferences(from: Plain, to: Plain): readonly Change[] {
  return differences("", from, to);
}

/** The value of a key as a {@link Change} has it. */
export function valueAt(config: Config, key: string): unknown {
  return key.split(".").reduce<unknown>(
    (below, name) => typeof below === "object" && below !== null ? (below as Plain)[name] : undefined,
    toPlain(config),
  );
}

/** `optimizer.learning_rate: 0.001 -> 0.0001` */
export function changeText({ key, from, to }: Change): string {
  const text = (value: unknown) => {
    const line = value === undefined ? "unset" : showFlow(value);
    return line.length > 80 ? `${line.slice(0, 77)}...` : line;
  };
  return `${key}: ${text(from)} -> ${text(to)}`;
}

/** Several changes in one line, the first few of them. */
export function changesText(changes: readonly Change[], most = 6): string {
  const more = changes.length > most ? `, and ${changes.length - most} more` : "";
  return changes.slice(0, most).map(changeText).join(", ") + more;
}

type Plain = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);

function differences(key: string, from: unknown, to: unknown): Change[] {
  const below = (name: string | number) => key === "" ? String(name) : `${key}.${name}`;
  if (isMap(from) && isMap(to) && isOneKind(key, from, to)) {
    const names = new Set([...Object.keys(from), ...Object.keys(to)]);
    return [...names].flatMap((name) => differences(below(name), from[name], to[name]));
  }
  if (!key.startsWith("data.split.") && isKindList(from) && isKindList(to) && from.length === to.length) {
    return from.flatMap((item, index) => differences(below(index), item, to[index]));
  }
  return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ key, from, to }];
}

/** Layers and transforms: lists of bare names and of maps. */
function isKindList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.some((item) => isMap(item) || typeof item === "string");
}

/** Maps in lists are of a kind, which their first key says; two of different kinds are compared as wholes. */
function isOneKind(key: string, from: Plain, to: Plain): boolean {
  return !/\.\d+$/.test(key) || Object.keys(from)[0] === Object.keys(to)[0];
}

/** Into which parts neurons are divided, which changes no result. */
const isOfParts = ({ key }: Change) => key.startsWith("model.") && PARTS.some((name) => key.endsWith(`.${name}`));

/** A file of connections, and another one with the same content: a run has a copy of its own. */
function isSameGraph({ key, from, to }: Change): boolean {
  if (!key.startsWith("model.") || !key.endsWith(".edges") || typeof from !== "string" || typeof to !== "string") {
    return false;
  }
  const hash = (path: string) => {
    try {
      return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
    } catch {
      return null; // no file, or none that can be read
    }
  };
  const before = hash(from);
  return before !== null && before === hash(to);
}

/** Files of the same names in another folder: data that were moved. What is in them is compared elsewhere. */
function isSameFiles(from: unknown, to: unknown): boolean {
  const names = (value: unknown) => Array.isArray(value) ? value.map((path) => basename(String(path))) : null;
  const [before, after] = [names(from), names(to)];
  return before !== null && after !== null && before.join("\n") === after.join("\n");
}

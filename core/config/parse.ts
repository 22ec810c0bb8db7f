/** Text of a config to a tree with positions: YAML 1.2 (JSON is a part of it) and KEY=VALUE lines. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { ParsedNode, YAMLError } from "yaml";
import { ConfigError, forEach, type Problem, problem } from "./error.ts";
import { commentProblem, explainFault, mergeKeyProblem, spaceAfterColon } from "./syntax.ts";
import { type Entry, entryAt, type MapNode, type Node, type Origin, setAt, splitPath, whereOf } from "./tree.ts";

/** Bounds on what a file may unfold to, so that aliases of aliases end in a message. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 64;
/** Most lines of a KEY=VALUE file. */
const MAX_LINES = 10_000;

/** Where a text comes from: how messages name it and what relative paths in it start from. */
export interface Source {
  readonly source: string;
  readonly folder: string;
}

/** A position in a text; both count from 1. */
interface Place {
  readonly line: number;
  readonly col: number;
}

/** Text of a config as a map. Errors: {@link ConfigError} with line and column. */
export function parseConfig(text: string, at: Source): MapNode {
  const section = /^(?:[ \t]*(?:[#;].*)?\r?\n)*[ \t]*\[([\w.]+)\][ \t]*\r?\n\s*([\w.]+)[ \t]*=[ \t]*(.*)/.exec(text);
  if (section) {
    const line = section[0].split("\n").findIndex((each) => /^\s*\[/.test(each)) + 1;
    const [, name, key, value] = section;
    const what = "this is TOML or INI; a config is YAML, JSON or lines of key=value";
    throw problem(`${at.source}:${line}:1`, what, `in YAML: ${name}: {${key}: ${value!.trim()}}`);
  }
  return isKeyValue(text, at.source) ? parseKeyValue(text, at) : parseYaml(text, at);
}

/** Whether a config is lines of key=value. */
export function isKeyValue(text: string, name: string): boolean {
  if (/\.(ya?ml|json)$/i.test(name)) return false;
  if (/\.(env|conf|txt|properties)$/i.test(name)) return true;
  return /^[\w.]+[ \t]*=/.test(text.replace(/^(?:[ \t]*(?:#.*)?\r?\n)+/, ""));
}

function parseYaml(text: string, at: Source): MapNode {
  const start: Origin = { ...at, line: 1, column: 1 };
  const node = parseNode(text, (place) => ({ ...at, line: place.line, column: place.col }));
  if (node.kind === "scalar" && node.value === null) return { kind: "map", origin: start, entries: new Map() };
  if (node.kind === "map") return { ...node, origin: start };
  const hint = node.kind === "scalar" ? spaceAfterColon(String(node.value)) : undefined;
  throw problem(whereOf(node.origin), "a config must be a map of keys such as data: and model:", hint);
}

/** A value as YAML types it, all of it at `origin`: the right side of a KEY=VALUE line. */
export function parseValue(text: string, origin: Origin): Node {
  return parseNode(text, () => origin);
}

function parseNode(text: string, originOf: (place: Place) => Origin): Node {
  const lines = new LineCounter();
  const originAt = (offset: number) => originOf(lines.linePos(offset));
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  } catch (error) {
    // The parser recurses on nested collections and runs out of stack on absurd ones.
    if (!(error instanceof RangeError)) throw error;
    throw problem(whereOf(originOf({ line: 1, col: 1 })), "the text is nested too deeply to be a config");
  }
  const faults = withoutConsequences([...document.errors, ...document.warnings]);
  if (faults.length > 0) {
    throw new ConfigError(faults.map((fault) => explainFault(fault, text, (offset) => whereOf(originAt(offset)))));
  }
  const converter = new Converter(document, originAt);
  const node = converter.convert(document.contents, 0);
  if (converter.problems.length > 0) throw new ConfigError(converter.problems);
  return node;
}

/** After the first fault of syntax the parser is out of step; faults of content stand alone. */
function withoutConsequences(faults: readonly YAMLError[]): YAMLError[] {
  const isContent = ({ code }: YAMLError) => code === "TAG_RESOLVE_FAILED";
  const first = faults.find((fault) => !isContent(fault));
  return faults.filter((fault) => fault === first || isContent(fault));
}

/** Walks a YAML document; aliases are unfolded, within bounds. */
class Converter {
  readonly problems: Problem[] = [];
  #nodes = 0;
  readonly #document: Document.Parsed;
  readonly #originAt: (offset: number) => Origin;

  constructor(document: Document.Parsed, originAt: (offset: number) => Origin) {
    this.#document = document;
    this.#originAt = originAt;
  }

  /** @param at where to report the node: that of the alias for all that an alias stands for */
  convert(node: ParsedNode | null, depth: number, at?: Origin): Node {
    const origin = at ?? this.#originAt(node?.range?.[0] ?? 0);
    if (++this.#nodes > MAX_NODES) throw problem(whereOf(origin), `the config unfolds to over ${MAX_NODES} values`);
    if (depth > MAX_DEPTH) throw problem(whereOf(origin), `the config is nested more than ${MAX_DEPTH} levels deep`);
    if (node === null) return { kind: "scalar", origin, value: null, empty: true };
    if (isAlias(node)) {
      const target = node.resolve(this.#document) as ParsedNode | undefined;
      if (!target) {
        const what = `the alias *${node.source} has no anchor before it`;
        throw problem(whereOf(origin), what, `put a text that begins with * in quotes: "*${node.source}"`);
      }
      return this.convert(target, depth + 1, origin);
    }
    if (isSeq(node)) {
      return { kind: "list", origin, items: node.items.map((item) => this.convert(item as ParsedNode, depth + 1, at)) };
    }
    if (isMap(node)) {
      const entries = new Map<string, Entry>();
      for (const pair of node.items) {
        const keyNode = pair.key as ParsedNode;
        const key = at ?? this.#originAt(keyNode?.range?.[0] ?? node.range[0]);
        if (!isScalar(keyNode)) throw problem(whereOf(key), "a key must be a plain name");
        const value = pair.value as ParsedNode | null;
        // An empty value is reported at its key, which is where a reader looks.
        const isEmpty = value === null || (isScalar(value) && value.value === null && value.source === "");
        const name = keyNode.source ?? String(keyNode.value);
        if (name === "<<") {
          this.problems.push(mergeKeyProblem(whereOf(key)));
          continue;
        }
        if (/^\/[/*]/.test(name)) throw commentProblem(whereOf(key), name); // what follows is part of this key
        const earlier = entries.get(name)?.key.line;
        if (earlier !== undefined) {
          const hint = `line ${earlier} sets it too: keep one of them`;
          this.problems.push({ where: whereOf(key), what: `duplicate key ${name}`, hint });
        }
        entries.set(name, {
          key,
          node: isEmpty
            ? { kind: "scalar", origin: key, value: null, empty: true }
            : this.convert(value, depth + 1, at),
        });
      }
      return { kind: "map", origin, entries };
    }
    return { kind: "scalar", origin, value: node.value as string | number | boolean | null };
  }
}

/** Lines `a.b = value`, each value typed as YAML; `#` starts a comment, `export` before a key is skipped. */
function parseKeyValue(text: string, at: Source): MapNode {
  let root: Node = { kind: "map", origin: { ...at, line: 1, column: 1 }, entries: new Map() };
  const lines = text.split(/\r?\n/);
  if (lines.length > MAX_LINES) throw problem(at.source, `has over ${MAX_LINES} lines: this is not a config`);
  forEach(lines.entries(), ([index, content]) => {
    if (/^\s*(#|$)/.test(content)) return;
    const line = index + 1;
    const match = /^(\s*(?:export\s+)?)([^\s=]+)(\s*=\s*)(.*)$/.exec(content);
    const [, before = "", path = "", equals = "", value = ""] = match ?? [];
    const key: Origin = { ...at, line, column: match ? before.length + 1 : content.search(/\S/) + 1 };
    if (!match) {
      const pair = /^\s*([\w.]+)\s*:\s*(\S.*)$/.exec(content);
      const hint = pair ? `write ${pair[1]}=${pair[2]}` : "as in training.epochs=3";
      throw problem(whereOf(key), `a line must be key=value, got ${content.trim()}`, hint);
    }
    const keys = splitPath(path);
    const earlier = entryAt(root, keys);
    if (earlier) throw problem(whereOf(key), `duplicate key ${path}, set before in line ${earlier.key.line}`);
    const origin = value ? { ...key, column: (before + path + equals).length + 1 } : key;
    root = setAt(root, keys, parseValue(value, origin), key);
  });
  return root as MapNode;
}

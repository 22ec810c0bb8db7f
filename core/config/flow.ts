/**
 * A value as a command line has it: a scalar, or a list or map in YAML's flow form. A shell has no comments, aliases,
 * anchors and tags within a word, so `#3`, `*x`, `&x`, `!x`, `@x` are text like any other.
 */
import { parse } from "yaml";
import { ConfigError, problem } from "./error.ts";
import { deref, type JsonSchema } from "./json_schema.ts";
import { mergeKeyProblem } from "./syntax.ts";
import { type Entry, type Node, type Origin, type ScalarNode, whereOf } from "./tree.ts";

const MAX_DEPTH = 64;
const SPACE = /\s/;

/** A text that the parser of collections cannot read. */
class NoFlow extends Error {}

/** JSON Schema's names of the types that a key takes. */
function typesOf(schema: JsonSchema | undefined): ReadonlySet<string> {
  const branches = (schema?.anyOf ?? (schema ? [schema] : [])).map(deref);
  return new Set(branches.flatMap((each) => each.anyOf ? [...typesOf(each)] : [each.type ?? ""]));
}

/**
 * The right side of `--override a.b=`.
 * @param schema of the key: where it takes text, what is not a collection in whole is text
 */
export function parseCommandValue(text: string, origin: Origin, schema: JsonSchema | undefined): Node {
  const value = text.trim();
  if (value === "") {
    throw problem(whereOf(origin), "the value after = is missing", "write null where none is meant: a.b=null");
  }
  const types = typesOf(schema);
  const isText = types.has("string") && !["array", "object", "number", "integer", "boolean"].some((t) => types.has(t));
  if (isText) {
    const isNull = value === "null" || (value === "~" && types.has("null"));
    return { kind: "scalar", origin, value: isNull ? null : unquoted(value) ?? value };
  }
  if (!/^[[{]/.test(value)) return { kind: "scalar", origin, value: unquoted(value) ?? typed(value) };
  try {
    return new FlowReader(value, origin).read();
  } catch (error) {
    if (!(error instanceof NoFlow)) throw error;
    if (types.has("string") || schema === undefined) return { kind: "scalar", origin, value };
    throw problem(whereOf(origin), `not valid YAML: ${error.message}`);
  }
}

/** What a text in quotes says; undefined where the quotes are not around all of it. */
function unquoted(text: string): string | undefined {
  if (!/^"(?:[^"\\]|\\.)*"$/s.test(text) && !/^'(?:[^']|'')*'$/s.test(text)) return undefined;
  try {
    return String(parse(text));
  } catch {
    return undefined; // an escape that YAML does not have
  }
}

/** A plain word as YAML types it: number, true, false, null, else text. */
function typed(text: string): ScalarNode["value"] {
  if (!/^(?:[-+]?\.?\w[\w.]*(?:[eE][-+]\d+)?|~)$/.test(text)) return text;
  const value: unknown = parse(text);
  return value === null || typeof value === "number" || typeof value === "boolean" ? value : text;
}

/** Lists and maps in flow form, all of them at one origin. */
class FlowReader {
  readonly #text: string;
  readonly #origin: Origin;
  #at = 0;

  constructor(text: string, origin: Origin) {
    this.#text = text;
    this.#origin = origin;
  }

  read(): Node {
    const node = this.#value(0);
    this.#skip();
    if (this.#at < this.#text.length) throw new NoFlow(`got ${this.#text.slice(this.#at)} after the end of the value`);
    return node;
  }

  #skip(): string {
    while (SPACE.test(this.#text[this.#at] ?? "")) this.#at++;
    return this.#text[this.#at] ?? "";
  }

  #value(depth: number): Node {
    if (depth > MAX_DEPTH) throw problem(whereOf(this.#origin), `nested more than ${MAX_DEPTH} levels deep`);
    const first = this.#skip();
    if (first === "[") return this.#list(depth);
    if (first === "{") return this.#map(depth);
    return { kind: "scalar", origin: this.#origin, value: this.#scalar() };
  }

  #list(depth: number): Node {
    const items: Node[] = [];
    for (this.#at++; this.#skip() !== "]"; this.#comma("]", "a list opened with [ is not closed with ]")) {
      const begin = this.#at;
      const node = this.#value(depth + 1);
      if (this.#skip() !== ":") {
        items.push(node);
        continue;
      }
      this.#at = begin; // `[a: 1]` is a list of one map
      const entries = new Map<string, Entry>();
      this.#pair(entries, depth + 1);
      items.push({ kind: "map", origin: this.#origin, entries });
    }
    this.#at++;
    return { kind: "list", origin: this.#origin, items };
  }

  #map(depth: number): Node {
    const entries = new Map<string, Entry>();
    for (this.#at++; this.#skip() !== "}"; this.#comma("}", "a map opened with { is not closed with }")) {
      this.#pair(entries, depth);
    }
    this.#at++;
    return { kind: "map", origin: this.#origin, entries };
  }

  #comma(close: string, unclosed: string): void {
    const next = this.#skip();
    if (next === ",") this.#at++;
    else if (next !== close) throw new NoFlow(next === "" ? unclosed : `a comma is missing before ${next}`);
  }

  #pair(entries: Map<string, Entry>, depth: number): void {
    this.#skip();
    const name = String(this.#scalar(true));
    const where = whereOf(this.#origin);
    if (name === "<<") throw new ConfigError([mergeKeyProblem(where)]);
    if (entries.has(name)) throw problem(where, `duplicate key ${name}`, "keep one of them");
    let node: Node = { kind: "scalar", origin: this.#origin, value: null };
    if (this.#skip() === ":") {
      this.#at++;
      const next = this.#skip();
      if (next !== "," && next !== "}" && next !== "]") node = this.#value(depth + 1);
    }
    entries.set(name, { key: this.#origin, node });
  }

  /** A word, or a text in quotes. */
  #scalar(isKey = false): ScalarNode["value"] {
    const rest = this.#text.slice(this.#at);
    const quoted = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/s.exec(rest)?.[0];
    if (quoted !== undefined) {
      this.#at += quoted.length;
      return unquoted(quoted) ?? quoted;
    }
    if (/^["']/.test(rest)) throw new NoFlow("a quoted text is not closed");
    // A colon ends a word only before a space, a bracket or the end, as in YAML.
    const word = /^(?:[^,[\]{}:]|:(?![\s,[\]{}]|$))*/.exec(rest)![0];
    if (word === "") {
      throw new NoFlow(rest === "" ? "the text ends within a list or map" : `a value is missing before ${rest[0]}`);
    }
    this.#at += word.length;
    return isKey ? word.trim() : typed(word.trim());
  }
}

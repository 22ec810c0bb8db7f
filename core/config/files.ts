/** Config files from disk: read within bounds, parsed, and laid over the files they extend. */
import { basename, dirname, isAbsolute, relative, resolve } from "@std/path";
import { problem } from "./error.ts";
import { parseConfig } from "./parse.ts";
import { entryAt, type MapNode, merge, type Node, whereOf } from "./tree.ts";

/** The YAML parser takes some 2 s a MB at worst, in proportion to the size. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_CHAIN = 16;

/** A config file with all it extends. */
export interface LoadedTree {
  readonly tree: MapNode;
  /** Absolute paths of all files read, the given one first. */
  readonly files: readonly string[];
}

/**
 * Reads a config file and what it extends.
 * @param file as messages are to show it
 * @param text stands for the file's content, which is then not read
 * @param cwd absolute
 */
export function loadTree(file: string, cwd: string, text?: string): LoadedTree {
  const files = new Set<string>();
  return { tree: load(file, resolve(cwd, file), [], text), files: [...files] };

  function load(shown: string, path: string, chain: readonly string[], content = readText(shown, path)): MapNode {
    files.add(path);
    const own = parseConfig(content, { source: shown, folder: dirname(path) });
    const link = entryAt(own, ["extends"]);
    if (!link) return own;
    const entries = new Map(own.entries);
    entries.delete("extends");
    const next = [...chain, path];
    let base: Node | undefined;
    for (const node of link.node.kind === "list" ? link.node.items : [link.node]) {
      if (node.kind !== "scalar" || typeof node.value !== "string" || node.value === "") {
        throw problem(whereOf(node.origin), "extends must be a path or a list of paths");
      }
      const target = resolve(dirname(path), node.value);
      const names = [...next, target].map((each) => basename(each)).join(" -> ");
      if (next.includes(target)) throw problem(whereOf(node.origin), `extends goes round in a circle: ${names}`);
      if (next.length >= MAX_CHAIN) {
        throw problem(whereOf(node.origin), `extends goes over more than ${MAX_CHAIN} files: ${names}`);
      }
      const tree = load(show(target, cwd), target, next, readText(show(target, cwd), target, whereOf(node.origin)));
      base = base ? merge(base, tree) : tree;
    }
    const over: MapNode = { ...own, entries };
    return base ? merge(base, over) as MapNode : over;
  }
}

/** Relative to cwd where it lies below it, else absolute. */
function show(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short.startsWith("..") || isAbsolute(short) ? path : short;
}

/** @param from where the file was asked for, if not on the command line */
function readText(shown: string, path: string, from?: string): string {
  const refuse = (what: string, hint?: string) =>
    from === undefined ? problem(shown, what, hint) : problem(from, `extends ${shown}: ${what}`, hint);
  let bytes: Uint8Array;
  try {
    const info = Deno.statSync(path);
    if (info.isDirectory) throw refuse("is a folder, not a config file");
    if (!info.isFile) throw refuse("is not a regular file", "save the config as a file");
    bytes = readAtMost(path, MAX_BYTES + 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      throw refuse("no such config file", `looked for ${path}`);
    }
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
      throw refuse("the config file cannot be read: permission denied");
    }
    throw error;
  }
  if (bytes.length > MAX_BYTES) throw refuse("the config file is larger than 4 MB", "is this the data?");
  try {
    if (bytes.includes(0)) throw new TypeError("binary");
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refuse("the config file is not UTF-8 text", "is this the data?");
  }
}

/** Reads up to `limit` bytes, also of pipes and devices, which have no size. */
function readAtMost(path: string, limit: number): Uint8Array {
  using file = Deno.openSync(path);
  const buffer = new Uint8Array(limit);
  let length = 0;
  while (length < limit) {
    const count = file.readSync(buffer.subarray(length));
    if (count === null) break;
    length += count;
  }
  return buffer.subarray(0, length);
}

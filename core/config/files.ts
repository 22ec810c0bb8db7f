/** Config files from disk: read within bounds, parsed, and laid over the files they extend. */
import { basename, dirname, isAbsolute, resolve } from "@std/path";
import { kindOf } from "../formats/kinds.ts";
import { UserError } from "../errors.ts";
import { ioError, isMachineFailure, isMissing, systemReason } from "../formats/io_error.ts";
import { hintFor, someNames } from "../missing.ts";
import { toUser } from "../paths.ts";
import { problem } from "./error.ts";
import { isKeyValue, parseConfig } from "./parse.ts";
import { entryAt, type MapNode, merge, type Node, whereOf } from "./tree.ts";

/** The largest size of a config file. The YAML parser's time is proportional to the size. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_CHAIN = 16;

/** A config file with all it extends. */
export interface LoadedTree {
  readonly tree: MapNode;
  /** Absolute paths of all files read, the given one first. */
  readonly files: readonly string[];
  /** Whether the given file is lines of key=value. */
  readonly isKeyValue: boolean;
}

/**
 * Reads a config file and what it extends.
 * @param file as messages are to show it
 * @param text stands for the file's content, which is then not read
 * @param cwd absolute
 */
export function loadTree(file: string, cwd: string, text?: string): LoadedTree {
  const files = new Set<string>();
  let isLines = false;
  const shownFile = isAbsolute(file) ? toUser(file, cwd) : file;
  const tree = load(shownFile, resolve(cwd, file), [], text);
  return { tree, files: [...files], isKeyValue: isLines };

  function load(shown: string, path: string, chain: readonly string[], content = readText(shown, path, cwd)): MapNode {
    files.add(path);
    if (chain.length === 0) isLines = isKeyValue(content, shown);
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
      const name = toUser(target, cwd);
      const tree = load(name, target, next, readText(name, target, dirname(path), whereOf(node.origin)));
      base = base ? merge(base, tree) : tree;
    }
    const over: MapNode = { ...own, entries };
    return base ? merge(base, over) as MapNode : over;
  }
}

/**
 * @param folder what the path was relative to
 * @param from where the file was asked for, if not on the command line
 */
function readText(shown: string, path: string, folder: string, from?: string): string {
  const refuse = (what: string, hint?: string) =>
    from === undefined ? problem(shown, what, hint) : problem(from, `extends ${shown}: ${what}`, hint);
  let bytes: Uint8Array;
  try {
    const info = Deno.statSync(path);
    if (info.isDirectory) throw refuse("is a folder, not a config file", configsIn(path));
    if (!info.isFile) throw refuse("is not a regular file", "save the config as a file");
    bytes = readAtMost(path, MAX_BYTES + 1);
  } catch (error) {
    if (isMissing(error)) {
      throw refuse(`no such config file: looked for ${path}`, hintFor(path, (each) => toUser(each, folder)));
    }
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
      throw refuse("the config file cannot be read: permission denied");
    }
    if (error instanceof UserError) throw error;
    if (isMachineFailure(error)) throw ioError(shown, "read the config file", error);
    throw refuse(`the config file cannot be read (${systemReason(error)})`);
  }
  if (bytes.length > MAX_BYTES) throw refuse("the config file is larger than 4 MB", "is this the data?");
  const fault = notText(bytes);
  if (fault === undefined) return new TextDecoder().decode(bytes);
  const kind = fault.isBinary ? kindOf(path) : undefined;
  if (kind) {
    throw refuse(`is ${kind.name}, not a config`, "name data in data.path; a config is text: YAML, JSON or key=value");
  }
  if (fault.isBinary) throw refuse(`is not text: ${fault.what}`, "is this the data?");
  throw from === undefined
    ? problem(`${shown}:${fault.line}:${fault.column}`, fault.what, fault.hint)
    : refuse(`${fault.line}:${fault.column}: ${fault.what}`, fault.hint);
}

/** The configs in a folder, as a hint. */
function configsIn(folder: string): string | undefined {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => /\.(ya?ml|json)$/i.test(name));
  return names.length === 0 ? undefined : `it holds ${someNames(names.sort())}`;
}

/** Why bytes are no UTF-8 text, and where; undefined if they are. */
function notText(bytes: Uint8Array) {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { line: 1, column: 1, isBinary: false, what: "the text is UTF-16", hint: "save the file as UTF-8" };
  }
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const nul = bytes.indexOf(0);
  let wrong = nul;
  try {
    decoder.decode(bytes);
    if (nul < 0) return undefined;
  } catch {
    const replaced = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).indexOf("\ufffd");
    const before = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).slice(0, replaced);
    const at = new TextEncoder().encode(before).length;
    wrong = nul < 0 ? at : Math.min(nul, at);
  }
  const lines = new TextDecoder().decode(bytes.subarray(0, wrong)).split("\n");
  const byte = `0x${bytes[wrong]!.toString(16).padStart(2, "0")}`;
  return {
    line: lines.length,
    column: lines.at(-1)!.length + 1,
    // A text in another encoding has few such bytes and no control characters before the first of them.
    // deno-lint-ignore no-control-regex
    isBinary: wrong < 4 || /[\x00-\x08\x0e-\x1f]/.test(lines.join("")) || (nul >= 0 && bytes.indexOf(0, nul + 1) >= 0),
    what: nul === wrong ? "the text holds a NUL byte" : `the byte ${byte} is not UTF-8 text`,
    hint: nul === wrong ? "remove it" : "save the file as UTF-8",
  };
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

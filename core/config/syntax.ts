/** Describes errors in the syntax of a YAML text without the parser's own terms. */
import { Lexer, type YAMLError } from "yaml";
import { type ConfigError, type Problem, problem } from "./error.ts";

/** A fault with the place in the text that a reader should look at. */
interface Explained {
  readonly what: string;
  readonly hint?: string;
  /** Offset in the text; by default where the parser stopped. */
  readonly offset?: number;
}

const ALIGNED = "keys or items of one level must start in the same column";

/**
 * The problem of one fault, told by the parser's code for it.
 * @param whereAt what an offset in the text is called
 */
export function explainFault(fault: YAMLError, text: string, whereAt: (offset: number) => string): Problem {
  if (fault.code === "TAG_RESOLVE_FAILED") {
    const tag = text.slice(...fault.pos);
    return {
      where: whereAt(fault.pos[0]),
      what: `the YAML tag ${tag} is not read`,
      hint: "write the plain value; put a text that begins with ! in quotes",
    };
  }
  const { what, hint, offset = fault.pos[0] } = explained(fault, text);
  return { where: whereAt(offset), what: `not valid YAML: ${what}`, ...(hint === undefined ? {} : { hint }) };
}

function explained(fault: YAMLError, text: string): Explained {
  const [at, end] = fault.pos;
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1).split("\n", 1)[0]!;
  switch (fault.code) {
    case "RESOURCE_EXHAUSTION":
      return { what: "the text is nested too deeply to be a config" };
    case "TAB_AS_INDENT":
      return { what: "a tab is used for indentation", hint: "indent with spaces" };
    case "BAD_INDENT":
      return openBracket(text) ??
        (openBracket(text.slice(0, at))
          ? { what: "the lines of a list or map in brackets must be indented further than its key" }
          : { what: ALIGNED });
    case "MISSING_CHAR":
    case "MULTILINE_IMPLICIT_KEY":
      if (openBracket(text) === undefined && openBracket(text.slice(0, at))) {
        const end = text.indexOf("\n", at);
        if (fault.code === "MISSING_CHAR" || end < 0) {
          return { what: "a comma is missing before this, or a colon after it" };
        }
        return { what: "a comma is missing at the end of this line", offset: end };
      }
      return openBracket(text) ?? {
        what: "this must be a key followed by a colon and a value",
        hint: spaceAfterColon(line) ?? "check colons and indentation",
      };
    case "BLOCK_AS_IMPLICIT_KEY":
      if (/^\s*-\s/.test(line)) return { what: ALIGNED };
      return { what: "a second key in one line", hint: "check the indentation, or quote a text with a colon" };
    case "BLOCK_IN_FLOW":
      return { what: "a comma is missing within { }", hint: "write {a: 1, b: 2}" };
    case "MULTIPLE_DOCS":
      return { what: "a config is one YAML document, got a second one", hint: "remove the line ---" };
    case "BAD_SCALAR_START":
      return { what: `a text without quotes cannot start with ${text[at]}`, hint: "put it in quotes" };
    case "BAD_DQ_ESCAPE":
      return {
        what: `${text.slice(at, at + 2)} means nothing within double quotes`,
        hint: "write \\\\ for a backslash, or use single quotes",
      };
    case "UNEXPECTED_TOKEN": {
      const got = text.slice(at, Math.max(end, at + 1)).split("\n", 1)[0];
      return { what: `got ${got} where none can stand`, hint: "check indentation, brackets, quotes and commas" };
    }
    default: {
      const message = fault.message.replace(/\s+/g, " ");
      return { what: `${message.charAt(0).toLowerCase()}${message.slice(1)}` };
    }
  }
}

/** What to do about `epochs:3`, which YAML takes for a text; undefined for any other. */
export function spaceAfterColon(text: string): string | undefined {
  const pair = /^\s*([A-Za-z_][\w.-]*):([^\s/\\].*)$/.exec(text);
  return pair ? `put a space after the colon: ${pair[1]}: ${pair[2]!.trim()}` : undefined;
}

/** The bracket or quote that is opened and never closed, where there is one. */
function openBracket(text: string): Explained | undefined {
  const open: { readonly bracket: string; readonly offset: number }[] = [];
  let offset = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === "\x02" || token === "\x18" || token === "\x1f") continue; // marks of the lexer, not in the text
    if (token === "[" || token === "{") open.push({ bracket: token, offset });
    else if (token === "]" || token === "}") open.pop();
    else if (/^(?:"(?:[^"\\]|\\.)*|'(?:[^']|'')*)$/s.test(token)) {
      return { what: "a quoted text is not closed", offset };
    }
    offset += token.length;
  }
  const last = open.at(-1);
  if (!last) return undefined;
  const [kind, close] = last.bracket === "[" ? ["list", "]"] : ["map", "}"];
  return { what: `a ${kind} opened with ${last.bracket} is not closed with ${close}`, offset: last.offset };
}

/** YAML 1.2 has no merge key, and a config has a form of its own for what it does. */
export function mergeKeyProblem(where: string): Problem {
  return problem(
    where,
    "the YAML merge key << is not read",
    "start from another file with extends: base.yaml, or write the keys here",
  ).problems[0]!;
}

/** A comment as JavaScript has it, which YAML reads as the beginning of the next key. */
export function commentProblem(where: string, name: string): ConfigError {
  return problem(where, `${name.slice(0, 2)} begins no comment here, got ${name}`, "a comment begins with #");
}

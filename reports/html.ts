/** HTML by tagged templates. Values are escaped unless they are HTML already, so names from data stay text. */
import { visible } from "../core/visible.ts";

/** A piece of finished HTML. Only `markup`, `raw` and `join` make one. */
export class Html {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

export type Content = Html | string | number | null | undefined | false | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Escapes text for an element or a quoted attribute. Control characters, which HTML forbids, and marks that change the
 * direction of writing are shown as their codes.
 */
export function escape(text: string): string {
  return visible(text).replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}

function render(content: Content): string {
  if (content === null || content === undefined || content === false) return "";
  if (content instanceof Html) return content.text;
  if (Array.isArray(content)) return content.map(render).join("");
  return escape(String(content));
}

/** The name is not `html`, since `deno fmt` would change the layout of such a template and double its backslashes. */
export function markup(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  let text = strings[0]!;
  for (const [i, content] of contents.entries()) text += render(content) + strings[i + 1]!;
  return new Html(text);
}

/** Text that is HTML already, such as SVG and CSS made by this program. It must never be data. */
export function raw(text: string): Html {
  return new Html(text);
}

/** Places where a path or name may be broken: after a mark between two words, but not inside a number (0.5, 1e-8). */
const JOINT =
  /(?<=[\p{L}\p{N}][/\\_:;=@])(?=[\p{L}\p{N}/])|(?<=[\p{L}\p{N}]-)(?<!\de-)(?=[\p{L}\p{N}])|(?<=[\p{L}\p{N}][.,])(?<!\d[.,](?=\d))(?=[\p{L}\p{N}])/u;

/** Text that may be broken at its joints, so that no word is broken. A checksum is broken after each 8 digits. */
export function breakable(text: string): Html {
  const parts = text.split(JOINT).flatMap((part) => /^[0-9a-f]{32,}$/.test(part) ? part.match(/.{1,8}/g)! : [part]);
  return join(parts, raw("<wbr>"));
}

/**
 * A command line, which may be broken between words and at these places within them, but not in the names of options.
 */
export function commandLine(text: string): Html {
  const words = text.split(" ").map((word) =>
    /^--?[\w-]+$/.test(word) ? markup`<span class="nowrap">${word}</span>` : breakable(word)
  );
  return join(words, " ");
}

export function join(contents: readonly Content[], separator: Content): Html {
  return new Html(contents.map(render).join(render(separator)));
}

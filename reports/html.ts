/** HTML by tagged template: what is put in is escaped unless it is HTML already, so names from data stay text. */
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
 * Text safe inside an element and inside a quoted attribute. Control characters, which HTML forbids, and marks that turn the
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

/** Not called `html`: deno fmt would lay out the text of such a tag anew, and doubles its backslashes. */
export function markup(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  let text = strings[0]!;
  for (const [i, content] of contents.entries()) text += render(content) + strings[i + 1]!;
  return new Html(text);
}

/** Text that is HTML already: our own SVG and CSS, never data. */
export function raw(text: string): Html {
  return new Html(text);
}

export function join(contents: readonly Content[], separator: Content): Html {
  return new Html(contents.map(render).join(render(separator)));
}

/** Captions with running numbers, as in a paper. */
import { type Content, type Html, markup, raw } from "./html.ts";

export class Numbering {
  #figures = 0;
  #tables = 0;

  /** A chart (an SVG string of ours) over its caption; `extra` is HTML between them, such as a legend. */
  figure(svg: string, caption: Content, extra: Content = null): Html {
    this.#figures++;
    return markup`<figure>${
      raw(svg)
    }${extra}<figcaption><b>Figure ${this.#figures}.</b> ${caption}</figcaption></figure>\n`;
  }

  /** A figure made of several captioned parts. */
  panels(parts: Content, caption: Content): Html {
    this.#figures++;
    return markup`<figure class="panels"><div class="multiples">${parts}</div><figcaption><b>Figure ${this.#figures}.</b> ${caption}</figcaption></figure>\n`;
  }

  table(table: Table, caption: Content): Html {
    this.#tables++;
    return markup`<div class="table"><div class="scroll" tabindex="0" role="group" aria-label="Table ${this.#tables}"><table><caption><b>Table ${this.#tables}.</b> ${caption}</caption>
${
      table.head
        ? markup`<thead><tr>${table.head.map((h, i) => cell("th", h, numeric(table, i), 'scope="col"'))}</tr></thead>\n`
        : null
    }<tbody>
${
      table.rows.map((row) =>
        markup`<tr>${
          row.map((c, i) =>
            i === 0 ? cell("th", c, numeric(table, 0), 'scope="row"') : cell("td", c, numeric(table, i))
          )
        }</tr>\n`
      )
    }</tbody>${
      table.foot
        ? markup`<tfoot><tr>${table.foot.map((c, i) => cell(i === 0 ? "th" : "td", c, numeric(table, i)))}</tr></tfoot>`
        : null
    }</table></div></div>\n`;
  }
}

export interface Table {
  /** Absent for a table of names and values. */
  readonly head?: readonly Content[];
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly Content[])[];
  readonly foot?: readonly Content[];
  /** Columns of figures, set flush right. */
  readonly numeric?: readonly number[];
}

function numeric(table: Table, column: number): boolean {
  return table.numeric?.includes(column) ?? false;
}

function cell(tag: "th" | "td", content: Content, isNumber: boolean, attribute = ""): Html {
  return markup`${raw(`<${tag}${isNumber ? ' class="n"' : ""}${attribute ? ` ${attribute}` : ""}>`)}${content}${
    raw(`</${tag}>`)
  }`;
}

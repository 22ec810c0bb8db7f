/** Captions of figures and tables with running numbers. Each figure can be saved as a file. */
import { breakable, type Content, type Html, markup, raw } from "./html.ts";
import { type Legend, legendHtml } from "./legend.ts";
import { dataUrl, type Part, standalone } from "./standalone.ts";

export interface FigureOptions {
  readonly legend?: Legend;
  /** Whether the legend is a list of values in columns. */
  readonly spread?: boolean;
  /** Content below the caption, such as the numbers behind the figure. */
  readonly below?: Content;
  /** Whether the figure may be scrolled sideways on a narrow page instead of being shrunk to its width. */
  readonly wide?: boolean;
}

const PANELS_IN_ROW = 4;

export class Numbering {
  #figures = 0;
  #tables = 0;
  readonly #name: string;

  /** @param name of the run: files saved from the page begin with it */
  constructor(name: string) {
    this.#name = name.replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 80);
  }

  /** A chart (an SVG string made here) with its legend and caption below. */
  figure(svg: string, caption: Content, options: FigureOptions = {}): Html {
    const number = ++this.#figures;
    const legend = options.legend ?? [];
    const drawn = options.wide
      ? markup`<div class="scroll wide" style="--least:${
        leastWidth(svg)
      }px" tabindex="0" role="group" aria-label="Figure ${number}">${raw(svg)}</div>`
      : raw(svg);
    return markup`<figure>${drawn}${legendHtml(legend, options.spread)}${
      this.#caption(number, caption, standalone([{ svg }], legend, titleOf(svg)))
    }${options.below}</figure>\n`;
  }

  /**
   * A figure made of several charts, each with a heading and a note beside it.
   * @param options.title of its file; options.wide: three in a row at most; options.legend: of all charts
   */
  panels(
    parts: readonly (Part & { readonly title: string; readonly note: string })[],
    caption: Content,
    below: Content,
    { title = "Reconstruction against truth", wide = false, legend = [] }: {
      title?: string;
      wide?: boolean;
      legend?: Legend;
    } = {},
  ): Html {
    const number = ++this.#figures;
    const shown = parts.map((part) =>
      markup`<div><h3><span>${breakable(part.title)}</span><small>${part.note}</small></h3>${raw(part.svg)}</div>\n`
    );
    const files = parts.map((part) => ({
      svg: part.svg,
      title: part.note === "" ? shortened(part.title) : `${shortened(part.title)} (${part.note})`,
    }));
    return markup`<figure class="panels"><div class="multiples${wide ? " wide" : ""}">${shown}</div>${
      legendHtml(legend)
    }${this.#caption(number, caption, standalone(files, legend, title, wide ? 3 : PANELS_IN_ROW))}${below}</figure>\n`;
  }

  #caption(number: number, caption: Content, svg: string): Html {
    return markup`<figcaption><b>Figure ${number}.</b> ${caption} <a class="save" download="${this.#name}-figure-${number}.svg" href="${
      raw(dataUrl(svg))
    }" aria-label="Save as SVG: figure ${number}">Save as SVG</a></figcaption>`;
  }

  /** The tables behind a figure, which the reader can open. */
  numbers(tables: readonly (readonly [Table, Content])[], summary = "The numbers"): Html {
    return markup`<details class="numbers"><summary>${summary}</summary>${
      tables.map(([table, caption]) => render(table, caption))
    }</details>`;
  }

  table(table: Table, caption: Content): Html {
    this.#tables++;
    return render(table, markup`<b>Table ${this.#tables}.</b> ${caption}`);
  }
}

/** A table that may be scrolled sideways, with its caption above. */
function render(table: Table, caption: Content): Html {
  return markup`<div class="table"><div class="scroll" tabindex="0" role="group" aria-label="Table"><table${
    raw(table.pairs ? ' class="pairs"' : table.stacked ? ' class="stacked"' : "")
  }><caption>${caption}</caption>
${
    table.head
      ? markup`<thead><tr>${
        table.head.map((h, i) => h === "" ? raw("<td></td>") : cell("th", h, numeric(table, i), 'scope="col"'))
      }</tr></thead>\n`
      : null
  }<tbody>
${
    table.rows.map((row) =>
      markup`<tr>${
        row.map((c, i) => i === 0 ? cell("th", c, numeric(table, 0), 'scope="row"') : named(table, i, c))
      }</tr>\n`
    )
  }</tbody>${
    table.foot
      ? markup`<tfoot><tr>${table.foot.map((c, i) => cell(i === 0 ? "th" : "td", c, numeric(table, i)))}</tr></tfoot>`
      : null
  }</table></div></div>\n`;
}

/** The width in px below which the text of a wide chart would be hard to read. */
function leastWidth(svg: string): number {
  return Math.round(0.75 * Number(/viewBox="0 0 ([\d.]+)/.exec(svg)?.[1] ?? 0));
}

function titleOf(svg: string): string {
  return /aria-label="([^"]*)"/.exec(svg)?.[1] ?? "Figure";
}

function shortened(text: string): string {
  return text.length > 18 ? `${text.slice(0, 17)}…` : text;
}

export interface Table {
  /** Absent for a table of names and values. */
  readonly head?: readonly Content[];
  /** Whether the table has names and values only; they are one below the other if the page is narrow. */
  readonly pairs?: boolean;
  /** Whether each row becomes a list of its cells with the names of their columns if the page is narrow. */
  readonly stacked?: boolean;
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly Content[])[];
  readonly foot?: readonly Content[];
  /** The indices of columns with numbers, which are set flush right. */
  readonly numeric?: readonly number[];
}

function numeric(table: Table, column: number): boolean {
  return table.numeric?.includes(column) ?? false;
}

/** A cell after a row's first, with its column's name where rows may be stacked. */
function named(table: Table, column: number, content: Content): Html {
  const name = markup`${table.head?.[column]}`.text.replace(/<[^>]*>/g, "").replaceAll('"', "&quot;");
  return cell("td", content, numeric(table, column), table.stacked ? `data-name="${name}"` : "");
}

function cell(tag: "th" | "td", content: Content, isNumber: boolean, attribute = ""): Html {
  return markup`${raw(`<${tag}${isNumber ? ' class="n"' : ""}${attribute ? ` ${attribute}` : ""}>`)}${content}${
    raw(`</${tag}>`)
  }`;
}

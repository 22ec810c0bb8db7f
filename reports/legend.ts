/** The legend of a figure, as HTML for the page and as SVG for the file of the figure. */
import { type Html, markup, raw } from "./html.ts";
import { escape } from "./html.ts";
import { textWidth } from "./charts/plot.ts";
import { markerInner, type Shape } from "./charts/marks.ts";

export interface LegendItem {
  readonly name: string;
  readonly fill: string;
  /** If absent, the mark is a filled square. */
  readonly shape?: Shape | "line";
  readonly dash?: string | null;
  /** Of the mark, in px. */
  readonly radius?: number;
  /** A value beside the name. */
  readonly value?: string;
}
export type Legend = readonly LegendItem[];

const SIDE = 14;

/** The mark alone, in a box of SIDE by SIDE. */
function mark(item: LegendItem): string {
  if (item.shape === undefined) {
    return `<rect x="1" y="1" width="${SIDE - 2}" height="${SIDE - 2}" rx="2" fill="${item.fill}"/>`;
  }
  if (item.shape !== "line") return markerInner(item.shape, item.fill, SIDE / 2, SIDE / 2, item.radius ?? 4);
  const dash = item.dash ? ` stroke-dasharray="${item.dash}"` : "";
  return `<path d="M0,${SIDE / 2}h${SIDE}" stroke="${item.fill}" stroke-width="3"${dash}/>`;
}

function icon(item: LegendItem): Html {
  return raw(`<svg class="key" viewBox="0 0 ${SIDE} ${SIDE}" aria-hidden="true">${mark(item)}</svg>`);
}

/** @param spread sets the items in columns with the values flush right, for long lists of values */
export function legendHtml(legend: Legend, spread = false): Html | null {
  if (legend.length === 0) return null;
  const value = (item: LegendItem) => item.value ? markup` <span class="v">${item.value}</span>` : null;
  return markup`<ul class="legend${spread ? " times" : ""}">${
    legend.map((item) => markup`<li>${icon(item)}<span>${item.name}</span>${value(item)}</li>`)
  }</ul>`;
}

function text(item: LegendItem): string {
  return item.value ? `${item.name} ${item.value}` : item.name;
}

/** The width of an item in an SVG, in px. */
export function itemWidth(item: LegendItem): number {
  return SIDE + 6 + textWidth(text(item));
}

/** An item as SVG, its baseline at 0. */
export function legendInner(item: LegendItem): string {
  return `<g transform="translate(0,-11)">${mark(item)}</g><text x="${SIDE + 6}">${escape(text(item))}</text>`;
}

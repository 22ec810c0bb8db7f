/** Makes an SVG file of a figure, with plain colours and the legend below, which any program can show. */
import { escape } from "./html.ts";
import { itemWidth, type Legend, legendInner } from "./legend.ts";
import { darkCounterparts, LIGHT } from "./theme.ts";

/** One part of a figure: a chart of charts/plot.ts, with a heading where the figure has several. */
export interface Part {
  readonly svg: string;
  readonly title?: string;
}

const GAP = 18;
const HEADING = 22;
const LINE = 20;
const PADDING = 12;
/** The smallest width of the file in px. */
const LEAST_WIDTH = 420;

function sizeOf(svg: string): readonly [number, number] {
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? [];
  return [Number(width), Number(height)];
}

/** The positions of legend items in rows of at most `width`. */
function legendRows(legend: Legend, width: number): { inner: string; height: number } {
  let [x, y] = [0, LINE];
  const parts: string[] = [];
  for (const item of legend) {
    const needed = itemWidth(item);
    if (x > 0 && x + needed > width) [x, y] = [0, y + LINE];
    parts.push(`<g transform="translate(${Math.round(x)},${y})">${legendInner(item)}</g>`);
    x += needed + 14;
  }
  return { inner: parts.join(""), height: legend.length > 0 ? y + 8 : 0 };
}

/** Replaces the page's custom properties by plain colours, with a style sheet of the colours for a dark screen. */
function plainColors(svg: string): { svg: string; style: string } {
  const plain = svg.replace(/var\(--\w+,(#[0-9a-f]{6})\)/g, "$1").replaceAll('"currentColor"', `"${LIGHT.ink}"`);
  const used = [...darkCounterparts()].filter(([light]) => plain.includes(`"${light}"`));
  const rules = ["fill", "stroke"].flatMap((name) =>
    used.filter(([light]) => plain.includes(`${name}="${light}"`))
      .map(([light, dark]) => `[${name}="${light}"]{${name}:${dark}}`)
  );
  return { svg: plain, style: `<style>@media screen and (prefers-color-scheme:dark){${rules.join("")}}</style>` };
}

/**
 * Charts side by side, `columns` of them in a row, with the legend below them on a background.
 * Colours are attributes, so that programs without CSS show those for a light page. A browser in dark mode shows the others.
 */
export function standalone(parts: readonly Part[], legend: Legend, title: string, columns = 1): string {
  const headed = parts.some((part) => part.title !== undefined);
  let [y, rowHeight, width] = [PADDING, 0, LEAST_WIDTH];
  let x = PADDING;
  const placed: string[] = [];
  for (const [i, part] of parts.entries()) {
    if (i % columns === 0 && i > 0) [x, y, rowHeight] = [PADDING, y + rowHeight + GAP, 0];
    const [w, h] = sizeOf(part.svg);
    const top = headed ? HEADING : 0;
    if (part.title !== undefined) {
      placed.push(`<text x="${x}" y="${y + 12}" text-anchor="start" font-weight="600">${escape(part.title)}</text>`);
    }
    placed.push(
      part.svg.replace(/^<svg /, `<svg x="${x}" y="${y + top}" `).replace(' class="chart"', ""),
    );
    x += w + GAP;
    width = Math.max(width, x - GAP - PADDING);
    rowHeight = Math.max(rowHeight, h + top);
  }
  y += rowHeight;
  const rows = legendRows(legend, width);
  const [fullWidth, fullHeight] = [width + 2 * PADDING, y + rows.height + PADDING];
  const inner = `<rect width="100%" height="100%" fill="${LIGHT.page}"/>${placed.join("")}` +
    `<g transform="translate(${PADDING},${y})" text-anchor="start">${rows.inner}</g>`;
  const { svg, style } = plainColors(inner);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${fullWidth} ${fullHeight}" width="${fullWidth}" ` +
    `height="${fullHeight}" font-family="system-ui, sans-serif" font-size="12" fill="${LIGHT.ink}">` +
    `<title>${escape(title)}</title>${style}${svg}</svg>`;
}

/** A file as a data URL, for a link that saves it. It can be used in a quoted attribute. */
export function dataUrl(svg: string): string {
  const safe = svg.replace(/[%#<>"&'\n]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `data:image/svg+xml;charset=utf-8,${safe}`;
}

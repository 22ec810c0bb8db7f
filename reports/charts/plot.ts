/** Observable Plot on the server: options in, a self-contained SVG string out, the same text every time. */
/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Axis } from "./axis.ts";
import { color } from "../theme.ts";
import { escape } from "../html.ts";

export const FONT_SIZE = 12;
/** Mean width of a character at FONT_SIZE in px, which is enough for digits in the usual sans-serif fonts. */
const CHARACTER = 6.9;

/** Estimated width of a text in px, since no browser is there to measure it. */
export function textWidth(text: string, fontSize: number = FONT_SIZE): number {
  return [...text].length * CHARACTER * (fontSize / FONT_SIZE);
}

/** An axis with its name. An empty label draws none. "log scale" is added to the label of a logarithmic axis. */
export type LabelledAxis = Axis & {
  readonly label: string;
  /** Drawn below the label. */
  readonly unit?: string;
};

/** The lines that name an axis: the quantity, then its unit. */
export function labelLines(axis: LabelledAxis): readonly string[] {
  if (axis.label === "") return [];
  const log = axis.type === "log" ? "log scale" : "";
  if (axis.unit) return [axis.label, log ? `${axis.unit}; ${log}` : axis.unit];
  return [log ? `${axis.label} (${log})` : axis.label];
}

export interface ChartOptions {
  /** What a screen reader announces. */
  readonly title: string;
  /** One or two sentences that say what the chart shows. */
  readonly description: string;
  readonly x: LabelledAxis;
  readonly y: LabelledAxis;
  readonly marks: readonly Plot.Markish[];
  readonly width?: number;
  readonly height?: number;
  readonly marginRight?: number;
  /** Horizontal grid lines only (default), both, or none. */
  readonly grid?: "y" | "both" | "none";
}

/** Inner frame of a chart in px of its view box, for marks that place text themselves. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Narrow enough that the text can be read on a telephone. */
export const WIDTH = 440;
export const HEIGHT = 280;
const LABEL_LINE = 15;
const UNIT = { fill: color("muted"), fontSize: FONT_SIZE - 1 };

/** The largest distance by which the last tick's label reaches beyond the right side of the frame, in px. */
function overhang(x: Axis): number {
  const last = x.ticks.at(-1);
  if (last === undefined) return 0;
  const beside = (1 - place(x, last, 0, 1)) * WIDTH / 2;
  return Math.ceil(Math.max(0, textWidth(x.format(last)) / 2 - beside) + 1);
}

export function frameOf(
  options: Pick<ChartOptions, "y" | "width" | "height" | "marginRight"> & { readonly x?: LabelledAxis },
): Frame {
  const widest = Math.max(0, ...options.y.ticks.map((t) => textWidth(options.y.format(t))));
  const above = labelLines(options.y).length;
  const below = options.x ? labelLines(options.x).length : above;
  return {
    left: Math.ceil(Math.max(24, widest + 12)),
    right: (options.width ?? WIDTH) - Math.max(options.marginRight ?? 14, options.x ? overhang(options.x) : 0),
    top: above > 0 ? 16 + LABEL_LINE * above : 8,
    bottom: (options.height ?? HEIGHT) - (below > 0 ? 27 + LABEL_LINE * below : 24),
  };
}

/** Position of a value on an axis that runs from `from` to `to` px. */
export function place(axis: Axis, value: number, from: number, to: number): number {
  const [low, high] = axis.domain;
  const share = axis.type === "log" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return from + share * (to - from);
}

/** Between the labels of two ticks, in px. */
const LABEL_GAP = 5;

/** The ticks of a horizontal axis whose labels have room beside each other: all, or every second, third and so on from 0. */
export function spacedTicks(axis: Axis, { left, right }: Pick<Frame, "left" | "right">): readonly number[] {
  const { ticks, format } = axis, zero = Math.max(0, ticks.indexOf(0));
  for (let every = 1; every < ticks.length; every++) {
    const some = ticks.filter((_, i) => (i - zero) % every === 0);
    const isClose = some.slice(1).some((tick, i) => {
      const apart = place(axis, tick, left, right) - place(axis, some[i]!, left, right);
      return apart < (textWidth(format(tick)) + textWidth(format(some[i]!))) / 2 + LABEL_GAP;
    });
    if (!isClose) return some;
  }
  return ticks.slice(zero, zero + 1);
}

/**
 * A chart with two axes: labels and units at the top left and the bottom, grid lines behind, tick labels from the axes.
 */
export function chart(options: ChartOptions): string {
  const { x, y } = options;
  const width = options.width ?? WIDTH;
  const height = options.height ?? HEIGHT;
  const frame = frameOf(options);
  const grid = options.grid ?? "y";
  const across = spacedTicks(x, frame);
  const gridStyle = { stroke: color("grid"), strokeOpacity: 1 };
  const marks: Plot.Markish[] = [];
  if (grid !== "none") marks.push(Plot.gridY(y.ticks, gridStyle));
  if (grid === "both") marks.push(Plot.gridX(across, gridStyle));
  marks.push(
    Plot.axisY(y.ticks, { text: y.format, tickSize: 0, tickPadding: 6, label: null, fill: color("muted") }),
    Plot.axisX(across, {
      text: x.format,
      tickSize: 4,
      label: null,
      fill: color("muted"),
      stroke: color("rule"),
    }),
    ...options.marks,
  );
  for (const [i, line] of labelLines(y).entries()) {
    const at = { dx: -frame.left, dy: -frame.top + 8 + LABEL_LINE * i, textAnchor: "start" } as const;
    marks.push(Plot.text([line], { frameAnchor: "top-left", ...at, ...(i > 0 ? UNIT : {}) }));
  }
  for (const [i, line] of labelLines(x).entries()) {
    marks.push(Plot.text([line], { frameAnchor: "bottom", dy: 38 + LABEL_LINE * i, ...(i > 0 ? UNIT : {}) }));
  }
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = Plot.plot({
    document: document as unknown as Document,
    width,
    height,
    marginLeft: frame.left,
    marginRight: width - frame.right,
    marginTop: frame.top,
    marginBottom: height - frame.bottom,
    x: { type: x.type, domain: [...x.domain], label: null },
    y: { type: y.type, domain: [...y.domain], label: null },
    marks,
  });
  return finish(svg as unknown as Element, options.title, options.description, width, height);
}

/** Root element of every chart. It scales with its column, has a text for screen readers, and is a complete SVG file. */
export function svgRoot(title: string, description: string, width: number, height: number, inner: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${width} ${height}" width="${width}" ` +
    `height="${height}" role="img" aria-label="${escape(title)}" font-family="system-ui, sans-serif" ` +
    `font-size="${FONT_SIZE}" text-anchor="middle" fill="currentColor"><desc>${
      escape(description)
    }</desc>${inner}</svg>`;
}

/**
 * Replaces the root and the style sheet of Observable Plot, whose class would be the same in every chart of a page, and
 * shortens its numbers.
 */
function finish(svg: Element, title: string, description: string, width: number, height: number): string {
  svg.querySelector("style")?.remove();
  for (const element of svg.querySelectorAll("[aria-label]")) element.removeAttribute("aria-label");
  for (const element of svg.querySelectorAll("*")) {
    for (const attribute of [...element.attributes]) {
      if (!/\d\.\d{3}/.test(attribute.value)) continue;
      element.setAttribute(attribute.name, attribute.value.replace(/-?\d+\.\d+(?:e-\d+)?/g, short));
    }
  }
  return svgRoot(title, description, width, height, svg.innerHTML.replaceAll(' aria-hidden="true"', ""));
}

/** Rounds to a tenth of a pixel, which is finer than a screen or a printer shows at this size. */
export function short(value: number | string): string {
  return String(Math.round(Number(value) * 10) / 10);
}

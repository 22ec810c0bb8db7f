/** Marks that Observable Plot does not have: many points in few bytes, and labels at the ends of lines. */
import * as Plot from "@observablehq/plot";
import type { Axis } from "./axis.ts";
import { type Frame, place, short } from "./plot.ts";
import { type Point, spread } from "../series.ts";
import { color } from "../theme.ts";

export const SHAPES = ["circle", "triangle", "square"] as const;
export type Shape = typeof SHAPES[number];

/** Path of one marker; all shapes have about the same area. A circle is a line of length zero with a round cap. */
export function marker(shape: Shape, x: number, y: number, radius: number): string {
  if (shape === "circle") return `M${short(x)},${short(y)}h0`;
  if (shape === "square") {
    const half = radius * 0.6;
    return `M${short(x - half)},${short(y - half)}h${short(2 * half)}v${short(2 * half)}h${short(-2 * half)}z`;
  }
  return `M${short(x)},${short(y - radius)}l${short(radius * 0.85)},${short(radius * 1.5)}h${short(-radius * 1.7)}z`;
}

/** Attributes that draw a marker path, as a record for either an SVG string or an element. */
export function markerStyle(shape: Shape, fill: string, radius: number): Record<string, string> {
  return {
    fill: shape === "circle" ? "none" : fill,
    stroke: fill,
    "stroke-width": short(shape === "circle" ? 2 * radius : radius * 0.7),
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  };
}

/** One marker, for legends. */
export function markerInner(shape: Shape, fill: string, x: number, y: number, radius: number): string {
  const style = Object.entries(markerStyle(shape, fill, radius)).map(([k, v]) => `${k}="${v}"`).join(" ");
  return `<path d="${marker(shape, x, y, radius)}" ${style}/>`;
}

export interface CloudStyle {
  readonly fill: string;
  readonly radius: number;
  readonly shape?: Shape;
}

/**
 * All points as one opaque path, at about ten bytes for each point. Points at the same place are drawn once.
 */
export function cloud(points: readonly Point[], style: CloudStyle): Plot.RenderFunction {
  return (_index, scales, _values, _dimensions, context) => {
    const shape = style.shape ?? "circle";
    const parts = new Set<string>();
    for (const point of points) {
      parts.add(marker(shape, Number(scales.x!(point.x)), Number(scales.y!(point.y)), style.radius));
    }
    const path = context.document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", [...parts].join(""));
    for (const [name, value] of Object.entries(markerStyle(shape, style.fill, style.radius))) {
      path.setAttribute(name, value);
    }
    return path;
  };
}

export interface EndLabel {
  readonly text: string;
  /** The last value of the line, in the unit of the axis. */
  readonly value: number;
  readonly fill: string;
}

/** Labels right of the frame, each level with the end of its line, and moved apart where they would touch. */
export function endLabels(labels: readonly EndLabel[], y: Axis, frame: Frame): Plot.Markish[] {
  const heights = labels.map((label) => place(y, label.value, frame.bottom, frame.top));
  const placed = spread(heights, 14, frame.top, frame.bottom);
  return labels.map((label, i) =>
    Plot.text([label.text], {
      frameAnchor: "top-right",
      dx: 6,
      dy: placed[i]! - frame.top,
      lineAnchor: "middle",
      textAnchor: "start",
      fill: label.fill,
      fontWeight: 600,
    })
  );
}

/** A text with an outline in the colour of the page, so that it can be read over lines. */
export function note(text: string, at: Point, options: Plot.TextOptions): Plot.Markish {
  return Plot.text([at], {
    x: "x",
    y: "y",
    text: () => text,
    stroke: color("page"),
    strokeWidth: 4,
    fill: "currentColor",
    ...options,
  });
}

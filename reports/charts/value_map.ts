import type * as Plot from "@observablehq/plot";
import { cellsOf, isCrowded } from "../../core/diagnostics/crowding.ts";
import { count, number } from "../format.ts";
import { finite, type Point, quantile, sum } from "../series.ts";
import { color, SCALE_COLORS, scaleColor } from "../theme.ts";
import { bareAxes, hexagons, pixelsOf, SMALL } from "./density.ts";
import { cloud } from "./marks.ts";
import { chart, frameOf, short, textWidth } from "./plot.ts";

const SIZE = { width: 220, height: 206 }, RADIUS = 1.3;
const FONT = 11, BAR = { cell: 14, height: 9 };
/** Share of the values at each end that have the end's colour, whatever they are. */
const TAIL = 0.01;

/** The smallest and the largest value of the scale. */
function rangeOf(values: readonly number[]): readonly [number, number] {
  const [low, high] = [quantile(values, TAIL), quantile(values, 1 - TAIL)];
  return high > low ? [low, high] : [Math.min(...values), Math.max(...values)];
}

/** The colours from small to large below the map, between the values at both ends. */
function scaleBar(low: number, high: number, left: number, top: number): Plot.RenderFunction {
  return (_index, _scales, _values, _dimensions, context) => {
    const group = context.document.createElementNS("http://www.w3.org/2000/svg", "g");
    const add = (tag: string, attributes: Record<string, string | number>, content = "") => {
      const element = context.document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
      element.textContent = content;
      group.appendChild(element);
    };
    const text = { y: short(top + BAR.height), "font-size": FONT, fill: color("muted") };
    const [first, last] = [low, high].map((end) => Number.isInteger(end) ? count(end) : number(end, 3)) as [
      string,
      string,
    ];
    const start = left + textWidth(first, FONT) + 5;
    add("text", { ...text, x: short(left), "text-anchor": "start" }, first);
    for (let i = 0; i < SCALE_COLORS; i++) {
      const { cell: width, height } = BAR;
      add("rect", { x: short(start + i * width), y: short(top), width, height, fill: scaleColor(i) });
    }
    add("text", { ...text, x: short(start + SCALE_COLORS * BAR.cell + 5), "text-anchor": "start" }, last);
    return group;
  };
}

/**
 * A small map of rows in the colours of their values, the largest above the others; by hexagons in the colour of the mean value where
 * the rows crowd.
 */
export function valueMap(
  rows: readonly (Point & { readonly value: number })[],
  title: string,
  description: string,
): { svg: string; crowded: boolean } {
  const shown = finite(rows).map((point) => point as typeof rows[number]).filter(({ value }) => Number.isFinite(value));
  const axes = bareAxes(shown), frame = frameOf({ ...axes, ...SIZE });
  const places = shown.map(pixelsOf(axes.x, axes.y, frame)), crowded = isCrowded(places, 2 * RADIUS);
  const [low, high] = rangeOf(shown.map(({ value }) => value));
  const levelFor = (value: number) => {
    const share = high > low ? (value - low) / (high - low) : 0;
    return Math.min(SCALE_COLORS - 1, Math.max(0, Math.floor(share * SCALE_COLORS)));
  };
  const levels = Array.from({ length: SCALE_COLORS }, (_, i) => i);
  const mean = (members: readonly number[]) => sum(members.map((i) => shown[i]!.value)) / members.length;
  return {
    crowded,
    svg: chart({
      title,
      description,
      ...axes,
      marks: [
        ...crowded
          ? [hexagons(cellsOf(places, SMALL), SMALL, ({ members }) => levelFor(mean(members)))]
          : levels.map((level) =>
            cloud(shown.filter(({ value }) => levelFor(value) === level), { fill: scaleColor(level), radius: RADIUS })
          ),
        scaleBar(low, high, frame.left, frame.bottom + 9),
      ],
      grid: "none",
      ...SIZE,
    }),
  };
}

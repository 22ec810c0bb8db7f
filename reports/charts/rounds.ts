import * as Plot from "@observablehq/plot";
import { color, seriesColor } from "../theme.ts";
import { type Axis, axis } from "./axis.ts";
import { cloud, endLabels } from "./marks.ts";
import { chart, frameOf, textWidth } from "./plot.ts";

export interface RoundDot {
  /** The place of its round, from 0. */
  readonly round: number;
  readonly point: number;
  readonly loss: number;
  readonly kept: boolean;
}

const HEIGHT = 340;
/** Points that are named at the end of their lines at most. */
const NAMED = 12;

/**
 * The points of successive rounds by their losses: a line through the rounds of a point, in colour where it was left at the end.
 * @param names of the rounds, below the axis
 */
export function roundsChart(dots: readonly RoundDot[], names: readonly string[]): string {
  const seen = dots.filter(({ loss }) => Number.isFinite(loss)), last = names.length - 1;
  const y = { ...axis(seen.map(({ loss }) => loss), { type: "auto" }), label: "mean validation loss of a point" };
  const x: Axis & { label: string } = {
    type: "linear",
    domain: [-0.3, last + 0.3],
    ticks: names.map((_, i) => i),
    format: (i) => names[i] ?? "",
    label: "",
  };
  const placed = seen.filter(({ loss }) => y.type === "linear" || loss > 0).map((dot) => ({
    ...dot,
    x: dot.round,
    y: dot.loss,
  }));
  const left = new Set(placed.filter(({ round, kept }) => round === last && kept).map(({ point }) => point));
  const byPoint = [...new Set(placed.filter(({ round }) => round > 0).map(({ point }) => point))]
    .sort((a, b) => Number(left.has(a)) - Number(left.has(b)));
  const lines = byPoint.map((point) => placed.filter((dot) => dot.point === point).sort((a, b) => a.round - b.round));
  const stroke = (point: number) => left.has(point) ? seriesColor(0) : color("muted");
  const ends = lines.filter((line) => line.at(-1)?.round === last && last > 0).slice(-NAMED);
  const labels = ends.map((line) => ({
    text: `point ${line.at(-1)!.point}`,
    value: line.at(-1)!.y,
    fill: stroke(line[0]!.point),
  }));
  const marginRight = 14 + Math.max(0, ...labels.map(({ text }) => textWidth(text)));
  const frame = frameOf({ x, y, marginRight, height: HEIGHT });
  const radius = placed.length > 300 ? 1.8 : 3;
  return chart({
    title: "Losses of the points in each round",
    description: names.map((name, i) => `${name}: ${placed.filter(({ round }) => round === i).length} points`).join(
      "; ",
    ),
    x,
    y,
    marks: [
      ...lines.map((line) =>
        Plot.line(line, {
          x: "x",
          y: "y",
          stroke: stroke(line[0]!.point),
          strokeWidth: left.has(line[0]!.point) ? 2.2 : 1.2,
        })
      ),
      cloud(placed.filter(({ kept }) => !kept), { fill: color("muted"), radius }),
      cloud(placed.filter(({ kept }) => kept), { fill: seriesColor(0), radius: radius + 0.6 }),
      ...endLabels(labels, y, frame),
    ],
    marginRight,
    height: HEIGHT,
  });
}

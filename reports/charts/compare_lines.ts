import * as Plot from "@observablehq/plot";
import { axis, yAxis } from "./axis.ts";
import { chart, frameOf, textWidth } from "./plot.ts";
import { endLabels } from "./marks.ts";
import { broken, finite, keepExtremes, type Point, stretches } from "../series.ts";

const HEIGHT = 300;

export interface CompareLine {
  readonly name: string;
  /** Short name drawn at the line's end. */
  readonly tag: string;
  readonly stroke: string;
  readonly dash: string | null;
  readonly points: readonly Point[];
}

export interface CompareOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yUnit?: string;
  /** x counts something: ticks at whole numbers, and a line is broken where some are missing. */
  readonly whole?: boolean;
  readonly scale?: "auto" | "linear";
  readonly xScale?: "linear" | "log";
  readonly zero?: boolean;
}

/** One line for each run, with its tag at the end. */
export function compareLines(lines: readonly CompareLine[], options: CompareOptions): string {
  const all = lines.flatMap((l) => finite(l.points));
  const y = yAxis(all.map((p) => p.y), options);
  const ticks = options.xScale === "log" ? 4 : 5; // some ticks of a log scale have many digits
  const x = {
    ...axis(all.map((p) => p.x), { type: options.xScale, whole: options.whole, pad: 0.015, ticks }),
    label: options.xLabel,
  };
  const drawn = lines.map((line) => ({
    ...line,
    points: keepExtremes(finite(line.points).filter((p) => y.type === "linear" || p.y > 0), 400),
  })).filter((line) => line.points.length > 0);
  const marginRight = 14 + Math.max(...drawn.map((l) => textWidth(l.tag)));
  const marks: Plot.Markish[] = [];
  for (const line of drawn) {
    marks.push(Plot.line(options.whole ? broken(stretches(line.points)) : line.points, {
      x: "x",
      y: "y",
      stroke: line.stroke,
      strokeWidth: 1.7,
      ...(line.dash ? { strokeDasharray: line.dash } : {}),
    }));
    const few = line.points.length <= 3 ? line.points : [line.points.at(-1)!];
    marks.push(Plot.dot(few, { x: "x", y: "y", r: 2.6, fill: line.stroke, title: () => line.name }));
  }
  // Tags are drawn right of the frame, level with the ends of their lines. With many runs they would overlap.
  if (drawn.length <= 16) {
    const frame = frameOf({ x, y, marginRight, height: HEIGHT });
    marks.push(
      ...endLabels(drawn.map((l) => ({ text: l.tag, value: l.points.at(-1)!.y, fill: l.stroke })), y, frame),
    );
  }
  return chart({
    title: options.title,
    description: drawn.map((l) => `${l.tag}: ${l.name}`).join("; "),
    x,
    y,
    marks,
    marginRight,
    height: HEIGHT,
  });
}

import * as Plot from "@observablehq/plot";
import { keepExtremes, type Point } from "../series.ts";
import { axis, yAxis } from "./axis.ts";
import { chart } from "./plot.ts";

export interface Wave {
  readonly name: string;
  readonly stroke: string;
  readonly values: readonly number[];
  readonly thin?: boolean;
  readonly dash?: string | null;
}

export interface WaveOptions {
  readonly title: string;
  readonly description: string;
  /** Of the first sample and of each further one, in units of `xLabel`. */
  readonly from?: number;
  readonly step: number;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yUnit?: string;
  readonly scale?: "auto" | "linear";
  readonly zero?: boolean;
  readonly width?: number;
  readonly height?: number;
}

/** About two for each pixel. */
const DRAWN = 800;

/** Lines over time or frequency, one over the other; the lowest and the highest of neighbouring samples are kept. */
export function waves(lines: readonly Wave[], options: WaveOptions): string {
  const { from = 0, step } = options;
  const pointsOf = ({ values }: Wave): Point[] => values.map((y, i) => ({ x: from + i * step, y }));
  const all = lines.map((line) => ({ ...line, points: pointsOf(line) }));
  const y = yAxis(all.flatMap(({ values }) => [...values]), options);
  const x = { ...axis(all.flatMap(({ points }) => points.map((p) => p.x)), { pad: 0.01 }), label: options.xLabel };
  return chart({
    title: options.title,
    description: options.description,
    x,
    y,
    marks: all.map(({ points, stroke, thin, dash }) =>
      Plot.line(keepExtremes(points.filter((p) => y.type === "linear" || p.y > 0), DRAWN), {
        ...{ x: "x", y: "y", stroke, strokeWidth: thin ? 1 : 1.6 },
        ...dash ? { strokeDasharray: dash } : {},
      })
    ),
    width: options.width,
    height: options.height,
  });
}

import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";
import { color } from "../theme.ts";

export interface PairedRow {
  readonly name: string;
  /** NaN where there is none. */
  readonly first: number;
  readonly second: number;
}

export interface PairedOptions {
  readonly title: string;
  readonly description: string;
  readonly xLabel: string;
  /** By default numbers as on other axes. */
  readonly format?: (value: number) => string;
  readonly fills: readonly [string, string];
  readonly names: readonly [string, string];
  /** Values that the axis holds in any case. */
  readonly holds?: readonly number[];
  readonly log?: boolean;
  readonly width?: number;
}

const ROW = 20, NAME = 24;

const shortened = (name: string) => name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name;

/** Two values of each of some names, one name a line: a filled dot and a ring, joined by a line. */
export function pairedDots(rows: readonly PairedRow[], options: PairedOptions): string {
  const { fills: [first, second], names, format } = options;
  const isDrawn = (value: number) => Number.isFinite(value) && (!options.log || value > 0);
  const both = rows.flatMap((row) => [row.first, row.second]).filter(isDrawn);
  const type = options.log ? "log" as const : "linear" as const;
  const x = {
    ...axis([...both, ...options.holds ?? []], { type, ticks: options.width ? 4 : 5, pad: 0.03 }),
    ...format ? { format } : {},
    label: options.xLabel,
  };
  const places = rows.map((row, i) => ({ ...row, i }));
  const y = {
    type: "linear" as const,
    domain: [rows.length - 0.4, -0.6] as const,
    ticks: places.map(({ i }) => i),
    format: (i: number) => shortened(rows[i]?.name ?? ""),
    label: "",
  };
  const said = (name: string, of: "first" | "second") => (row: PairedRow) =>
    `${row.name}, ${name}: ${x.format(row[of])}`;
  const withBoth = places.filter((row) => isDrawn(row.first) && isDrawn(row.second));
  return chart({
    title: options.title,
    description: options.description,
    x,
    y,
    marks: [
      Plot.link(withBoth, { x1: "first", x2: "second", y1: "i", y2: "i", stroke: color("muted"), strokeWidth: 1.5 }),
      Plot.dot(places.filter((row) => isDrawn(row.second)), {
        ...{ x: "second", y: "i", r: 5.5, fill: color("page"), stroke: second, strokeWidth: 2 },
        title: said(names[1], "second"),
      }),
      Plot.dot(places.filter((row) => isDrawn(row.first)), {
        ...{ x: "first", y: "i", r: 3.2, fill: first },
        title: said(names[0], "first"),
      }),
    ],
    width: options.width,
    height: 60 + ROW * rows.length,
  });
}

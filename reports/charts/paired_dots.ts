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
  readonly format: (value: number) => string;
  readonly fills: readonly [string, string];
  readonly names: readonly [string, string];
}

const ROW = 20, NAME = 22;

const shortened = (name: string) => name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name;

/** Two values of each of some names, one name a line: a filled dot and a ring, joined by a line. */
export function pairedDots(rows: readonly PairedRow[], options: PairedOptions): string {
  const { fills: [first, second], names, format } = options;
  const both = rows.flatMap((row) => [row.first, row.second]).filter(Number.isFinite);
  const x = { ...axis([...both, 0, 1], { ticks: 5, pad: 0.03 }), format, label: options.xLabel };
  const places = rows.map((row, i) => ({ ...row, i }));
  const y = {
    type: "linear" as const,
    domain: [rows.length - 0.4, -0.6] as const,
    ticks: places.map(({ i }) => i),
    format: (i: number) => shortened(rows[i]?.name ?? ""),
    label: "",
  };
  const said = (name: string, of: "first" | "second") => (row: PairedRow) => `${row.name}, ${name}: ${format(row[of])}`;
  const withBoth = places.filter((row) => Number.isFinite(row.first) && Number.isFinite(row.second));
  return chart({
    title: options.title,
    description: options.description,
    x,
    y,
    marks: [
      Plot.link(withBoth, { x1: "first", x2: "second", y1: "i", y2: "i", stroke: color("muted"), strokeWidth: 1.5 }),
      Plot.dot(places.filter((row) => Number.isFinite(row.second)), {
        ...{ x: "second", y: "i", r: 5.5, fill: color("page"), stroke: second, strokeWidth: 2 },
        title: said(names[1], "second"),
      }),
      Plot.dot(places.filter((row) => Number.isFinite(row.first)), {
        ...{ x: "first", y: "i", r: 3.2, fill: first },
        title: said(names[0], "first"),
      }),
    ],
    height: 60 + ROW * rows.length,
  });
}

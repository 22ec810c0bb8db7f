import { axis } from "./axis.ts";
import { labelLines, place, short, svgRoot, textWidth } from "./plot.ts";
import { escape } from "../html.ts";
import { color } from "../theme.ts";

export interface SeedRow {
  readonly name: string;
  readonly stroke: string;
  /** The metric of each run. */
  readonly values: readonly number[];
  readonly mean: number;
  readonly interval: readonly [number, number] | null;
}

const WIDTH = 440, LINE = 26, TOP = 10;

/** A line for each point: its runs as dots, their mean as a bar across, and the interval of the mean as a line. */
export function seedIntervals(rows: readonly SeedRow[], metric: string, scale: "auto" | "linear"): string {
  const left = 12 + Math.max(...rows.map((row) => textWidth(row.name)));
  const right = WIDTH - 16;
  const bottom = TOP + LINE * rows.length;
  // An interval of few runs may be so wide that the dots would be at one place, so it may reach beyond the frame.
  const x = { ...axis(rows.flatMap((row) => row.values), { type: scale, pad: 0.2, ticks: 4 }), label: metric };
  const at = (value: number) => Math.min(right, Math.max(left, place(x, value, left, right)));
  const parts = x.ticks.map((tick) =>
    `<path d="M${short(at(tick))},${TOP}V${bottom}" stroke="${color("grid")}"/>` +
    `<text x="${short(at(tick))}" y="${bottom + 16}" fill="${color("muted")}">${escape(x.format(tick))}</text>`
  );
  for (const [i, row] of rows.entries()) {
    const y = TOP + (i + 0.5) * LINE;
    parts.push(`<text x="${left - 10}" y="${y + 4}" text-anchor="end">${escape(row.name)}</text>`);
    if (row.interval) {
      const [low, high] = row.interval.map((value) => x.type === "log" && value <= 0 ? left : at(value));
      parts.push(`<path d="M${short(low!)},${y}H${short(high!)}" stroke="${row.stroke}" stroke-width="1.6"/>`);
    }
    parts.push(`<path d="M${short(at(row.mean))},${y - 8}v16" stroke="${row.stroke}" stroke-width="2.6"/>`);
    for (const value of row.values) {
      parts.push(`<circle cx="${short(at(value))}" cy="${y}" r="3" fill="${row.stroke}" fill-opacity="0.75"/>`);
    }
  }
  for (const [i, line] of labelLines(x).entries()) {
    parts.push(`<text x="${short((left + right) / 2)}" y="${bottom + 36 + 15 * i}">${escape(line)}</text>`);
  }
  const description = rows.map((row) => `${row.name}: ${row.values.length} runs`).join("; ");
  return svgRoot(`${metric} of the runs of each point`, description, WIDTH, bottom + 44, parts.join(""));
}

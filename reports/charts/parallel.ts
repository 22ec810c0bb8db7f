import { type Axis, axis } from "./axis.ts";
import { place, short, svgRoot } from "./plot.ts";
import { valuesAxis } from "./values_axis.ts";
import { escape } from "../html.ts";
import { color, RAMP_COLORS, rampColor } from "../theme.ts";

export interface ParallelLine {
  readonly values: readonly string[];
  readonly metric: number;
  /** 0 for the best. */
  readonly rank: number;
}

export interface ParallelOptions {
  /** Each parameter's name in two lines; the first may be empty. */
  readonly names: readonly { readonly before: string; readonly last: string }[];
  readonly metric: string;
  readonly scale: "auto" | "linear";
}

const BETWEEN = 150, LEFT = 70, RIGHT = 74, TOP = 52, BOTTOM = 284, HEIGHT = 300;

/** The colour of a rank: the best are those at the bright end of the ramp, with equal numbers of points for each colour. */
export function rankColor(rank: number, of: number): string {
  return rampColor(Math.max(0, RAMP_COLORS - 1 - Math.floor(rank * RAMP_COLORS / Math.max(1, of))));
}

interface Column {
  readonly axis: Axis;
  readonly at: (line: ParallelLine) => number;
}

/**
 * One line for each point through its values on parallel axes, one for each parameter and the last one for the metric. The best
 * point is drawn last and thick.
 * @param of the number of ranks, among which the colours are shared out
 */
export function parallel(lines: readonly ParallelLine[], of: number, options: ParallelOptions): string {
  const columns: Column[] = options.names.map((_, k) => {
    const found = valuesAxis(lines.map((line) => line.values[k]!));
    return { axis: found.axis, at: (line) => found.at(line.values[k]!) };
  });
  columns.push({
    axis: axis(lines.map((line) => line.metric), { type: options.scale, pad: 0.06 }),
    at: (l) => l.metric,
  });
  const width = Math.max(880, LEFT + RIGHT + BETWEEN * (columns.length - 1));
  const x = (k: number) => LEFT + k * (width - LEFT - RIGHT) / (columns.length - 1);
  const y = (column: Column, value: number) => short(place(column.axis, value, BOTTOM, TOP));
  const parts: string[] = [];
  for (const line of lines.toSorted((a, b) => b.rank - a.rank)) {
    const path = columns.map((column, k) => `${short(x(k))},${y(column, column.at(line))}`).join("L");
    parts.push(
      `<path d="M${path}" fill="none" stroke="${rankColor(line.rank, of)}" stroke-width="${
        line.rank === 0 ? 3.2 : 1.3
      }" ` +
        `stroke-opacity="${line.rank === 0 ? 1 : 0.75}" stroke-linejoin="round"/>`,
    );
  }
  for (const [k, column] of columns.entries()) {
    const at = short(x(k));
    parts.push(`<path d="M${at},${TOP}V${BOTTOM}" stroke="${color("muted")}"/>`);
    const name = options.names[k] ?? { before: "", last: options.metric };
    if (name.before !== "") {
      parts.push(`<text x="${at}" y="14" font-size="11" fill="${color("muted")}">${escape(name.before)}</text>`);
    }
    parts.push(`<text x="${at}" y="30" font-weight="600">${escape(name.last)}</text>`);
    const last = k === columns.length - 1;
    for (const tick of column.axis.ticks) {
      const label = column.axis.format(tick);
      const height = Number(y(column, tick));
      const side = last ? 8 : -8;
      parts.push(
        `<path d="M${at},${height}h${side / 2}" stroke="${color("muted")}"/>` +
          `<text x="${Number(at) + side}" y="${short(height + 4)}" text-anchor="${last ? "start" : "end"}" ` +
          `stroke="${color("page")}" stroke-width="3" paint-order="stroke" fill="currentColor">${escape(label)}</text>`,
      );
    }
  }
  return svgRoot(
    "Parallel coordinates of the points",
    `${lines.length} points on the axes ${
      options.names.map((n) => n.before + n.last).join(", ")
    } and ${options.metric}.`,
    width,
    HEIGHT,
    parts.join(""),
  );
}

import { ABOVE, BELOW, signedCells } from "./pixels.ts";
import { short, svgRoot, textWidth } from "./plot.ts";
import { escape } from "../html.ts";
import { color } from "../theme.ts";

export interface DrawnStage {
  /** Two lines above the stage. */
  readonly name: string;
  readonly kind: string;
  /** The line below it. */
  readonly size: string;
  /** Maps of height x width units, side by side. A stage of one map of height 1 is drawn as a grid. */
  readonly maps: number;
  readonly height: number;
  readonly width: number;
  readonly values: readonly number[] | null;
}

export interface DrawnConnections {
  readonly from: number;
  readonly to: number;
  /** Place among the units of either stage, and weight. */
  readonly strongest: readonly (readonly number[])[];
}

const TOP = 46, SPACE = 240, LEAST_WIDTH = 880, CELL_MAX = 14, MARGIN = 8;
/** Between two stages; as far as the lesser gap so that the chart fits a page's column at the size at which it can be read. */
const GAP = 60, LEAST_GAP = 40, COLUMN_WIDTH = 1300;

interface Placed {
  readonly columns: number;
  readonly rows: number;
  readonly side: number;
  /** Units of one map in a row, and maps in a row. */
  readonly across: number;
  readonly width: number;
  readonly height: number;
  readonly isGrid: boolean;
}

/** How a stage is laid out: a grid of units taller than wide, or maps beside and below each other. */
function layout({ maps, height, width }: DrawnStage): Placed {
  if (maps === 1 && height === 1) {
    const columns = Math.max(1, Math.ceil(Math.sqrt(width / 2.2)));
    const rows = Math.ceil(width / columns);
    const side = Math.min(CELL_MAX, SPACE / rows);
    return { columns, rows, side, across: columns, width: columns * side, height: rows * side, isGrid: true };
  }
  const across = Math.max(1, Math.ceil(Math.sqrt(maps * height / width / 2)));
  const down = Math.ceil(maps / across);
  // A gap of one unit between maps.
  const [columns, rows] = [across * (width + 1) - 1, down * (height + 1) - 1];
  const side = Math.min(CELL_MAX, SPACE / rows, 190 / columns);
  return { columns, rows, side, across, width: columns * side, height: rows * side, isGrid: false };
}

/** The centre of a unit, from the corner of its stage. */
function centre(stage: DrawnStage, placed: Placed, unit: number): readonly [number, number] {
  if (placed.isGrid) {
    return [(unit % placed.columns + 0.5) * placed.side, (Math.floor(unit / placed.columns) + 0.5) * placed.side];
  }
  const size = stage.height * stage.width;
  const map = Math.floor(unit / size), within = unit % size;
  const column = (map % placed.across) * (stage.width + 1) + within % stage.width;
  const row = Math.floor(map / placed.across) * (stage.height + 1) + Math.floor(within / stage.width);
  return [(column + 0.5) * placed.side, (row + 0.5) * placed.side];
}

/** The cells of a stage, with a frame around each map. */
function cells(stage: DrawnStage, placed: Placed, x: number, y: number): string {
  const largest = (stage.values ?? []).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const parts: string[] = [];
  const frame = (left: number, top: number, width: number, height: number) =>
    `<rect x="${short(left)}" y="${short(top)}" width="${short(width)}" height="${short(height)}" fill="${
      color("panel")
    }" stroke="${color("rule")}"/>`;
  if (placed.isGrid) {
    parts.push(frame(x, y, placed.width, placed.height));
    if (stage.values) parts.push(signedCells(stage.values, placed.columns, placed.side, [x, y], largest));
  }
  for (let map = 0; !placed.isGrid && map < stage.maps; map++) {
    const left = x + (map % placed.across) * (stage.width + 1) * placed.side;
    const top = y + Math.floor(map / placed.across) * (stage.height + 1) * placed.side;
    parts.push(frame(left, top, stage.width * placed.side, stage.height * placed.side));
    const size = stage.height * stage.width;
    const own = stage.values?.slice(map * size, (map + 1) * size);
    if (own) parts.push(signedCells(own, stage.width, placed.side, [left, top], largest));
  }
  if (stage.values === null) {
    parts.push(
      `<text x="${short(x + placed.width / 2)}" y="${short(y + placed.height / 2 + 4)}" fill="${
        color("muted")
      }">?</text>`,
    );
  }
  return parts.join("");
}

/**
 * A network from left to right: the units of each stage as cells in the colour of their values, and weights between stages as
 * lines. In each stage the largest value has the full colour, and in each bundle of lines the largest weight.
 */
export function networkChart(stages: readonly DrawnStage[], connections: readonly DrawnConnections[]): string {
  const placed = stages.map(layout);
  const widths = placed.map((each, i) =>
    Math.max(each.width, textWidth(stages[i]!.name), textWidth(stages[i]!.kind, 11), textWidth(stages[i]!.size, 11))
  );
  const taken = widths.reduce((sum, width) => sum + width, 0) + 2 * MARGIN;
  const gaps = Math.max(1, stages.length - 1);
  const fitting = Math.max(LEAST_GAP, Math.min(GAP, (COLUMN_WIDTH - taken) / gaps));
  const gap = Math.max(fitting, (LEAST_WIDTH - taken) / gaps);
  const width = Math.ceil(taken + gap * (stages.length - 1));
  let x = MARGIN;
  const corners = placed.map((each, i) => {
    const left = x + (widths[i]! - each.width) / 2;
    x += widths[i]! + gap;
    return [left, TOP + (SPACE - each.height) / 2] as const;
  });
  const parts: string[] = [];
  for (const { from, to, strongest } of connections) {
    const largest = strongest.reduce((most, [, , weight]) => Math.max(most, Math.abs(weight ?? 0)), 0);
    for (const [a, b, weight] of strongest.toReversed()) {
      const start = centre(stages[from]!, placed[from]!, a!), end = centre(stages[to]!, placed[to]!, b!);
      const [x1, y1] = [corners[from]![0] + start[0], corners[from]![1] + start[1]];
      const [x2, y2] = [corners[to]![0] + end[0], corners[to]![1] + end[1]];
      const share = largest > 0 ? Math.abs(weight!) / largest : 0;
      const bend = short((x1 + x2) / 2);
      parts.push(
        `<path d="M${short(x1)},${short(y1)}C${bend},${short(y1)} ${bend},${short(y2)} ${short(x2)},${short(y2)}" ` +
          `fill="none" stroke="${weight! > 0 ? ABOVE : BELOW}" stroke-width="${short(0.4 + 1.4 * share)}" ` +
          `stroke-opacity="${short(0.1 + 0.6 * share)}"/>`,
      );
    }
  }
  for (const [i, stage] of stages.entries()) {
    const middle = short(corners[i]![0] + placed[i]!.width / 2);
    parts.push(
      cells(stage, placed[i]!, ...corners[i]!),
      `<text x="${middle}" y="14" font-weight="600">${escape(stage.name)}</text>`,
      `<text x="${middle}" y="30" font-size="11" fill="${color("muted")}">${escape(stage.kind)}</text>`,
      `<text x="${middle}" y="${TOP + SPACE + 20}" font-size="11" fill="${color("muted")}">${
        escape(stage.size)
      }</text>`,
    );
  }
  return svgRoot(
    "The network at work on one row",
    `Stages from input to output: ${stages.map((stage) => `${stage.name} (${stage.size})`).join(", ")}.`,
    width,
    TOP + SPACE + 28,
    parts.join(""),
  );
}

import { ABOVE, signedCells } from "./pixels.ts";
import { place, short, svgRoot } from "./plot.ts";
import { axis } from "./axis.ts";
import { color } from "../theme.ts";

export interface DrawnFilter {
  readonly height: number;
  readonly width: number;
  /** One channel: height x width. */
  readonly values: readonly number[];
}

const WIDTH = 880, GAP = 6;

/**
 * Filters side by side, each in its own scale: pictures in colours about zero, or curves where they are one line of weights.
 */
export function filterTiles(filters: readonly DrawnFilter[]): string {
  const first = filters[0]!;
  const isCurve = first.height === 1 && first.width > 1;
  const across = Math.min(filters.length, 16);
  const tile = Math.min(96, (WIDTH - GAP * (across - 1)) / across);
  const height = isCurve ? tile * 0.7 : tile * Math.min(1.6, Math.max(0.4, first.height / first.width));
  const parts = filters.map(({ values, width }, i) => {
    const x = (i % across) * (tile + GAP), y = Math.floor(i / across) * (height + GAP);
    const frame = `<rect x="${short(x)}" y="${short(y)}" width="${short(tile)}" height="${short(height)}" fill="${
      color("panel")
    }" stroke="${color("rule")}"/>`;
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (!isCurve) {
      const side = Math.min(tile / width, height / first.height);
      return frame + signedCells(values, width, side, [x, y], largest);
    }
    const scale = axis([-largest, largest], { pad: 0.1 });
    const points = values.map((value, k) =>
      `${short(x + (k + 0.5) * tile / width)},${short(place(scale, value, y + height, y))}`
    );
    const zero = short(y + height / 2);
    return `${frame}<path d="M${short(x)},${zero}h${short(tile)}" stroke="${color("rule")}"/>` +
      `<path d="M${points.join("L")}" fill="none" stroke="${ABOVE}" stroke-width="1.5"/>`;
  });
  const rows = Math.ceil(filters.length / across);
  return svgRoot(
    "Filters of the first layer",
    `${filters.length} filters of ${first.height} x ${first.width} weights.`,
    Number(short(across * (tile + GAP) - GAP)),
    Number(short(rows * (height + GAP) - GAP)),
    parts.join(""),
  );
}

/** The first rows as what they are: pictures, signals, or a picture of the matrix. */
import { rangeOf, rasterOf } from "../../core/diagnostics/drawing.ts";
import { type TileLine, tileLines } from "../charts/rasters.ts";
import { waves } from "../charts/waves.ts";
import { count, plural } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { seriesColor } from "../theme.ts";
import { timeAxis } from "../time_axis.ts";
import type { DataView } from "./view.ts";

const PICTURES_IN_LINE = 6, SIGNALS = 6;
/** Sides of the picture of a matrix, and of one of its dots, in px, at most. */
const GRID_WIDTH = 880, GRID_HEIGHT = 400, DOT = 14;

const nameOf = ({ rowNames }: DataView, row: number) => rowNames?.[row] ?? `row ${count(row)}`;

function pictures(data: DataView, rows: readonly (readonly number[])[], numbering: Numbering): Html {
  const raster = rasterOf(data.shape!)!;
  const lines: TileLine[] = [];
  for (let from = 0; from < rows.length; from += PICTURES_IN_LINE) {
    const tiles = rows.slice(from, from + PICTURES_IN_LINE).map((values, i) => ({
      values,
      raster,
      range: rangeOf([values]),
      says: nameOf(data, from + i),
    }));
    lines.push({ name: "", tiles });
  }
  const svg = tileLines(lines, {
    title: "The first rows as pictures",
    description: `${plural(rows.length, "row")} of ${data.shape!.join(" x ")} values.`,
    ...{ heads: [], side: 110 },
  });
  return numbering.figure(
    svg,
    markup`The first ${plural(rows.length, "row")} as pictures of ${data.shape!.at(-2)} × ${data.shape!.at(-1)} pixels${
      raster.channels === 3 ? " in colour" : raster.channels > 1 ? `; ${raster.channels} channels` : ""
    }, each from its smallest value to its largest.`,
    { wide: true },
  );
}

function signals(data: DataView, rows: readonly (readonly number[])[], numbering: Numbering): Html {
  const samples = data.shape!.at(-1)!, { step, label } = timeAxis(samples, data.rateHz);
  const channels = data.columns / samples;
  return numbering.panels(
    rows.slice(0, SIGNALS).map((values, row) => ({
      title: nameOf(data, row),
      note: "",
      svg: waves([{ name: "", stroke: seriesColor(0), values: values.slice(0, samples), thin: true }], {
        title: `The signal of ${nameOf(data, row)}`,
        description: `${plural(samples, "sample")}.`,
        ...{ step, xLabel: label, yLabel: "value", width: 300, height: 190 },
      }),
    })),
    markup`The first ${plural(Math.min(SIGNALS, rows.length), "row")}${
      channels > 1 ? `, of their ${channels} channels the first` : ""
    }. Where a pixel covers several samples, the lowest and the highest of them are drawn.`,
    null,
    { title: "The first rows as signals", wide: true },
  );
}

/** Magnitudes as shares of a range in which small ones are still seen. */
function shades(values: readonly number[]): number[] {
  const some = values.filter((value) => value > 0).sort((a, b) => a - b);
  const unit = some[some.length >> 1] ?? 1;
  return values.map((value) => Math.log1p(value / unit));
}

function matrix(data: DataView, numbering: Numbering): Html {
  const { rows, groups, columns, values } = data.portrait!.grid;
  const shaded = shades(values), most = Math.max(...shaded, 0) || 1;
  const height = Math.max(1, rows);
  const dot = Math.min(GRID_WIDTH / groups, GRID_HEIGHT / height, DOT);
  const svg = tileLines(
    [{
      name: "",
      tiles: [{
        values: shaded.map((value) => most - value),
        raster: { channels: 1, width: groups, height },
        range: [0, most],
        says: `${plural(rows, "row")} from top to bottom`,
      }],
    }],
    {
      title: "The first rows of the matrix",
      description: `${plural(rows, "row")} by ${plural(data.columns, "column")}.`,
      ...{ heads: [], side: dot * Math.max(groups, height) },
    },
  );
  const each = columns > 1
    ? `A dot is the mean magnitude of about ${count(columns)} neighbouring columns`
    : "A dot is a value";
  return numbering.figure(
    svg,
    markup`${
      plural(rows, "row")
    } from top to bottom, all columns from left to right. ${each}: the darker, the larger, ${
      columns > 1 ? "and white where all are zero" : "by its magnitude, and white where it is zero"
    }.`,
    { wide: true },
  );
}

export function rowsSection(data: DataView, numbering: Numbering): Html {
  const { portrait, shape } = data;
  if (portrait === null) return missing("No row could be looked at.");
  const { first } = portrait;
  if (shape !== null && first.length > 0) {
    if (rasterOf(shape) !== null) return pictures(data, first, numbering);
    if (shape.at(-1)! > 1) return signals(data, first, numbering);
  }
  return matrix(data, numbering);
}

/** The rows that are reconstructed worst, in the middle and best. */
import { rangeOf, rasterOf } from "../../core/diagnostics/drawing.ts";
import { RANKS, type RowExample, rows, type RowsDiagnostic } from "../../core/diagnostics/rows.ts";
import type { RunData } from "../../core/runs/types.ts";
import { histogram } from "../charts/histogram.ts";
import { pairedDots } from "../charts/paired_dots.ts";
import { tileLines } from "../charts/rasters.ts";
import { waves } from "../charts/waves.ts";
import type { Drawing } from "../drawing.ts";
import { count, error, plural } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { seriesColor } from "../theme.ts";
import { timeAxis } from "../time_axis.ts";
import { valueUnit } from "../units.ts";
import { momentText } from "../when.ts";

const TRUTH = seriesColor(0), REBUILT = seriesColor(1);

const nameOf = ({ row, label }: RowExample) => `row ${count(row)}${label ? ` (${label})` : ""}`;

interface Panel {
  readonly title: string;
  readonly note: string;
  readonly svg: string;
}

/** Truth, reconstruction and error of images, a panel for each rank. */
function imagePanels(data: RowsDiagnostic, shape: readonly number[]): Panel[] {
  const raster = rasterOf(shape)!;
  return RANKS.map((rank) => {
    const examples = data.examples.filter((example) => example.rank === rank);
    const lines = examples.map((example) => {
      const { truth, reconstruction } = example, range = rangeOf([truth, reconstruction]);
      const apart = truth.map((value, i) => reconstruction[i]! - value);
      const most = Math.max(...apart.map(Math.abs)) || 1;
      const of = (values: readonly number[], what: string) => ({
        values,
        raster,
        range,
        says: `${what} of ${nameOf(example)}`,
      });
      return {
        name: example.label ?? `row ${count(example.row)}`,
        note: error(example.mse),
        tiles: [
          of(truth, "truth"),
          of(reconstruction, "reconstruction"),
          { ...of(apart, "error"), range: [-most, most] as const, differences: true },
        ],
      };
    });
    return {
      title: rank,
      note: "",
      svg: tileLines(lines, {
        title: `Images reconstructed ${rank}`,
        description: examples.map((example) => `${nameOf(example)}: MSE ${error(example.mse)}`).join("; "),
        heads: ["truth", "rebuilt", "error"],
        side: 84,
      }),
    };
  }).filter((_, i) => data.examples.some(({ rank }) => rank === RANKS[i]));
}

function wavePanels(data: RowsDiagnostic, shape: readonly number[], unit: string): Panel[] {
  const samples = shape.at(-1)!, { step, label } = timeAxis(samples, data.rate_hz);
  return data.examples.map((example) => ({
    title: `${example.rank}: ${nameOf(example)}`,
    note: error(example.mse),
    svg: waves([
      { name: "truth", stroke: TRUTH, values: example.truth.slice(0, samples) },
      { name: "reconstruction", stroke: REBUILT, values: example.reconstruction.slice(0, samples), thin: true },
    ], {
      title: `Truth and reconstruction of ${nameOf(example)}`,
      description: `Mean squared error ${error(example.mse)}.`,
      ...{ step, xLabel: label, yLabel: "value", yUnit: unit, width: 300, height: 190 },
    }),
  }));
}

/** The largest values of one row of each rank. */
function profilePanels(data: RowsDiagnostic, columns: readonly (readonly string[])[], unit: string): Panel[] {
  return RANKS.flatMap((rank) => {
    const at = data.examples.findIndex((example) => example.rank === rank), example = data.examples[at];
    if (example === undefined) return [];
    return [{
      title: `${rank}: ${nameOf(example)}`,
      note: error(example.mse),
      svg: pairedDots(
        columns[at]!.map((name, i) => ({ name, first: example.truth[i]!, second: example.reconstruction[i]! })),
        {
          title: `The largest values of ${nameOf(example)}`,
          description: `Mean squared error ${error(example.mse)}.`,
          ...{ xLabel: unit, fills: [TRUTH, REBUILT], names: ["truth", "reconstruction"], holds: [0], width: 320 },
        },
      ),
    }];
  });
}

function draw(data: RowsDiagnostic, run: RunData, numbering: Numbering): Html {
  const unit = valueUnit(run.config), { shape, columns } = data;
  const isImages = shape !== null && rasterOf(shape) !== null;
  const panels = isImages
    ? imagePanels(data, shape)
    : shape
    ? wavePanels(data, shape, unit)
    : profilePanels(data, columns ?? [], unit);
  const what = isImages
    ? "Each line is a row of the data, with its mean squared error: truth and reconstruction in the same range of grey, and the " +
      "reconstruction less the truth, red where it is too high and blue where it is too low."
    : shape
    ? `Truth (blue) and reconstruction (orange) of each row, with its mean squared error${
      shape.length > 1 && shape[0]! > 1 ? "; of its channels the first" : ""
    }.`
    : "The columns with the largest values of a row or of its reconstruction: truth (dots) and reconstruction (rings).";
  const figure = numbering.panels(
    panels,
    markup`Rows of the ${data.split} part that are reconstructed worst, in the middle and best, after ${
      momentText(run, data.epoch)
    }. ${what} Values are in ${unit}.`,
    null,
    { title: "Rows reconstructed worst, in the middle and best", wide: true },
  );
  if (run.diagnostics.row_errors !== undefined) return figure; // it shows how the errors are distributed
  const errors = numbering.figure(
    histogram(data.errors, {
      title: "Mean squared errors of the rows",
      description: `${plural(data.rows, "row")}, median ${error(data.median)}.`,
      ...{ xLabel: "mean squared error of a row", yLabel: "rows", fill: TRUTH },
    }),
    markup`Distribution of the mean squared errors of ${plural(data.rows, "row")}; the median is ${
      error(data.median)
    }.`,
  );
  return markup`${figure}<div class="grid">${errors}</div>`;
}

export const rowsDrawing: Drawing<RowsDiagnostic> = { diagnostic: rows, title: "Best and worst rows", draw };

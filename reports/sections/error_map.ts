/** Where in an image or a signal the errors are. */
import { rangeOf, rasterOf } from "../../core/diagnostics/drawing.ts";
import { errorMap, type ErrorMapDiagnostic } from "../../core/diagnostics/error_map.ts";
import type { RunData } from "../../core/runs/types.ts";
import { tileLines } from "../charts/rasters.ts";
import { waves } from "../charts/waves.ts";
import type { Drawing } from "../drawing.ts";
import { count, number, plural } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { seriesColor } from "../theme.ts";
import { timeAxis } from "../time_axis.ts";
import { valueUnit } from "../units.ts";
import { momentText } from "../when.ts";

function draw(data: ErrorMapDiagnostic, run: RunData, numbering: Numbering): Html {
  const { shape, mean } = data, unit = valueUnit(run.config);
  const deviation = data.variance.map(Math.sqrt), rmse = data.mse.map(Math.sqrt);
  const of = markup`over ${plural(data.rows, "row")} of the ${data.split} part, after ${momentText(run, data.epoch)}`;
  const raster = rasterOf(shape);
  if (raster === null) {
    const samples = shape.at(-1)!, { step, label } = timeAxis(samples, data.rate_hz);
    const figure = numbering.figure(
      waves([
        { name: "standard deviation", stroke: seriesColor(0), values: deviation.slice(0, samples) },
        { name: "error", stroke: seriesColor(1), values: rmse.slice(0, samples) },
      ], {
        title: "Standard deviation and error by time",
        description: "The standard deviation of the signals and the root mean squared error of their reconstructions.",
        ...{ step, xLabel: label, yLabel: "value", yUnit: unit, zero: true, width: 600, height: 260 },
      }),
      markup`Standard deviation of the signals and root mean squared error of their reconstructions at each moment, ${of}${
        shape.length > 1 && shape[0]! > 1 ? ", of the first channel" : ""
      }. Where the error is near the standard deviation, nothing but the mean is reconstructed.`,
      {
        legend: [
          { name: "standard deviation", fill: seriesColor(0), shape: "line" },
          { name: "root mean squared error", fill: seriesColor(1), shape: "line" },
        ],
        wide: true,
      },
    );
    return markup`<div class="narrow">${figure}</div>`;
  }
  const spread = rangeOf([deviation, rmse]), r2 = data.variance.map((v, i) => v > 0 ? 1 - data.mse[i]! / v : 1);
  const tile = (values: readonly number[], range: readonly [number, number], says: string) => ({
    values,
    raster,
    range,
    says,
  });
  const varying = r2.filter((_, i) => data.variance[i]! > 0), below = varying.filter((value) => value < 0).length;
  const figure = numbering.figure(
    tileLines([{
      name: "",
      tiles: [
        tile(mean, rangeOf([mean]), "mean of the images"),
        tile(deviation, [0, spread[1]], "standard deviation"),
        tile(rmse, [0, spread[1]], "root mean squared error"),
        tile(r2, [0, 1], "R² of each pixel"),
      ],
    }], {
      title: "Mean, standard deviation and error of each pixel",
      description: `Deviations and errors up to ${number(spread[1], 3)}.`,
      heads: ["mean", "deviation", "error", "R²"],
      side: 104,
    }),
    markup`Mean and standard deviation of each pixel, root mean squared error of its reconstruction in the same scale (white: ${
      number(spread[1], 3)
    } in ${unit}), and R² (black: 0 or less, white: 1), ${of}.${
      varying.length > 0
        ? ` It is at most ${number(Math.max(...varying), 2)}, and below 0 in ${count(below)} of the ${
          plural(varying.length, "pixel")
        } that vary.`
        : ""
    }`,
  );
  return markup`<div class="grid">${figure}</div>`;
}

export const errorMapDrawing: Drawing<ErrorMapDiagnostic> = {
  diagnostic: errorMap,
  title: "Where the errors are",
  draw,
};

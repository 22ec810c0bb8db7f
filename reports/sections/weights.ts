/** Sizes of what is trained, and the first layer's weights as pictures. */
import { rangeOf, rasterOf } from "../../core/diagnostics/drawing.ts";
import { weights, type WeightsDiagnostic } from "../../core/diagnostics/weights.ts";
import type { RunData } from "../../core/runs/types.ts";
import { histogram } from "../charts/histogram.ts";
import { tileLines } from "../charts/rasters.ts";
import { waves } from "../charts/waves.ts";
import type { Drawing } from "../drawing.ts";
import { count, number, plural } from "../format.ts";
import { type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { seriesColor } from "../theme.ts";
import { momentText } from "../when.ts";

const PANELS = 8, ACROSS = 8;

function filterFigure(filters: NonNullable<WeightsDiagnostic["filters"]>, numbering: Numbering): Html {
  const { shape, units, norms, values, name } = filters, raster = rasterOf(shape);
  const caption = markup`Weights of <code>${name}</code> of the ${plural(units.length, "unit")} with the largest norms`;
  if (raster === null) {
    return numbering.panels(
      units.slice(0, 2 * PANELS).map((unit, i) => ({
        title: `unit ${count(unit + 1)}`,
        note: number(norms[i], 3),
        svg: waves([{ name: "weights", stroke: seriesColor(0), values: values[i]! }], {
          title: `Weights of unit ${count(unit + 1)}`,
          description: `Norm ${number(norms[i], 3)}.`,
          ...{ step: 1, xLabel: "sample", yLabel: "", width: 220, height: 130 },
        }),
      })),
      markup`${caption}, as waveforms, with their norms.`,
      null,
      { title: "Weights of the first layer" },
    );
  }
  const tiles = units.map((unit, i) => {
    const [low, high] = rangeOf([values[i]!]), most = Math.max(-low, high) || 1;
    const says = `weights of unit ${count(unit + 1)}, norm ${number(norms[i], 3)}`;
    return { values: values[i]!, raster, range: [-most, most] as const, differences: true, says };
  });
  const lines = Array.from({ length: Math.ceil(tiles.length / ACROSS) }, (_, i) => {
    return { name: "", tiles: tiles.slice(i * ACROSS, (i + 1) * ACROSS) };
  });
  return numbering.figure(
    tileLines(lines, {
      title: "Weights of the first layer",
      description: `${plural(units.length, "unit")}, norms from ${number(norms.at(-1), 3)} to ${number(norms[0], 3)}.`,
      ...{ heads: [], side: 72 },
    }),
    markup`${caption}, the largest first. Red pixels raise the unit, blue ones lower it, white is 0; each picture has a range of its own${
      raster.channels > 1 ? ", and shows the mean over the channels" : ""
    }.`,
  );
}

function draw(data: WeightsDiagnostic, run: RunData, numbering: Numbering): Html {
  const filters = data.filters && filterFigure(data.filters, numbering);
  const table = numbering.table(
    {
      head: ["", "shape", "root mean square", "mean", "largest"],
      rows: data.tensors.map((tensor): Content[] => [
        tensor.name,
        tensor.shape.map(count).join(" × "),
        number(tensor.root_mean_square, 3),
        number(tensor.mean, 2),
        number(tensor.largest, 3),
      ]),
      numeric: [2, 3, 4],
    },
    markup`Sizes of what is trained, after ${
      momentText(run, data.epoch)
    }: root mean square, mean and largest absolute value of each tensor.`,
  );
  const shown = data.tensors.filter(({ shape }) => shape.length > 1).slice(0, PANELS);
  const figure = shown.length > 0 && numbering.panels(
    shown.map((tensor) => ({
      title: tensor.name,
      note: "",
      svg: histogram(tensor.values, {
        title: `Values of ${tensor.name}`,
        description: `Root mean square ${number(tensor.root_mean_square, 3)}.`,
        ...{ xLabel: "value", yLabel: "", fill: seriesColor(0), width: 220, height: 140 },
      }),
    })),
    markup`Distribution of the values of the weights${
      shown.some(({ looked_at, shape }) => looked_at < shape.reduce((product, n) => product * n, 1))
        ? ", of large ones a sample of their rows"
        : ""
    }.`,
    null,
    { title: "Values of the weights" },
  );
  return markup`${filters}${figure}${table}`;
}

export const weightsDrawing: Drawing<WeightsDiagnostic> = { diagnostic: weights, title: "Weights", draw };

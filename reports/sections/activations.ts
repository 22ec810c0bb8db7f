/** Dead and saturated units. */
import { activations, type ActivationsDiagnostic } from "../../core/diagnostics/activations.ts";
import type { RunData } from "../../core/runs/types.ts";
import { compareLines } from "../charts/compare_lines.ts";
import { histogram } from "../charts/histogram.ts";
import type { Course, Drawing } from "../drawing.ts";
import { count, number, percent, plural } from "../format.ts";
import { type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { strokeOf } from "../tags.ts";
import { seriesColor } from "../theme.ts";
import { momentText } from "../when.ts";

const PANELS = 12, LINES = 8;

function draw(data: ActivationsDiagnostic, run: RunData, numbering: Numbering): Html {
  const { layers, rows } = data;
  if (layers.length === 0) return missing("No layer before the output layer gives values of its own.");
  const saturates = layers.some(({ saturated }) => saturated !== null);
  const dead = layers.reduce((sum, layer) => sum + layer.dead, 0);
  const table = numbering.table(
    {
      head: ["layer", "", "units", "dead", "zeros", ...saturates ? ["saturated"] : [], "mean", "deviation"],
      rows: layers.map((layer): Content[] => [
        layer.name,
        layer.kind,
        count(layer.units),
        count(layer.dead),
        percent(layer.zeros),
        ...saturates ? [layer.saturated === null ? "" : percent(layer.saturated)] : [],
        number(layer.mean, 3),
        number(layer.deviation, 3),
      ]),
      numeric: [2, 3, 4, 5, 6, 7],
    },
    markup`What each layer gives for ${plural(rows, "row")} of the ${data.split} part, after ${
      momentText(run, data.epoch)
    }. ${
      dead === 0 ? "No unit is dead" : `${plural(dead, "unit")} ${dead === 1 ? "is" : "are"} dead`
    }: dead units give the same value for each of these rows. The units of a layer with channels are its channels.${
      saturates ? " Saturated values are within 1 % of a bound of the function." : ""
    }`,
  );
  const shown = layers.slice(0, PANELS);
  const figure = numbering.panels(
    shown.map((layer) => ({
      title: `${layer.name} ${layer.kind}`,
      note: layer.dead > 0 ? `${count(layer.dead)} dead` : "",
      svg: histogram(layer.values, {
        title: `Values of ${layer.name}, ${layer.kind}`,
        description: `Mean ${number(layer.mean, 3)}, standard deviation ${number(layer.deviation, 3)}.`,
        ...{ xLabel: "value", yLabel: "", fill: seriesColor(0), width: 220, height: 140 },
      }),
    })),
    markup`Distribution of the values that ${
      shown.length < layers.length ? `the first ${count(PANELS)} layers give` : "each layer gives"
    } for these rows.`,
    null,
    { title: "Values of each layer" },
  );
  return markup`${table}${figure}`;
}

/** Dead units of the layers that have any at some epoch. */
function overEpochs(course: Course<ActivationsDiagnostic>, run: RunData, numbering: Numbering): Html | null {
  const names = [
    ...new Set(course.flatMap(({ data }) => data.layers.filter(({ dead }) => dead > 0).map(({ name }) => name))),
  ];
  if (names.length === 0) return null;
  const shown = names.slice(0, LINES);
  const figure = numbering.figure(
    compareLines(
      shown.map((name, i) => ({
        ...{ name, tag: name, ...strokeOf(i) },
        points: course.flatMap(({ epoch, data }) => {
          const layer = data.layers.find((each) => each.name === name);
          return layer ? [{ x: epoch, y: layer.dead }] : [];
        }),
      })),
      { title: "Dead units by epoch", xLabel: "epoch", yLabel: "dead units", whole: true, zero: true },
    ),
    markup`Dead units at ${plural(course.length, "epoch")} of ${run.name}, of ${
      shown.length < names.length ? `the first ${count(LINES)} of ` : ""
    }the layers that have any.`,
  );
  return markup`<div class="grid">${figure}</div>`;
}

export const activationsDrawing: Drawing<ActivationsDiagnostic> = {
  diagnostic: activations,
  title: "Activations",
  draw,
  overEpochs,
};

/** How often the units of a code of few values are not 0. */
import { firing, type FiringDiagnostic } from "../../core/diagnostics/firing.ts";
import type { RunData } from "../../core/runs/types.ts";
import { compareLines } from "../charts/compare_lines.ts";
import { histogram } from "../charts/histogram.ts";
import type { Course, Drawing } from "../drawing.ts";
import { count, number, percent, plural } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { strokeOf } from "../tags.ts";
import { seriesColor } from "../theme.ts";
import { momentText } from "../when.ts";

function draw(data: FiringDiagnostic, run: RunData, numbering: Numbering): Html {
  const { rows, units, dead, active, density, median, largest } = data;
  const of = markup`${plural(rows, "row")} of the ${data.split} part, after ${momentText(run, data.epoch)}`;
  if (dead === units) return missing(markup`All ${plural(units, "unit")} are 0 in all ${of}.`);
  const figure = numbering.figure(
    histogram(density, {
      title: "How often units fire",
      description: `Half of the units that fire do so in at most ${percent(median, 3)} of the rows.`,
      xLabel: "share of the rows in which a unit fires, log10",
      yLabel: "units",
      fill: seriesColor(0),
    }),
    markup`In how many rows a unit fires, that is, is not 0: ${of}. On the axis, −2 is one row in a hundred. Half of the units
that fire do so in at most ${percent(median, 3)} of the rows, the most frequent one in ${percent(largest)}. A row has ${
      number(active, 3)
    } units that fire, on average. ${
      dead === 0
        ? "No unit is dead."
        : `${plural(dead, "unit")} of ${count(units)} ${dead === 1 ? "is" : "are"} dead: ${
          dead === 1 ? "it fires" : "they fire"
        } in none of these rows and ${dead === 1 ? "is" : "are"} not drawn.`
    }`,
  );
  return markup`<div class="grid">${figure}</div>`;
}

function overEpochs(course: Course<FiringDiagnostic>, run: RunData, numbering: Numbering): Html {
  const figure = numbering.figure(
    compareLines(
      [{
        ...{ name: "dead units", tag: "dead units", ...strokeOf(0) },
        points: course.map(({ epoch, data }) => ({ x: epoch, y: data.dead })),
      }],
      { title: "Units that never fire, by epoch", xLabel: "epoch", yLabel: "dead units", whole: true, zero: true },
    ),
    markup`Units that fire in no row at ${plural(course.length, "epoch")} of ${run.name}.`,
  );
  return markup`<div class="grid">${figure}</div>`;
}

export const firingDrawing: Drawing<FiringDiagnostic> = {
  diagnostic: firing,
  title: "Firing of units",
  draw,
  overEpochs,
};

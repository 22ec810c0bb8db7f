/** What single latent units do. */
import { rangeOf, rasterOf } from "../../core/diagnostics/drawing.ts";
import { traversal, type TraversalDiagnostic, type TraversedUnit } from "../../core/diagnostics/traversal.ts";
import type { RunData } from "../../core/runs/types.ts";
import { pairedDots } from "../charts/paired_dots.ts";
import { tileLines } from "../charts/rasters.ts";
import { waves } from "../charts/waves.ts";
import type { Drawing } from "../drawing.ts";
import { count, number, plural } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { color, seriesColor } from "../theme.ts";
import { timeAxis } from "../time_axis.ts";
import { valueUnit } from "../units.ts";
import { momentText } from "../when.ts";

const LOW = seriesColor(0), HIGH = seriesColor(1);
const nameOf = ({ unit }: TraversedUnit) => `unit ${count(unit + 1)}`;
const endsOf = ({ values }: TraversedUnit) => `${number(values[0], 2)} to ${number(values.at(-1), 2)}`;

function draw(data: TraversalDiagnostic, run: RunData, numbering: Numbering): Html {
  const { units, shape, latent_size } = data, unit = valueUnit(run.config);
  if (units.length === 0) return missing("The latent vectors of all rows are the same, so no unit has a range.");
  const raster = shape && rasterOf(shape);
  const moved = markup`Each unit is moved from the 2nd to the 98th percentile of its values over ${
    plural(data.rows, "row")
  } of the ${data.split} part, all others at their medians, and decoded, after ${momentText(run, data.epoch)}`;
  const which = units.length < latent_size
    ? `the ${count(units.length)} of ${count(latent_size)} units that vary most`
    : `all ${plural(latent_size, "unit")}`;
  const order = markup` Shown are ${which}; those that change the reconstruction most come first.`;
  if (raster) {
    const range = rangeOf(units.flatMap(({ decoded }) => decoded));
    const figure = numbering.figure(
      tileLines(
        units.map((each) => ({
          name: nameOf(each),
          note: endsOf(each),
          tiles: each.decoded.map((values, s) => ({
            ...{ values, raster, range },
            says: `${nameOf(each)} at ${number(each.values[s], 3)}`,
          })),
        })),
        {
          title: "Images along single latent units",
          description: units.map((each) => `${nameOf(each)}: ${endsOf(each)}`).join("; "),
          ...{ heads: [], side: 56 },
        },
      ),
      markup`${moved}. All images have the same range of grey.${order}`,
    );
    return markup`<div class="narrow">${figure}</div>`;
  }
  const time = shape && timeAxis(shape.at(-1)!, data.rate_hz);
  const panels = units.map((each) => {
    const first = each.decoded[0]!, last = each.decoded.at(-1)!;
    const svg = time
      ? waves([
        {
          name: "middle",
          stroke: color("muted"),
          values: each.decoded[each.decoded.length >> 1]!.slice(0, shape.at(-1)),
          thin: true,
        },
        { name: "low", stroke: LOW, values: first.slice(0, shape.at(-1)) },
        { name: "high", stroke: HIGH, values: last.slice(0, shape.at(-1)) },
      ], {
        title: `Signals along ${nameOf(each)}`,
        description: endsOf(each),
        ...{ step: time.step, xLabel: time.label, yLabel: "value", yUnit: unit, width: 300, height: 190 },
      })
      : pairedDots(
        each.columns!.map((name, i) => ({ name, first: last[i]!, second: first[i]! })),
        {
          title: `Columns that ${nameOf(each)} changes most`,
          description: endsOf(each),
          ...{ xLabel: unit, fills: [HIGH, LOW], names: ["high", "low"], width: 320 },
        },
      );
    return { title: nameOf(each), note: endsOf(each), svg };
  });
  return numbering.panels(
    panels,
    time
      ? markup`${moved}: at the low end (blue), in the middle (grey) and at the high end (orange).${order}`
      : markup`${moved}: the columns that change most, at the low end (blue rings) and at the high end (orange dots). Values are in ${unit}.${order}`,
    null,
    { title: "Reconstructions along single latent units", wide: true },
  );
}

export const traversalDrawing: Drawing<TraversalDiagnostic> = { diagnostic: traversal, title: "Latent units", draw };

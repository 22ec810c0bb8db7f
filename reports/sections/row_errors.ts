/** The errors of rows, measures of signals and images, and anomalies. */
import { type RowErrorsDiagnostic, rowErrorsDiagnostic } from "../../core/diagnostics/row_errors.ts";
import type { RunData } from "../../core/runs/types.ts";
import { errorHistogram } from "../charts/error_histogram.ts";
import { rocCurve } from "../charts/roc_curve.ts";
import type { Drawing } from "../drawing.ts";
import { count, error, number, plural, ratio } from "../format.ts";
import { breakable, type Html, join, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { color, seriesColor, TRAIN } from "../theme.ts";
import { squaredUnit, valueUnit } from "../units.ts";
import { momentText } from "../when.ts";

const decibels = (value: number | null) => value === null ? "–" : `${number(value, 3)}\u202fdB`;

/** Rows by what the config says of their labels, or else by part. */
function groupsOf(data: RowErrorsDiagnostic) {
  const at = (wanted: (i: number) => boolean) => data.mse.filter((_, i) => wanted(i));
  const { anomalies, labels } = data;
  if (anomalies === null || labels === null) {
    return ["train", "validation", "test"].filter((part) => data.part.includes(part)).map((part, i) => ({
      name: part,
      fill: i === 0 ? TRAIN : seriesColor(i),
      errors: at((row) => data.part[row] === part),
    }));
  }
  const isNormal = (row: number) => anomalies.normal.includes(labels[row]!);
  const unknown = at((row) => labels[row] === "");
  return [
    { name: "ordinary", fill: TRAIN, errors: at((row) => labels[row] !== "" && isNormal(row)) },
    { name: "anomalies", fill: seriesColor(1), errors: at((row) => labels[row] !== "" && !isNormal(row)) },
    ...unknown.length > 0 ? [{ name: "without a label", fill: color("muted"), errors: unknown }] : [],
  ];
}

/** A table and its definitions; null of sparse rows. */
function measures(
  { parts }: RowErrorsDiagnostic,
  run: RunData,
  numbering: Numbering,
): { readonly table: Html; readonly notes: Html } | null {
  if (parts.length === 0) return null;
  const isSignal = parts.some((part) => part.spectral_convergence !== null);
  const rows: [string, (part: typeof parts[number]) => string][] = [
    ["Signal-to-noise ratio", (part) => decibels(part.snr_db)],
    ["Peak signal-to-noise ratio", (part) => decibels(part.psnr_db)],
    ["Correlation", (part) => ratio(part.correlation)],
    ...isSignal
      ? [
        ["Spectral convergence", (part) => ratio(part.spectral_convergence)] as [
          string,
          (part: typeof parts[number]) => string,
        ],
      ]
      : [],
    ["Mean squared error", (part) => error(part.mse)],
    ["Peak", (part) => error(part.peak)],
    ["Rows", (part) => count(part.rows)],
  ];
  const table = numbering.table(
    {
      head: ["", ...parts.map((part) => part.part)],
      rows: rows.map(([name, show]) => [name, ...parts.map(show)]),
      numeric: parts.map((_, i) => i + 1),
    },
    `How much the reconstructions are like their rows, in values in ${valueUnit(run.config)}.`,
  );
  const notes = markup`<dl class="notes">
<dt>Signal-to-noise ratio</dt><dd>is 10 log₁₀ (Σ y² / Σ (ŷ\u00a0−\u00a0y)²) for values y and reconstructions ŷ.</dd>
<dt>Peak signal-to-noise ratio</dt><dd>is 10 log₁₀ (peak² / mean squared error), where the peak is the largest value of these rows less
the smallest one.</dd>
<dt>Correlation</dt><dd>is Pearson’s, of a row with its reconstruction, in the mean over rows.</dd>${
    isSignal
      ? markup`
<dt>Spectral convergence</dt><dd>is the distance of the magnitudes of the Fourier transforms of all rows, divided by the norm of
those of the rows: 0 is perfect.</dd>`
      : null
  }</dl>`;
  return { table, notes };
}

function draw(data: RowErrorsDiagnostic, run: RunData, numbering: Numbering): Html {
  if (data.mse.length !== data.rows.length || data.part.length !== data.rows.length) {
    return missing("The errors of rows could not be drawn: row_errors.json has lists of other lengths.");
  }
  const groups = groupsOf(data);
  if (!groups.some((group) => group.errors.some(Number.isFinite))) return missing("No row has a finite error.");
  const { anomalies } = data;
  const histogram = numbering.figure(
    errorHistogram(groups, squaredUnit(run.config)),
    markup`How many of ${plural(data.rows.length, "row")} have which mean squared error, after ${
      momentText(run, data.epoch)
    }.${
      anomalies ? ` Ordinary are the rows with the label ${anomalies.normal.join(" or ")}, as the config says.` : ""
    }`,
    { legend: groups.map((group) => ({ name: group.name, fill: group.fill, value: count(group.errors.length) })) },
  );
  const roc = anomalies && numbering.figure(
    rocCurve(anomalies.curve.filter((point) => point.length === 2 && point.every(Number.isFinite)), anomalies.auc),
    markup`ROC curve: the share of ${
      plural(anomalies.anomalous_rows, "anomaly").replace(/anomalys$/, "anomalies")
    } and of ${
      plural(anomalies.ordinary_rows, "ordinary row")
    } whose error is above a threshold, for all thresholds. Ordinary rows have the label ${
      join(anomalies.normal.map((name) => markup`<b>${breakable(name)}</b>`), " or ")
    }. The area under the curve is ${ratio(anomalies.auc)} (95\u202f% interval ${ratio(anomalies.auc_low)} to ${
      ratio(anomalies.auc_high)
    }, by DeLong’s variance): the probability that an anomaly has a larger error than an ordinary row. On the dashed line the error
tells nothing.`,
  );
  const found = measures(data, run, numbering);
  if (roc === null) {
    return markup`<div class="wide-narrow">${histogram}<div>${found?.table}${found?.notes}</div></div>`;
  }
  const below = found && markup`<div class="wide-narrow">${found.table}${found.notes}</div>`;
  return markup`<div class="grid">${histogram}${roc}</div>${below}`;
}

export const rowErrorsDrawing: Drawing<RowErrorsDiagnostic> = {
  diagnostic: rowErrorsDiagnostic,
  title: "Error by row",
  draw,
};

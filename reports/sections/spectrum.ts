/** Power spectra of signals and their reconstructions. */
import { spectrum, type SpectrumDiagnostic } from "../../core/diagnostics/spectrum.ts";
import type { RunData } from "../../core/runs/types.ts";
import { waves } from "../charts/waves.ts";
import type { Drawing } from "../drawing.ts";
import { number, percent, plural } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { sum } from "../series.ts";
import { color, seriesColor } from "../theme.ts";
import { frequencyAxis } from "../time_axis.ts";
import { squaredUnit } from "../units.ts";
import { momentText } from "../when.ts";

function draw(data: SpectrumDiagnostic, run: RunData, numbering: Numbering): Html {
  const { frequency, truth, reconstruction, error, rate_hz } = data;
  const { unit, label } = frequencyAxis(frequency.at(-1) ?? 1, rate_hz);
  const step = frequency.length > 1 ? (frequency[1]! - frequency[0]!) / unit : 1;
  // Powers far below the largest one are rounding.
  const least = 1e-9 * Math.max(...truth, ...reconstruction);
  const shown = (values: readonly number[]) => values.map((value) => value > least ? value : NaN);
  // The highest frequency below which the error has less than half the power.
  const above = truth.findIndex((power, k) => error[k]! > power / 2);
  const kept = sum(truth) > 0 ? 1 - sum(error) / sum(truth) : NaN;
  const figure = numbering.figure(
    waves([
      { name: "truth", stroke: seriesColor(0), values: shown(truth) },
      { name: "reconstruction", stroke: seriesColor(1), values: shown(reconstruction) },
      { name: "error", stroke: color("muted"), values: shown(error), thin: true },
    ], {
      title: "Mean power spectra",
      description: `Of ${plural(data.rows, "row")} of ${data.samples} samples.`,
      from: frequency[0]! / unit,
      step,
      xLabel: label,
      yLabel: "power density",
      yUnit: `${squaredUnit(run.config)} per ${rate_hz === null ? "cycle per sample" : "Hz"}`,
      scale: "auto",
      ...{ width: 600, height: 300 },
    }),
    markup`Mean power spectrum of ${
      plural(data.rows, "row")
    } of the ${data.split} part, of their reconstructions and of the errors, after ${
      momentText(run, data.epoch)
    }: periodograms under a Hann window, each signal’s mean taken away. The error has ${
      percent(1 - kept)
    } of the signals’ power${
      above > 0
        ? markup`; from ${number(frequency[above]! / unit, 3)} ${
          label.replace(/^.*\((.*)\)$/, "$1")
        } on it has at least half of it`
        : above < 0
        ? ", and at no frequency half of it"
        : ""
    }.`,
    {
      legend: [
        { name: "truth", fill: seriesColor(0), shape: "line" },
        { name: "reconstruction", fill: seriesColor(1), shape: "line" },
        { name: "error", fill: color("muted"), shape: "line" },
      ],
      wide: true,
    },
  );
  return markup`<div class="narrow">${figure}</div>`;
}

export const spectrumDrawing: Drawing<SpectrumDiagnostic> = { diagnostic: spectrum, title: "Power spectrum", draw };

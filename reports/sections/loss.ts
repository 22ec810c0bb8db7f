/** Loss by epoch and by step, learning rate, gradient norm. */
import type { RunData, StepRow } from "../../core/runs/types.ts";
import { firstIsOutside, lossByEpoch } from "../charts/loss_by_epoch.ts";
import { smoothingWidth, trace } from "../charts/trace.ts";
import { valueAt } from "../config_view.ts";
import { count, number, plural } from "../format.ts";
import { type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { extent } from "../series.ts";
import { seriesColor, TRAIN } from "../theme.ts";
import { bestEpoch } from "./header.ts";

/** What the config's reduction makes of the squared error. */
function lossUnit(run: RunData): string {
  switch (valueAt(run.config, "loss.reduction")) {
    case "row_mean":
      return "squared error per row";
    case "sum":
      return "squared error per batch";
    default:
      return "mean squared error";
  }
}

function epochFigure(run: RunData, numbering: Numbering): Html {
  const { epochs } = run;
  const known = epochs.filter((e) => Number.isFinite(e.train_loss) || Number.isFinite(e.validation_loss ?? NaN));
  if (known.length === 0) {
    return missing(
      epochs.length === 0
        ? "No epoch was completed, so there is no loss by epoch."
        : "The loss of every epoch is not a number, so there is nothing to draw by epoch.",
    );
  }
  const best = bestEpoch(run);
  const validated = epochs.some((e) => e.validation_loss !== null);
  const broken = epochs.length - known.length;
  const losses = epochs.map((e) => ({ epoch: e.epoch, train: e.train_loss, validation: e.validation_loss }));
  const svg = lossByEpoch(losses, best, `loss (${lossUnit(run)})`);
  return numbering.figure(
    svg,
    markup`Loss by epoch. The training loss is the mean over the epoch’s steps, while the weights still changed${
      validated ? "; the validation loss is measured after the epoch" : "; there is no validation split"
    }.${best === null ? "" : markup` Best: epoch ${count(best)}.`}${
      firstIsOutside(losses)
        ? markup` The training loss of epoch ${count(losses[0]!.epoch)}, ${
          number(losses[0]!.train)
        }, is above the frame.`
        : ""
    }${broken > 0 ? markup` ${plural(broken, "epoch")} without a finite loss left out.` : ""}`,
  );
}

function stepTrace(
  steps: readonly StepRow[],
  pick: (row: StepRow) => number,
  options: {
    title: string;
    yLabel: string;
    stroke: string;
    smoothed: boolean;
    scale: "auto" | "linear";
    zero?: boolean;
  },
): string {
  const points = steps.map((row) => ({ x: row.step, y: pick(row) }));
  const range = extent(points.map((p) => p.y))!;
  return trace({
    ...options,
    points,
    xLabel: "step",
    whole: true,
    description: `${steps.length} steps, from ${number(range[0])} to ${number(range[1])}.`,
  });
}

function hasFinite(steps: readonly StepRow[], pick: (row: StepRow) => number): boolean {
  return steps.some((row) => Number.isFinite(pick(row)));
}

function stepFigure(run: RunData, numbering: Numbering): Html {
  const { steps } = run;
  if (steps.length === 0) return missing("No step is recorded, so there is no loss by step.");
  const broken = steps.filter((s) => !Number.isFinite(s.loss));
  if (broken.length === steps.length) return missing("The loss of every recorded step is not a number.");
  const svg = stepTrace(steps, (s) => s.loss, {
    title: "Loss by step",
    yLabel: `batch loss (${lossUnit(run)})`,
    stroke: TRAIN,
    smoothed: true,
    scale: "auto",
  });
  const width = smoothingWidth(steps.length) * ((steps.at(-1)!.step - steps[0]!.step + 1) / steps.length);
  return numbering.figure(
    svg,
    markup`Training loss of each batch.${
      width > 0
        ? ` Thin: as recorded; thick: smoothed (Gaussian, standard deviation ${plural(Math.round(width), "step")}).`
        : ""
    }${
      broken.length > 0
        ? markup` <b>${plural(broken.length, "step")} without a finite loss left out</b>, the first at step ${
          count(broken[0]!.step)
        }.`
        : ""
    }`,
  );
}

/** The digits that a setting was written with, four at most: 0.001 has one. */
function significant(value: number): number {
  return Math.min(4, value.toExponential().split("e")[0]!.replace(/[-.]/g, "").length);
}

/** The learning rate if it never changed, else null. */
function constantRate(run: RunData): number | null {
  const range = extent(run.steps.map((s) => s.learning_rate));
  return range && range[0] === range[1] ? range[0] : null;
}

function rateFigure(run: RunData, numbering: Numbering): Content {
  const range = extent(run.steps.map((s) => s.learning_rate));
  if (!range) return null;
  const svg = stepTrace(run.steps, (s) => s.learning_rate, {
    title: "Learning rate by step",
    yLabel: "learning rate",
    stroke: seriesColor(3),
    smoothed: false,
    scale: "linear",
    zero: true,
  });
  return numbering.figure(
    svg,
    markup`Learning rate, highest ${number(range[1])}, last ${number(run.steps.at(-1)!.learning_rate)}.`,
  );
}

function normFigure(run: RunData, numbering: Numbering): Content {
  if (!hasFinite(run.steps, (s) => s.grad_norm)) {
    return run.steps.length > 0 ? missing("The gradient norm is not recorded.") : null;
  }
  const svg = stepTrace(run.steps, (s) => s.grad_norm, {
    title: "Gradient norm by step",
    yLabel: "gradient norm",
    stroke: seriesColor(2),
    smoothed: true,
    scale: "auto",
  });
  const width = smoothingWidth(run.steps.length);
  return numbering.figure(
    svg,
    markup`L2 norm of all gradients together, before clipping.${width > 0 ? " Thin: each step; thick: smoothed." : ""}`,
  );
}

export function lossSection(run: RunData, numbering: Numbering): Html {
  const rate = constantRate(run);
  return markup`${
    rate === null ? "" : markup`<p>The learning rate was ${number(rate, significant(rate))} throughout.</p>\n`
  }<div class="grid">${epochFigure(run, numbering)}${stepFigure(run, numbering)}${normFigure(run, numbering)}${
    rate === null ? rateFigure(run, numbering) : ""
  }</div>`;
}

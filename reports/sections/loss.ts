/** Loss by epoch and by step, learning rate, gradient norm. */
import type { RunData, StepRow } from "../../core/runs/types.ts";
import { firstIsOutside, lossByEpoch } from "../charts/loss_by_epoch.ts";
import { smoothingWidth, trace } from "../charts/trace.ts";
import { count, error, number, plural, setting } from "../format.ts";
import { type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { extent } from "../series.ts";
import { seriesColor, TRAIN } from "../theme.ts";
import { thinnedText } from "../thinned.ts";
import { lossUnit, valueUnit } from "../units.ts";
import { editedAt, editedText, editsTable } from "./edits.ts";
import { bestEpoch } from "./header.ts";
import { resumedAt } from "./sessions.ts";

function epochFigure(run: RunData, numbering: Numbering): Html {
  const { epochs } = run;
  const known = epochs.filter((e) => Number.isFinite(e.train_loss) || Number.isFinite(e.validation_loss ?? NaN));
  if (known.length === 0) {
    return missing(
      epochs.length === 0
        ? "No epoch was completed, so there is no loss by epoch."
        : "No epoch has a finite loss, so there is no loss by epoch to draw.",
    );
  }
  const best = bestEpoch(run);
  const validated = epochs.some((e) => e.validation_loss !== null);
  const broken = epochs.length - known.length;
  const losses = epochs.map((e) => ({ epoch: e.epoch, train: e.train_loss, validation: e.validation_loss }));
  const svg = lossByEpoch(losses, best, lossUnit(run.config));
  return numbering.figure(
    svg,
    markup`Loss by epoch: the ${lossUnit(run.config)}, of values in ${
      valueUnit(run.config)
    }. The training loss is the mean over the steps of the epoch, between which the weights change. ${
      validated
        ? "The validation loss is measured with the weights at the end of the epoch."
        : "There is no validation part."
    }${
      epochs[0]!.epoch === 0
        ? " Epoch 0 is before the first step, when the network is a principal component analysis."
        : ""
    }${best === null ? "" : markup` The best epoch is epoch ${count(best)}.`}${
      firstIsOutside(losses)
        ? markup` The training loss of epoch ${count(losses[0]!.epoch)}, ${
          error(losses[0]!.train)
        }, lies above the frame.`
        : ""
    }${broken > 0 ? ` ${plural(broken, "epoch")} without a finite loss ${broken === 1 ? "is" : "are"} left out.` : ""}${
      thinnedText(run, "epochs", "epochs")
    }`,
  );
}

function stepTrace(
  run: RunData,
  pick: (row: StepRow) => number,
  options: {
    title: string;
    yLabel: string;
    yUnit?: string;
    stroke: string;
    smoothed: boolean;
    scale: "auto" | "linear";
    zero?: boolean;
  },
): string {
  const { steps } = run;
  const points = steps.map((row) => ({ x: row.step, y: pick(row) }));
  const range = extent(points.map((p) => p.y))!;
  return trace({
    ...options,
    points,
    xLabel: "step",
    whole: true,
    marked: resumedAt(run).map((r) => r.step),
    ticked: editedAt(run),
    description: `${steps.length} steps, from ${number(range[0])} to ${number(range[1])}.`,
  });
}

function hasFinite(steps: readonly StepRow[], pick: (row: StepRow) => number): boolean {
  return steps.some((row) => Number.isFinite(pick(row)));
}

/** Sentences about the dotted lines and the short ones; empty for a run that was neither resumed nor edited. */
function resumedText(run: RunData): string {
  const at = resumedAt(run), edited = editedText(run);
  return at.length === 0
    ? edited
    : `${edited} Dotted lines mark where the run was resumed (${plural(at.length, "time")}).`;
}

function stepFigure(run: RunData, numbering: Numbering): Html {
  const { steps } = run;
  if (steps.length === 0) return missing("No step is recorded, so there is no loss by step.");
  const broken = steps.filter((s) => !Number.isFinite(s.loss));
  if (broken.length === steps.length) {
    return missing("No recorded step has a finite loss, so there is no loss by step to draw.");
  }
  const svg = stepTrace(run, (s) => s.loss, {
    title: "Loss by step",
    yLabel: "loss of the batch",
    yUnit: lossUnit(run.config),
    stroke: TRAIN,
    smoothed: true,
    scale: "auto",
  });
  const width = smoothingWidth(steps.length) * ((steps.at(-1)!.step - steps[0]!.step + 1) / steps.length);
  return numbering.figure(
    svg,
    markup`Training loss of each batch.${
      width > 0
        ? ` The thin line shows the recorded values. The thick line is smoothed with a Gaussian whose standard deviation is ${
          plural(Math.round(width), "step")
        }.`
        : ""
    }${thinnedText(run, "steps", "steps")}${resumedText(run)}${
      broken.length > 0
        ? markup` <b>${plural(broken.length, "step")} without a finite loss ${
          broken.length === 1 ? "is" : "are"
        } left out</b>; the first is step ${count(broken[0]!.step)}.`
        : ""
    }`,
  );
}

/** The learning rate if it never changed, else null. */
function constantRate(run: RunData): number | null {
  const range = extent(run.steps.map((s) => s.learning_rate));
  return range && range[0] === range[1] ? range[0] : null;
}

function rateFigure(run: RunData, numbering: Numbering): Content {
  const range = extent(run.steps.map((s) => s.learning_rate));
  if (!range) return null;
  const svg = stepTrace(run, (s) => s.learning_rate, {
    title: "Learning rate by step",
    yLabel: "learning rate",
    stroke: seriesColor(3),
    smoothed: false,
    scale: "linear",
    zero: true,
  });
  return numbering.figure(
    svg,
    markup`Learning rate by step. The highest is ${setting(range[1])}, and the last is ${
      setting(run.steps.at(-1)!.learning_rate)
    }.${thinnedText(run, "steps", "steps")}${resumedText(run)}`,
  );
}

function normFigure(run: RunData, numbering: Numbering): Content {
  if (!hasFinite(run.steps, (s) => s.grad_norm)) {
    return run.steps.length > 0 ? missing("The gradient norm is not recorded.") : null;
  }
  const svg = stepTrace(run, (s) => s.grad_norm, {
    title: "Gradient norm by step",
    yLabel: "gradient norm",
    yUnit: "L2, before clipping",
    stroke: seriesColor(2),
    smoothed: true,
    scale: "auto",
  });
  const width = smoothingWidth(run.steps.length);
  return numbering.figure(
    svg,
    markup`L2 norm of the gradient of all parameters, before clipping.${
      width > 0 ? " The thin line shows the recorded values, and the thick line is smoothed like that of the loss." : ""
    }${thinnedText(run, "steps", "steps")}${resumedText(run)}`,
  );
}

export function lossSection(run: RunData, numbering: Numbering): Html {
  const rate = constantRate(run);
  return markup`${
    rate === null ? "" : markup`<p>The learning rate was ${setting(rate)} throughout.</p>\n`
  }<div class="grid">${epochFigure(run, numbering)}${stepFigure(run, numbering)}${normFigure(run, numbering)}${
    rate === null ? rateFigure(run, numbering) : ""
  }</div>${editsTable(run, numbering)}`;
}

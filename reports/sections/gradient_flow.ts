/** Sizes of the gradients by layer. */
import { gradientFlow, type GradientFlowDiagnostic } from "../../core/diagnostics/gradient_flow.ts";
import type { RunData } from "../../core/runs/types.ts";
import { compareLines } from "../charts/compare_lines.ts";
import { pairedDots } from "../charts/paired_dots.ts";
import type { Course, Drawing } from "../drawing.ts";
import { count, number, plural } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { strokeOf } from "../tags.ts";
import { seriesColor } from "../theme.ts";
import { momentText } from "../when.ts";

const SHOWN = 40, LINES = 8;

/** A tensor's name without what is the same in all that are drawn. */
const layerOf = (name: string) => name.replace(/\.weight$/, "");

function draw(data: GradientFlowDiagnostic, run: RunData, numbering: Numbering): Html {
  const weights = data.tensors.filter(({ shape }) => shape.length > 1);
  const shown = (weights.length > 0 ? weights : data.tensors).slice(0, SHOWN);
  const sizes = shown.map(({ gradient }) => gradient).filter((size) => size > 0);
  const ratio = sizes.length > 1 ? Math.max(...sizes) / Math.min(...sizes) : 1;
  const figure = numbering.figure(
    pairedDots(shown.map(({ name, gradient, value }) => ({ name: layerOf(name), first: gradient, second: value })), {
      title: "Gradients and weights by layer",
      description: `The largest gradient is ${number(ratio, 2)} times the smallest.`,
      xLabel: "root mean square",
      log: true,
      fills: [seriesColor(0), seriesColor(1)],
      names: ["gradient", "weight"],
    }),
    markup`Root mean square of the loss’s gradient in the weights of each layer, from the first to the last, and of the weights themselves,
for one batch of ${plural(data.rows, "training row")}, after ${momentText(run, data.epoch)}. The largest gradient is ${
      number(ratio, 2)
    } times the smallest. Gradients that fall by orders of magnitude towards the first
layer fade; those that grow towards it explode.`,
    {
      legend: [
        { name: "gradient", fill: seriesColor(0), shape: "circle" },
        { name: "weights", fill: seriesColor(1), shape: "circle" },
      ],
    },
  );
  return markup`<div class="grid">${figure}</div>`;
}

function overEpochs(course: Course<GradientFlowDiagnostic>, run: RunData, numbering: Numbering): Html | null {
  const names = [
    ...new Set(
      course.flatMap(({ data }) => data.tensors.filter(({ shape }) => shape.length > 1).map(({ name }) => name)),
    ),
  ];
  // The scale is logarithmic, where 0 has no place.
  const moved = names.filter((name) =>
    course.some(({ data }) => data.tensors.some((each) => each.name === name && each.gradient > 0))
  );
  if (moved.length === 0) return null;
  const shown = moved.slice(0, LINES);
  const figure = numbering.figure(
    compareLines(
      shown.map((name, i) => ({
        ...{ name, tag: layerOf(name), ...strokeOf(i) },
        points: course.flatMap(({ epoch, data }) => {
          const tensor = data.tensors.find((each) => each.name === name);
          return tensor && tensor.gradient > 0 ? [{ x: epoch, y: tensor.gradient }] : [];
        }),
      })),
      {
        title: "Gradients by epoch",
        ...{ xLabel: "epoch", yLabel: "root mean square of the gradient", whole: true, scale: "auto" },
      },
    ),
    markup`Root mean square of the gradient in the weights of ${
      shown.length < moved.length
        ? `the first ${count(LINES)} layers that have one`
        : moved.length < names.length
        ? "each layer that has one"
        : "each layer"
    } at ${plural(course.length, "epoch")} of ${run.name}.`,
  );
  return markup`<div class="grid">${figure}</div>`;
}

export const gradientFlowDrawing: Drawing<GradientFlowDiagnostic> = {
  diagnostic: gradientFlow,
  title: "Gradients",
  draw,
  overEpochs,
};

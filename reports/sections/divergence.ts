/** What the units of a variational code tell of a row. */
import { COLLAPSED_NATS, divergence, type DivergenceDiagnostic } from "../../core/diagnostics/divergence.ts";
import type { RunData } from "../../core/runs/types.ts";
import { compareLines } from "../charts/compare_lines.ts";
import { valueBars } from "../charts/value_bars.ts";
import type { Course, Drawing } from "../drawing.ts";
import { count, number, plural } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { strokeOf } from "../tags.ts";
import { momentText } from "../when.ts";

/** Bars that are drawn. */
const SHOWN = 24;

function collapsedText({ collapsed, units }: DivergenceDiagnostic): string {
  const nats = `${number(COLLAPSED_NATS, 1)} nats`;
  if (collapsed === 0) return `No unit has collapsed to the prior: each has at least ${nats} a row.`;
  return `${count(collapsed)} of ${plural(units, "unit")} ${
    collapsed === 1 ? "has" : "have"
  } collapsed to the prior: less than ${nats} a row, so that ${
    collapsed === 1 ? "it tells" : "they tell"
  } next to nothing of it.`;
}

function draw(data: DivergenceDiagnostic, run: RunData, numbering: Numbering): Html {
  const { rows, units, total, largest } = data;
  const bars = largest.slice(0, SHOWN), hidden = units - bars.length;
  const figure = numbering.figure(
    valueBars(
      bars.map(({ unit, nats }) => ({ name: `unit ${unit}`, value: nats })),
      "Divergence of the units of the code",
    ),
    markup`KL divergence of each unit of the code from its prior, in nats, on average over ${
      plural(rows, "row")
    } of the ${data.split} part, after ${momentText(run, data.epoch)}: how much a row tells in it, ${
      number(total, 3)
    } nats in all.${hidden > 0 ? ` The ${bars.length} largest of ${count(units)} are drawn.` : ""} ${
      collapsedText(data)
    }`,
  );
  return markup`<div class="grid">${figure}</div>`;
}

function overEpochs(course: Course<DivergenceDiagnostic>, run: RunData, numbering: Numbering): Html {
  const line = (name: string, i: number, of: (data: DivergenceDiagnostic) => number) => ({
    ...{ name, tag: name, ...strokeOf(i) },
    points: course.map(({ epoch, data }) => ({ x: epoch, y: of(data) })),
  });
  const nats = numbering.figure(
    compareLines([line("KL divergence", 0, ({ total }) => total)], {
      ...{ title: "KL divergence of the code, by epoch", xLabel: "epoch", yLabel: "nats a row", zero: true },
    }),
    markup`KL divergence of the code at ${plural(course.length, "epoch")} of ${run.name}, over all units.`,
  );
  const collapsed = numbering.figure(
    compareLines([line("collapsed units", 0, (data) => data.collapsed)], {
      ...{ title: "Collapsed units, by epoch", xLabel: "epoch", yLabel: "collapsed units", whole: true, zero: true },
    }),
    markup`Units that have collapsed to the prior, at the same epochs.`,
  );
  return markup`<div class="grid">${nats}${collapsed}</div>`;
}

export const divergenceDrawing: Drawing<DivergenceDiagnostic> = {
  diagnostic: divergence,
  title: "Divergence of the code",
  draw,
  overEpochs,
};

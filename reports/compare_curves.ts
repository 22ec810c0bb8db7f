/** Losses and throughput of several runs, drawn together if they can be compared. */
import type { RunData } from "../core/runs/types.ts";
import { type CompareLine, compareLines } from "./charts/compare_lines.ts";
import { firstIsOutside } from "./charts/loss_by_epoch.ts";
import { dataDifferences, groupsOfRuns, lossDifferences, sameMachine } from "./comparable.ts";
import { plural, timeUnit } from "./format.ts";
import { type Content, markup } from "./html.ts";
import type { Legend } from "./legend.ts";
import type { Numbering } from "./numbering.ts";
import { missing } from "./page.ts";
import { finite, type Point } from "./series.ts";
import { strokeOf, tagOf, tagsText } from "./tags.ts";
import { lossUnit } from "./units.ts";

/** The losses that are drawn: validation losses if every run with epochs has them, otherwise training losses. */
export function lossKind(runs: readonly RunData[]): "validation" | "training" {
  const trained = runs.filter((r) => r.epochs.length > 0);
  return trained.every((r) => r.epochs.some((e) => e.validation_loss !== null)) ? "validation" : "training";
}

type EpochOf = RunData["epochs"][number];

/** The lines of some runs, with the colours and letters that they have among all runs. */
function lines(
  runs: readonly RunData[],
  chosen: readonly number[],
  x: (e: EpochOf) => number,
  y: (e: EpochOf) => number,
): CompareLine[] {
  return chosen.map((i): CompareLine => ({
    name: runs[i]!.name,
    tag: tagOf(i),
    ...strokeOf(i),
    points: finite(runs[i]!.epochs.map((e): Point => ({ x: x(e), y: y(e) }))),
  })).filter((line) => line.points.length > 0);
}

/** Figures of more lines than this have no legend of their own, since the table of runs has the mark of each. */
const LEGEND_MAX = 24;

function legendOf(drawn: readonly CompareLine[]): Legend {
  return drawn.length > LEGEND_MAX
    ? []
    : drawn.map((l) => ({ name: `${l.tag}: ${l.name}`, fill: l.stroke, shape: "line", dash: l.dash }));
}

/** The losses of runs that can be compared. */
function lossFigures(runs: readonly RunData[], group: readonly number[], numbering: Numbering): Content[] {
  const members = group.map((i) => runs[i]!);
  const kind = lossKind(members);
  const loss = (e: EpochOf) => kind === "validation" ? e.validation_loss ?? NaN : e.train_loss;
  const byEpoch = lines(runs, group, (e) => e.epoch, loss);
  if (byEpoch.length === 0) return [];
  const yUnit = lossUnit(members[0]!.config);
  const absent = group.length - byEpoch.length;
  const unit = timeUnit(Math.max(...members.map((r) => r.epochs.at(-1)?.elapsed_s ?? 0)));
  const name = kind === "validation" ? "Validation" : "Training";
  const figure = (drawn: CompareLine[], options: Parameters<typeof compareLines>[1], caption: Content) =>
    numbering.figure(compareLines(drawn, options), caption, { legend: legendOf(drawn) });
  const figures = [
    figure(
      byEpoch,
      { title: `${kind} loss by epoch`, xLabel: "epoch", yLabel: `${kind} loss`, yUnit, whole: true, scale: "auto" },
      `${name} loss by epoch of ${tagsText(group)}, which have the same data, rows and loss.${
        byEpoch.length > LEGEND_MAX ? " The table of runs has the mark of each line." : ""
      }${absent > 0 ? ` ${plural(absent, "run")} without a finite loss ${absent === 1 ? "is" : "are"} left out.` : ""}`,
    ),
    figure(
      lines(runs, group, (e) => e.elapsed_s / unit.seconds, loss),
      {
        title: `${kind} loss by time`,
        xLabel: `time since the start (${unit.name})`,
        yLabel: `${kind} loss`,
        yUnit,
        scale: "auto",
      },
      `The same losses by time.${
        sameMachine(members)
          ? " The times can be compared only if no two runs shared the machine at the same time."
          : " The runs were not all made on the same machine with the same number of threads, so their times cannot be compared."
      }`,
    ),
  ];
  if (kind !== "validation") return figures;
  const cut = members.some((run) =>
    firstIsOutside(run.epochs.map((e) => ({ epoch: e.epoch, train: e.train_loss, validation: e.validation_loss })))
  );
  const training = lines(runs, group, (e) => e.epoch, (e) => cut && e.epoch === 1 ? NaN : e.train_loss);
  if (training.length > 0) {
    figures.push(figure(
      training,
      { title: "training loss by epoch", xLabel: "epoch", yLabel: "training loss", yUnit, whole: true, scale: "auto" },
      `Training loss by epoch, which is the mean over the steps of the epoch.${
        cut ? " The first epoch is left out, since its loss is far above the others." : ""
      }`,
    ));
  }
  return figures;
}

function speedFigure(runs: readonly RunData[], group: readonly number[], numbering: Numbering): Content {
  const speeds = lines(runs, group, (e) => e.epoch, (e) => e.steps > 0 ? e.samples_per_second : NaN);
  if (speeds.length === 0) return null;
  const options = { title: "Throughput by epoch", xLabel: "epoch", yLabel: "throughput", yUnit: "rows per second" };
  return numbering.figure(
    compareLines(speeds, { ...options, whole: true, zero: true }),
    `Training throughput of ${tagsText(group)} by epoch, in rows per second, including the waits for data.${
      sameMachine(group.map((i) => runs[i]!))
        ? ""
        : " The runs were not all made on the same machine with the same number of threads, so their settings alone do not explain the differences."
    }`,
    { legend: legendOf(speeds) },
  );
}

export function curves(runs: readonly RunData[], numbering: Numbering): Content {
  const groups = groupsOfRuns(runs, lossDifferences);
  const compared = groups.filter((g) => g.length > 1);
  const figures = compared.flatMap((group) => lossFigures(runs, group, numbering));
  const alone = groups.filter((g) => g.length === 1).flat();
  const why = compared.length === 0
    ? missing("No two of these runs have the same data, rows and loss, so their losses cannot be compared.")
    : figures.length === 0
    ? missing("None of these runs completed an epoch with a finite loss.")
    : alone.length > 0
    ? markup`<p>The losses of ${tagsText(alone)} are not drawn with the others, because ${
      alone.length === 1 ? "this run has" : "these runs have"
    } other data, rows or another loss.</p>\n`
    : null;
  return markup`${why}<div class="grid">${figures}${
    groupsOfRuns(runs, dataDifferences).filter((g) => g.length > 1).map((group) => speedFigure(runs, group, numbering))
  }</div>`;
}

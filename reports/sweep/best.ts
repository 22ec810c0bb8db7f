/** The best points of a sweep, with their losses by epoch over the seeds. */
import { meanInterval } from "../../core/analysis/statistics.ts";
import type { SweepData } from "../../core/sweep/read.ts";
import type { EpochRow } from "../../core/runs/types.ts";
import { prefersLog } from "../charts/axis.ts";
import { type Band, bands } from "../charts/bands.ts";
import { seedIntervals } from "../charts/seed_intervals.ts";
import { count, number, plural } from "../format.ts";
import { breakable, type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { extent, sum } from "../series.ts";
import { color, seriesColor } from "../theme.ts";
import { cut, type MeasuredPoint, ranked, type SweepPoint, valuesText } from "./points.ts";

/** Points drawn and listed at most. */
const DRAWN = 5, LISTED = 10;
/** Epochs drawn at most. */
const EPOCHS_MAX = 400;

/** The losses of the finished runs by epoch, up to the last epoch that all of them have. */
function band(point: MeasuredPoint, stroke: string, name: string, loss: (row: EpochRow) => number): Band {
  const logs = point.runs.filter((run) => run.value !== null).map((run) =>
    new Map(run.epochs.map((row) => [row.epoch, loss(row)]))
  );
  const epochs = [...logs[0]?.keys() ?? []].filter((epoch) =>
    logs.every((log) => Number.isFinite(log.get(epoch) ?? NaN))
  );
  const every = Math.ceil(epochs.length / EPOCHS_MAX);
  const points = epochs.filter((_, i) => i % every === 0 || i === epochs.length - 1).map((epoch) => {
    const losses = logs.map((log) => log.get(epoch)!);
    const [low, high] = losses.length > 2
      ? meanInterval(losses)
      : losses.length === 2
      ? [Math.min(...losses), Math.max(...losses)]
      : [null, null];
    return { x: epoch, y: sum(losses) / losses.length, low, high };
  });
  return { name, stroke, points };
}

function curvesFigure(best: readonly MeasuredPoint[], sweep: SweepData, numbering: Numbering): Content {
  const rows = best.flatMap((point) => point.runs.flatMap((run) => run.epochs));
  const isValidation = rows.length > 0 && rows.every((row) => row.validation_loss !== null);
  const kind = isValidation ? "validation" : "training";
  const drawn = best.map((point, i) =>
    band(
      point,
      seriesColor(i),
      cut(`point ${point.number}: ${valuesText(point.values, sweep.keys)}`, 90),
      (row) => isValidation ? row.validation_loss! : row.train_loss,
    )
  ).filter((each) => each.points.length > 0);
  if (drawn.length === 0) return missing("No point has an epoch with a finite loss in all of its runs.");
  const seeds = Math.max(...best.map((point) => point.found.length));
  const options = { title: `${kind} loss by epoch over the seeds`, xLabel: "epoch", yLabel: `${kind} loss` };
  const caption = `${isValidation ? "Validation" : "Training"} loss by epoch of the ${
    drawn.length === 1 ? "best point" : `${count(drawn.length)} best points`
  }: the mean over the seeds, up to the last epoch that all finished runs of the point have.${
    drawn.length === 1 ? "" : " The means of the others are grey, and all have the same scale."
  }${
    seeds > 2
      ? " The bands are 95\u202f% intervals of the mean by Student’s t distribution, at each epoch by itself, cut off where they leave the frame; of two seeds they are the range."
      : seeds === 2
      ? " The bands reach from one seed to the other."
      : ""
  }`;
  if (drawn.length === 1) {
    const legend = drawn.map((each) => ({ name: each.name, fill: each.stroke, shape: "line" as const }));
    return markup`<div class="grid">${numbering.figure(bands(drawn, options), caption, { legend })}</div>`;
  }
  // Bands over one another would be one surface, so each point has a chart.
  const panels = drawn.map((each) => ({
    title: each.name,
    note: number(each.points.at(-1)!.y),
    svg: bands([each], {
      ...options,
      title: `${options.title}: ${each.name}`,
      ...{ behind: drawn.filter((other) => other !== each), from: ends(drawn), width: 320, height: 220 },
    }),
  }));
  return numbering.panels(panels, caption, null, { title: options.title, wide: true });
}

/** The ends of the losses with their intervals, of which twice what the means have between them counts at either side. */
function ends(drawn: readonly Band[]): readonly [number, number] {
  const points = drawn.flatMap((each) => each.points).filter((point) => Number.isFinite(point.y));
  const [low, high] = extent(points.map((point) => point.y))!;
  const room = 2 * (high - low);
  const isDrawn = (value: number | null): value is number =>
    value !== null && Number.isFinite(value) && (low <= 0 || value > 0);
  return [
    Math.min(low, ...points.map((point) => point.low).filter(isDrawn).map((value) => Math.max(value, low - room))),
    Math.max(high, ...points.map((point) => point.high).filter(isDrawn).map((value) => Math.min(value, high + room))),
  ];
}

function seedsFigure(listed: readonly MeasuredPoint[], sweep: SweepData, numbering: Numbering): Html {
  const rows = listed.map((point, i) => ({
    name: `point ${point.number}`,
    stroke: i < DRAWN ? seriesColor(i) : color("muted"),
    values: point.found,
    mean: point.mean,
    interval: point.interval,
  }));
  const scale = prefersLog(rows.flatMap((row) => row.values)) ? "auto" : "linear";
  const several = listed.some((point) => point.interval !== null);
  return numbering.figure(
    seedIntervals(rows, sweep.metric, scale),
    `${sweep.metric} of the best points, the best at the top: a dot for each run and a bar across at their mean.${
      several
        ? " The line is the 95\u202f% interval of the mean by Student’s t distribution; it is cut off where it leaves the frame."
        : ""
    }`,
  );
}

function bestTable(
  listed: readonly MeasuredPoint[],
  best: readonly MeasuredPoint[],
  sweep: SweepData,
  numbering: Numbering,
): Html {
  return numbering.table(
    {
      head: ["", ...sweep.keys.map(breakable), "seeds", `mean ${sweep.metric}`, "95\u202f% interval", "failed"],
      rows: listed.map((point) => [
        `point ${point.number}`,
        ...point.values.map((value) => breakable(cut(value, 120))),
        count(point.found.length),
        number(point.mean),
        point.interval === null
          ? "–"
          : markup`<span class="nowrap">${number(point.interval[0])} to ${number(point.interval[1])}</span>`,
        count(point.runs.length - point.found.length),
      ]),
      numeric: [0, 1, 2, 3, 4].map((i) => i === 0 ? 0 : sweep.keys.length + i).filter((i) => i !== 0),
      stacked: true,
    },
    `The ${listed.length === best.length ? "" : `${count(listed.length)} best of `}${
      plural(best.length, "point")
    } with a finished run, the best first. The interval is that of the mean over the seeds, by Student’s t distribution; the last column counts runs that failed or are not finished.`,
  );
}

export function bestSection(sweep: SweepData, points: readonly SweepPoint[], numbering: Numbering): Content {
  const best = ranked(points, sweep.metric);
  if (best.length === 0) return missing("No run has finished yet.");
  const listed = best.slice(0, LISTED);
  const curves = curvesFigure(best.slice(0, DRAWN), sweep, numbering);
  return markup`${curves}<div class="grid">${seedsFigure(listed, sweep, numbering)}</div>${
    bestTable(listed, best, sweep, numbering)
  }`;
}

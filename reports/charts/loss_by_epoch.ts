import * as Plot from "@observablehq/plot";
import { type Axis, axis } from "./axis.ts";
import { chart, type Frame, frameOf, place, textWidth, WIDTH } from "./plot.ts";
import { endLabels, note } from "./marks.ts";
import { number } from "../format.ts";
import { color, TRAIN, VALIDATION } from "../theme.ts";
import { broken, extent, finite, type Point, stretches } from "../series.ts";

export interface EpochLoss {
  readonly epoch: number;
  readonly train: number;
  readonly validation: number | null;
}

/** More epochs than this are drawn as lines without a dot each. */
const DOTS_UP_TO = 60;

/** The height of a label in px, and places between two points at which a line is looked at. */
const LABEL = 15, BETWEEN = 12;

/** The first training loss is drawn if it is above all other losses by at most this many times their range. */
const FIRST_ABOVE = 2;

/**
 * Whether the first epoch's training loss is so high that the other losses would look like a flat line beside it. It is a
 * mean over steps of which the first used untrained weights.
 */
export function firstIsOutside(epochs: readonly EpochLoss[]): boolean {
  const first = epochs[0]?.train ?? NaN;
  const range = extent(epochs.flatMap((e, i) => [i === 0 ? NaN : e.train, e.validation ?? NaN]));
  return epochs.length > 3 && range !== null && range[1] > range[0] &&
    first - range[1] > FIRST_ABOVE * (range[1] - range[0]);
}

/** The heights in px at which a line runs between two places across. */
function heightsBetween(
  points: readonly Point[],
  from: number,
  to: number,
  { x, y, frame }: { x: Axis; y: Axis; frame: Frame },
): number[] {
  const placed = points.map((p) =>
    [place(x, p.x, frame.left, frame.right), place(y, p.y, frame.bottom, frame.top)] as const
  );
  return placed.flatMap(([across, down], i) => {
    const [next, under] = placed[i + 1] ?? [across, down];
    return Array.from({ length: BETWEEN + 1 }, (_, k) => k / BETWEEN)
      .filter((share) => across + share * (next - across) >= from && across + share * (next - across) <= to)
      .map((share) => down + share * (under - down));
  });
}

/**
 * Training and validation loss by epoch. The best epoch is marked, a first training loss far above all others is left out,
 * and the scale is logarithmic where that is easier to read.
 */
export function lossByEpoch(epochs: readonly EpochLoss[], best: number | null, unit: string): string {
  const outside = firstIsOutside(epochs);
  const train = epochs.map((e, i): Point => ({ x: e.epoch, y: outside && i === 0 ? NaN : e.train }));
  const validation = epochs.map((e): Point => ({ x: e.epoch, y: e.validation ?? NaN }));
  const values = [...train, ...validation].map((p) => p.y).filter(Number.isFinite);
  const y = { ...axis(values, { type: "auto", pad: 0.06 }), label: "loss", unit };
  const x = { ...axis(epochs.map((e) => e.epoch), { whole: true, pad: 0.02 }), label: "epoch" };
  const series = [
    { name: "training", points: train, stroke: TRAIN },
    { name: "validation", points: validation, stroke: VALIDATION },
  ].map((s) => ({
    ...s,
    points: y.type === "log" ? s.points.map((p) => (p.y > 0 ? p : { x: p.x, y: NaN })) : s.points,
  }))
    .filter((s) => finite(s.points).length > 0);
  const marginRight = 12 + Math.max(...series.map((s) => textWidth(s.name)));
  const frame = frameOf({ x, y, marginRight });
  const marks: Plot.Markish[] = [];
  const bestEpoch = epochs.find((e) => e.epoch === best);
  const bestLoss = bestEpoch?.validation ?? bestEpoch?.train;
  if (bestEpoch && epochs.length > 1) {
    marks.push(Plot.ruleX([bestEpoch.epoch], { stroke: color("muted"), strokeDasharray: "2,3" }));
  }
  for (const { points, stroke, name } of series) {
    marks.push(Plot.line(broken(stretches(points)), { x: "x", y: "y", stroke, strokeWidth: 1.8 }));
    if (points.length <= DOTS_UP_TO) {
      marks.push(Plot.dot(finite(points), {
        x: "x",
        y: "y",
        r: points.length > 30 ? 1.8 : 2.5,
        fill: stroke,
        title: (p: Point) => `epoch ${p.x}: ${name} loss ${number(p.y)}`,
      }));
    }
  }
  if (
    bestEpoch && epochs.length > 1 && bestLoss !== undefined && Number.isFinite(bestLoss) &&
    !(y.type === "log" && bestLoss <= 0)
  ) {
    const stroke = bestEpoch.validation === null ? TRAIN : VALIDATION;
    const at = { x: bestEpoch.epoch, y: bestLoss };
    marks.push(Plot.dot([at], { x: "x", y: "y", r: 5, stroke, strokeWidth: 1.8, fill: color("page") }));
    const late = (bestEpoch.epoch - x.domain[0]) / (x.domain[1] - x.domain[0]) > 0.5;
    const text = `best: epoch ${bestEpoch.epoch}, ${number(bestLoss)}`;
    const width = textWidth(text) + 12, from = place(x, bestEpoch.epoch, frame.left, frame.right) - (late ? width : 0);
    const heights = series.flatMap(({ points }) => heightsBetween(finite(points), from, from + width, { x, y, frame }));
    // As far up as no line runs through it.
    const free = [...Array(Math.floor((frame.bottom - frame.top) / LABEL)).keys()].find((slot) => {
      const top = frame.top + LABEL * slot;
      return heights.every((height) => height < top - 3 || height > top + LABEL + 3);
    });
    marks.push(
      note(text, { x: bestEpoch.epoch, y: y.domain[1] }, {
        textAnchor: late ? "end" : "start",
        dx: late ? -6 : 6,
        dy: 8 + LABEL * (free ?? 0),
      }),
    );
  }
  marks.push(
    ...endLabels(series.map((s) => ({ text: s.name, value: finite(s.points).at(-1)!.y, fill: s.stroke })), y, frame),
  );
  return chart({
    title: "Loss by epoch",
    description: series.map((s) => {
      const seen = finite(s.points);
      return `${s.name} loss goes from ${number(seen[0]!.y)} to ${number(seen.at(-1)!.y)}`;
    }).join("; ") + (bestEpoch ? `; lowest at epoch ${bestEpoch.epoch}.` : "."),
    x,
    y,
    marks,
    marginRight,
    width: WIDTH,
  });
}

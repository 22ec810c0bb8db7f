import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart, frameOf, place, textWidth, WIDTH } from "./plot.ts";
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
    const crossed = (top: number, bottom: number) =>
      series.some(({ points }) =>
        finite(points).some((p) => {
          const [across, down] = [place(x, p.x, frame.left, frame.right), place(y, p.y, frame.bottom, frame.top)];
          return across >= from && across <= from + width && down >= top && down <= bottom;
        })
      );
    // At the top, or at the bottom where a line runs along the top.
    const below = crossed(frame.top - 6, frame.top + 20) && !crossed(frame.bottom - 20, frame.bottom + 6);
    marks.push(
      note(text, { x: bestEpoch.epoch, y: y.domain[below ? 0 : 1] }, {
        textAnchor: late ? "end" : "start",
        dx: late ? -6 : 6,
        dy: below ? -8 : 8,
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

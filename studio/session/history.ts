/** The losses of a run so far, in bounded memory: means over more and more steps as the run gets longer. */
import type { EpochRow } from "../../core/runs/types.ts";
import type { Asks, EpochPoint } from "../protocol.ts";

/** Points that are kept at most. */
const KEPT = 1 << 13;

interface Point {
  /** The last of its steps, and when it was made, in seconds since the run began. */
  step: number;
  seconds: number;
  /** Sum over `count` rows of steps.csv. */
  loss: number;
  count: number;
}

const joined = (a: Point, b: Point): Point => ({
  step: b.step,
  seconds: b.seconds,
  loss: a.loss + b.loss,
  count: a.count + b.count,
});

/** Each `size` neighbouring points as one. */
function thinned(points: readonly Point[], size: number): Point[] {
  const fewer: Point[] = [];
  for (let at = 0; at < points.length; at += size) fewer.push(points.slice(at, at + size).reduce(joined));
  return fewer;
}

export class History {
  #points: Point[] = [];
  /** Rows of a whole point. */
  #size = 1;
  readonly epochs: EpochPoint[] = [];

  /** Adds a row of steps.csv. @param seconds since the run began */
  add(step: number, loss: number, seconds: number): void {
    const row = { step, loss, seconds, count: 1 }, last = this.#points.at(-1);
    if (last && last.count < this.#size) this.#points[this.#points.length - 1] = joined(last, row);
    else this.#points.push(row);
    if (this.#points.length <= KEPT) return;
    this.#points = thinned(this.#points, 2);
    this.#size *= 2;
  }

  addEpoch(step: number, row: EpochRow): EpochPoint {
    const { epoch, elapsed_s: seconds, train_loss: train, validation_loss: validation } = row;
    const point = { epoch, step, seconds, train, validation };
    this.epochs.push(point);
    return point;
  }

  /** At most `most` points, each with means over its steps. */
  answer(most: number): Asks["history"]["answer"] {
    const points = thinned(this.#points, Math.max(1, Math.ceil(this.#points.length / most)));
    return {
      step: Uint32Array.from(points, ({ step }) => step),
      loss: Float32Array.from(points, ({ loss, count }) => loss / count),
      seconds: Float32Array.from(points, ({ seconds }) => seconds),
      epochs: this.epochs,
    };
  }
}

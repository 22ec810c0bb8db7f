/** Losses of steps and epochs as they arrive, with a bounded number of points. */
import type { Asks } from "../protocol.ts";
import type { EpochPoint } from "./types.ts";

export interface Point {
  readonly step: number;
  readonly seconds: number;
}

interface StepPoint extends Point {
  readonly loss: number;
  /** Number of steps whose mean it is. */
  readonly count: number;
}

export class Curve {
  steps: StepPoint[] = [];
  epochs: EpochPoint[] = [];
  #each = 1;

  /** @param most points of steps that are kept; of more, neighbours become their mean */
  constructor(readonly most: number) {}

  begin({ step, loss, seconds, epochs }: Asks["history"]["answer"]): void {
    this.steps = Array.from(step, (at, i) => ({
      step: at,
      loss: loss[i]!,
      seconds: seconds[i]!,
      count: at - (step[i - 1] ?? 0),
    }));
    this.epochs = [...epochs];
    this.#each = Math.max(1, ...this.steps.map(({ count }) => count));
    this.#thin();
  }

  /** @param loss mean of the last `count` steps @param seconds since training began */
  addSteps(step: number, loss: number, seconds: number, count: number): void {
    const last = this.steps.at(-1);
    if (last && step <= last.step) return;
    if (last && last.count + count <= this.#each) {
      const sum = last.count + count;
      this.steps[this.steps.length - 1] = {
        step,
        seconds,
        loss: (last.loss * last.count + loss * count) / sum,
        count: sum,
      };
    } else this.steps.push({ step, loss, seconds, count });
    this.#thin();
  }

  addEpoch(point: EpochPoint): void {
    this.epochs = [...this.epochs.filter(({ epoch }) => epoch !== point.epoch), point].sort((a, b) =>
      a.epoch - b.epoch
    );
  }

  #thin(): void {
    while (this.steps.length > this.most) {
      this.#each *= 2;
      const halved: StepPoint[] = [];
      for (let i = 0; i < this.steps.length; i += 2) {
        const a = this.steps[i]!, b = this.steps[i + 1];
        if (!b) halved.push(a);
        else {
          const count = a.count + b.count;
          halved.push({ step: b.step, seconds: b.seconds, loss: (a.loss * a.count + b.loss * b.count) / count, count });
        }
      }
      this.steps = halved;
    }
  }
}

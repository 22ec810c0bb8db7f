/** What a run's events say: its history, and how long its steps take. It is one of the run's loggers. */
import { type Held, NOTHING_HELD } from "../../core/events/course.ts";
import type { Sink } from "../../core/events/mod.ts";
import type { RunEvent } from "../../core/events/types.ts";
import type { EpochPoint, Tells } from "../protocol.ts";
import { History } from "./history.ts";

/** Of the last steps and of the last epoch, in seconds; null where there were none. */
export interface Means {
  readonly step_rate: number | null;
  readonly step: number | null;
  readonly wait: number | null;
  readonly epoch: number | null;
}

export interface NewsTold {
  steps(steps: Tells["steps"]): void;
  epoch(epoch: EpochPoint): void;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

export class News implements Sink {
  readonly name = "the studio";
  readonly history = new History();
  means: Means = { step_rate: null, step: null, wait: null, epoch: null };
  /** Events of later steps are news. */
  #from = Infinity;
  #lastStep = 0;
  readonly #caughtUp = Promise.withResolvers<void>();

  constructor(readonly told: NewsTold) {}

  /** Resolves when the history has the steps of earlier sessions. */
  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  /** A session goes on after this step. */
  goOnFrom(step: number): void {
    this.#from = this.#lastStep = step;
  }

  open(): Promise<Held> {
    return Promise.resolve(NOTHING_HELD);
  }

  write(events: readonly RunEvent[]): Promise<void> {
    return Promise.resolve(events.forEach((event) => this.take(event)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  abandon(): void {
    this.#caughtUp.resolve();
  }

  take(event: RunEvent): void {
    switch (event.event) {
      case "start": // it comes after the rows of earlier sessions
        return this.#caughtUp.resolve();
      case "steps": {
        const { step, loss, learning_rate, step_ms, wait_ms, elapsed_s } = event;
        for (let i = 0; i < step.length; i++) this.history.add(step[i]!, loss[i]!, elapsed_s[i]!);
        const means = { step_rate: learning_rate.at(-1)!, step: mean(step_ms) / 1000, wait: mean(wait_ms) / 1000 };
        this.means = { ...this.means, ...means };
        const last = step.at(-1)!, count = last - this.#lastStep;
        if (last <= this.#from) return;
        this.#lastStep = last;
        return this.told.steps({ step: last, loss: mean(loss), seconds: elapsed_s.at(-1)!, count });
      }
      case "epoch": {
        const point = this.history.addEpoch(event.step, event);
        const { wait_ms, train_ms, validation_ms, checkpoint_ms, diagnostics_ms } = event;
        const epoch = (wait_ms + train_ms + validation_ms + checkpoint_ms + diagnostics_ms) / 1000;
        // Row 0 is the network before its first step.
        if (event.epoch > 0) this.means = { ...this.means, epoch };
        return event.step > this.#from ? this.told.epoch(point) : undefined;
      }
    }
  }
}

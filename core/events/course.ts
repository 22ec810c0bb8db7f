/**
 * Where events stand on the course of a run. A resume goes on from a checkpoint, and what lies after it no longer counts: every
 * sink cuts it off before it takes new events.
 */
import type { Position } from "../runs/attempts.ts";
import type { RunEvent } from "./types.ts";

export type { Position } from "../runs/attempts.ts";

/** The last step, window (epoch and number) and epoch of which a sink has the rows. */
export interface Held {
  readonly step: number;
  readonly chunk: readonly [epoch: number, chunk: number];
  readonly epoch: number;
}

export const NOTHING_HELD: Held = { step: 0, chunk: [0, -1], epoch: -1 };

/** What is held after an event, which follows those before it. */
export function holding(held: Held, event: RunEvent): Held {
  if (event.event === "steps") return { ...held, step: event.step.at(-1)! };
  if (event.event === "chunk") return { ...held, chunk: [event.epoch, event.chunk] };
  return event.event === "epoch" ? { ...held, epoch: event.epoch } : held;
}

/**
 * Whether an event lies after a position. The end of a session that is resumed always does, and so does what was made for it:
 * the run goes on instead.
 */
export function isPast(event: RunEvent, { step, epoch, window }: Position): boolean {
  switch (event.event) {
    case "steps":
      return event.step.at(-1)! > step;
    case "chunk":
      return event.epoch > epoch + 1 || (event.epoch === epoch + 1 && event.chunk >= window);
    case "epoch":
      return event.epoch > epoch;
    case "diagnostic":
      return event.final || event.epoch > epoch;
    case "end":
      return true;
    case "start":
      return step === 0 || event.step > step;
    default:
      return event.step > step;
  }
}

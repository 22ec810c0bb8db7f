/** A logger: something that takes the events of a run. */
import type { Held, Position } from "./course.ts";
import type { RunEvent, StartEvent } from "./types.ts";

/**
 * It has a queue of its own ({@link Lane}), and nothing waits for it: where it throws or does not return in time, it is
 * switched off with one warning, and the run goes on as without it. Its methods are called one after the other.
 */
export interface Sink {
  /** What warnings call it, as the config names it. */
  readonly name: string;
  /**
   * Begins, before any event. What it has from earlier sessions and lies after the position is cut off.
   * @param start the session's first event, which also comes after the rows that are missing
   * @returns what it still holds. The rows from there up to the position are read from the run's CSV files and come first;
   * `null` where it keeps nothing of its own and takes what happens from the position on.
   */
  open(position: Position, start: StartEvent): Promise<Held | null>;
  /** Takes events in their order. */
  write(events: readonly RunEvent[]): Promise<void>;
  /** Writes what is left, durably, and closes. */
  close(): Promise<void>;
  /** Gives up what it has open, after a failure and while another call may still hang. Must not throw or wait. */
  abandon(): void;
  /**
   * What is left to do once the run has ended and the sink is closed.
   * @param isFinished whether the run has come to its own end, so that there is time; a signal leaves none
   */
  afterwards?(isFinished: boolean, tell: Tell): Promise<void>;
}

/** Ways to tell the user something: what happens, and what went wrong. */
export interface Tell {
  note(text: string): void;
  warn(text: string): void;
}

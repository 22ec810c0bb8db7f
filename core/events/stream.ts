/**
 * The stream of a session's events. It is the only way in which loggers learn of a run. Events of a run go to the queue of each
 * sink, in one order; nothing that trains waits for a sink.
 */
import { join } from "@std/path";
import type { Held, Position } from "./course.ts";
import { Lane, type Limits } from "./lane.ts";
import { rowsAfter, StepReader } from "./rows.ts";
import type { Sink, Tell } from "./sink.ts";
import type { NoteEvent, RunEvent, StartEvent } from "./types.ts";

/** Notes kept from before the beginning. */
const NOTES_MAX = 1000;

export interface StreamOptions {
  /** The run folder, whose CSV files have been cut back to the position. */
  readonly run: string;
  /** Of the checkpoint from which the session goes on. */
  readonly position: Position;
  readonly sinks: readonly Sink[];
  readonly warn: (text: string) => void;
  readonly limits?: Limits;
}

export class EventStream {
  #lanes: Lane[] = [];
  #steps: StepReader | null = null;
  #early: NoteEvent[] = [];
  /** What has happened is given to the sinks one after the other, since steps have to be read first. */
  #order: Promise<void> = Promise.resolve();
  #warn: (text: string) => void = () => {};
  #state: "early" | "running" | "over" = "early";

  /** Opens the sinks and gives them the first event, then what was noted before. */
  async begin(start: StartEvent, { run, position, sinks, warn, limits }: StreamOptions): Promise<void> {
    if (sinks.length === 0) {
      this.#state = "over";
      this.#early = [];
      return;
    }
    this.#warn = warn;
    const path = join(run, "steps.csv");
    const size = await Deno.stat(path).then((info) => info.size, () => 0);
    this.#steps = new StepReader(path, size);
    const missing = (held: Held) => rowsAfter(run, held, position);
    this.#lanes = sinks.map((sink) => {
      const told = (text: string) => {
        warn(text);
        this.emit({ event: "note", step: position.step, text });
      };
      return new Lane(sink, { position, start, missing, warn: told, ...limits ? { limits } : {} });
    });
    for (const event of [start, ...this.#early.splice(0)]) this.#give(event);
    this.#state = "running";
  }

  /** What is printed; before the beginning it is kept. */
  note(step: number, text: string): void {
    const event = { event: "note", step, text } as const;
    if (this.#state === "early" && this.#early.length < NOTES_MAX) this.#early.push(event);
    this.emit(event);
  }

  /** Never waits and never throws. */
  emit(event: RunEvent): void {
    if (this.#state !== "running") return;
    this.#order = this.#order.then(() => this.#give(event));
  }

  /** The rows of all steps up to this one are in steps.csv. */
  stepsMade(step: number): void {
    if (this.#state === "running") this.#order = this.#order.then(() => this.#read(step));
  }

  /** Gives the sinks what has happened, and waits until they have written it or are switched off. */
  async close(): Promise<void> {
    await this.#order;
    this.#steps?.[Symbol.dispose]();
    this.#state = "over";
    await Promise.all(this.#lanes.map((lane) => lane.finish()));
  }

  /** After {@link close}: what sinks that are still on have left to do, such as an upload. */
  async afterwards(isFinished: boolean, tell: Tell): Promise<void> {
    for (const { sink, isOn } of this.#lanes) {
      if (isOn) await sink.afterwards?.(isFinished, tell);
    }
  }

  #give(event: RunEvent): void {
    for (const lane of this.#lanes) lane.push(event);
  }

  async #read(until: number): Promise<void> {
    try {
      for await (const event of this.#steps?.read(until) ?? []) this.#give(event);
    } catch (error) {
      this.#steps?.[Symbol.dispose]();
      this.#steps = null;
      const why = error instanceof Error ? error.message : String(error);
      this.#warn(`logging.sinks: steps.csv cannot be read: ${why}; no sink gets more steps in this session`);
    }
  }
}

/** The queue of one sink: it keeps the sink off the training's path, and switches it off where it fails or hangs. */
import type { Held, Position } from "./course.ts";
import type { Sink } from "./sink.ts";
import { rowsOf, type RunEvent, type StartEvent } from "./types.ts";

export interface Limits {
  /** Rows that wait at most: some ten megabytes. */
  readonly queuedRows: number;
  /**
   * Time that one call of a sink may take while the run goes on, and once it has ended. A call that the end of the run finds under way
   * has what is left of the latter, and at least a tenth of it.
   */
  readonly callMs: number;
  readonly lastCallMs: number;
  /** Time that a sink may take in all, call by call, once the run has ended. */
  readonly endMs: number;
}

export const LIMITS: Limits = { queuedRows: 100_000, callMs: 30_000, lastCallMs: 10_000, endMs: 60_000 };

/** Rows that a sink is given at a time, at least one event. */
const WRITE_ROWS = 4096;

export interface LaneOptions {
  readonly position: Position;
  readonly start: StartEvent;
  /** Rows of the run's CSV files after what the sink holds, up to the position. */
  readonly missing: (held: Held) => AsyncIterable<RunEvent>;
  readonly warn: (text: string) => void;
  readonly limits?: Limits;
}

class Switched extends Error {}

export class Lane {
  readonly #limits: Limits;
  #queue: RunEvent[] = [];
  #queued = 0;
  #isOff = false;
  #isEnding = false;
  #wake: () => void = () => {};
  /** The call that the sink is in: its time is shortened, or it is no longer waited for. */
  #pending: { hurry(): void; leave(): void } | null = null;
  readonly #work: Promise<void>;

  constructor(readonly sink: Sink, private readonly options: LaneOptions) {
    this.#limits = options.limits ?? LIMITS;
    this.#work = this.#run();
  }

  /** Whether the sink still takes events. */
  get isOn(): boolean {
    return !this.#isOff;
  }

  /** Appends an event to the queue. Never waits and never throws. */
  push(event: RunEvent): void {
    if (this.#isOff) return;
    this.#queue.push(event);
    this.#queued += rowsOf(event);
    if (this.#queued > this.#limits.queuedRows) {
      this.#switchOff(`does not keep up: more than ${this.#limits.queuedRows} rows wait for it`);
    }
    this.#wake();
  }

  /** Waits until everything is written, or the sink is switched off. No event may follow. */
  async finish(): Promise<void> {
    this.#isEnding = true;
    this.#wake();
    this.#pending?.hurry();
    const { endMs } = this.#limits;
    const timer = setTimeout(() => {
      this.#switchOff(`does not keep up: it still writes ${(endMs / 1000).toFixed(0)} s after the end of the run`);
    }, endMs);
    await this.#work;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    const { sink, options } = this;
    try {
      const held = await this.#call(() => sink.open(options.position, options.start));
      if (held !== null) {
        for await (const event of options.missing(held)) await this.#call(() => sink.write([event]));
      }
      for (;;) {
        if (this.#queue.length > 0) await this.#writeNext();
        else if (this.#isEnding) break;
        else await this.#pushed();
      }
      await this.#call(() => sink.close());
    } catch (error) {
      if (error instanceof Switched) return;
      this.#switchOff(`failed: ${error instanceof Error ? error.message : error}`);
    }
  }

  async #writeNext(): Promise<void> {
    let count = 0, rows = 0;
    while (count < this.#queue.length && rows < WRITE_ROWS) rows += rowsOf(this.#queue[count++]!);
    const events = this.#queue.splice(0, count);
    await this.#call(() => this.sink.write(events));
    this.#queued -= rows;
  }

  /** Waits for an event or the end. */
  #pushed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = () => {};
        resolve();
      };
    });
  }

  /** One call of the sink. What it does after the sink was switched off is of no interest. */
  async #call<T>(body: () => Promise<T>): Promise<T> {
    if (this.#isOff) throw new Switched();
    const begun = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const expired = new Promise<never>((_, reject) => {
      const wait = (ms: number) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          this.#switchOff(`hangs: it has not answered for ${((performance.now() - begun) / 1000).toFixed(0)} s`);
        }, ms);
      };
      const { lastCallMs } = this.#limits;
      const left = () => Math.max(lastCallMs / 10, lastCallMs - (performance.now() - begun));
      this.#pending = { hurry: () => wait(left()), leave: () => reject(new Switched()) };
      wait(this.#isEnding ? this.#limits.lastCallMs : this.#limits.callMs);
    });
    try {
      const made = body();
      made.catch(() => {}); // told by the race, unless the sink is off by then
      return await Promise.race([made, expired]);
    } finally {
      clearTimeout(timer);
      this.#pending = null;
    }
  }

  #switchOff(why: string): void {
    if (this.#isOff) return;
    this.#isOff = true;
    this.#queue = [];
    this.#queued = 0;
    this.options.warn(
      `logging.sinks: ${this.sink.name} ${why}; it is switched off, and the run goes on without it`,
    );
    try {
      this.sink.abandon();
    } catch { /* it has been told that it failed */ }
    this.#pending?.leave();
    this.#wake();
  }
}

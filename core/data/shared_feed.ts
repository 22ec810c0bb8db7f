/**
 * The windows of several runs that train on the same batches: each window is opened once, and every run has a reader of its
 * batches. The runs are at the same place, or come to it: one that was resumed further on is waited for from there.
 */
import type { BatchQueue } from "../../ffi/batches.ts";
import type { DataConfig } from "../config/types.ts";
import { type FeedOptions, type OpenBatches, openWindow } from "./feed.ts";
import type { Window } from "./plan.ts";

/** A run's part in a {@link SharedFeed}. */
export interface FeedMember {
  /** Opens a window, for all members with the first one that asks. */
  readonly open: OpenBatches;
  /** The others do not wait for this one any more. */
  leave(): void;
}

/** Where a run begins. */
interface Start {
  readonly epoch: number;
  readonly window: number;
  readonly batch: number;
}

const isAfter = (a: Omit<Start, "batch">, b: Omit<Start, "batch">) => (a.epoch - b.epoch || a.window - b.window) > 0;

class Member implements FeedMember {
  /** Readers that were opened for this member and that it has not taken, by window. */
  readonly waiting = new Map<string, Promise<BatchQueue>>();
  start: Start | null = null;
  /** The last window that it has opened. */
  #opened: Omit<Start, "batch"> | null = null;
  #isThere = Promise.withResolvers<void>();
  hasLeft = false;

  constructor(readonly feed: SharedFeed) {}

  /** When it is known where the member begins, or that it does not. */
  get arrived(): Promise<void> {
    return this.#isThere.promise;
  }

  /** The first batch of a window that it takes; null if it does not need the window. */
  firstBatch(epoch: number, window: number): number | null {
    if (this.hasLeft || this.start === null) return null;
    if (this.#opened !== null && !isAfter({ epoch, window }, this.#opened)) return null;
    if (isAfter(this.start, { epoch, window })) return null;
    return isAfter({ epoch, window }, this.start) ? 0 : this.start.batch;
  }

  open: OpenBatches = (window, options, firstBatch) => {
    const asked = { epoch: options.epoch, window: window.index };
    // What a command has changed, as the size of batches, is made for this run alone.
    const isOwn = !this.feed.isSame(options.data) || (this.#opened !== null && !isAfter(asked, this.#opened));
    if (isOwn) this.leave();
    if (this.hasLeft) return openWindow(window, options, firstBatch);
    if (this.start === null) {
      this.start = { ...asked, batch: firstBatch };
      this.#isThere.resolve();
    }
    return this.feed.open(this, window, options, () => this.#opened = asked);
  };

  leave(): void {
    this.hasLeft = true;
    this.#isThere.resolve();
    for (const reader of this.waiting.values()) reader.then((batches) => batches.close(), () => {});
    this.waiting.clear();
  }
}

export class SharedFeed {
  readonly #members: readonly Member[];
  #data: string | null = null;

  /**
   * @param count of runs
   * @param turns as many of them train at the same time
   */
  constructor(count: number, readonly turns: number) {
    this.#members = Array.from({ length: count }, () => new Member(this));
  }

  /** One for each run. No window is opened before each of them has asked for one, or has left. */
  get members(): readonly FeedMember[] {
    return this.#members;
  }

  /** For members only: whether batches are made with the settings that the first member had. */
  isSame(data: DataConfig): boolean {
    const settings = JSON.stringify(data);
    return settings === (this.#data ??= settings);
  }

  /** For members only: a member's reader of a window. @param opened called when the member has it */
  async open(member: Member, window: Window, options: FeedOptions, opened: () => void): Promise<BatchQueue> {
    await Promise.all(this.#members.map(({ arrived }) => arrived));
    const key = `${options.epoch}/${window.index}`;
    if (!member.waiting.has(key)) this.#openForAll(key, window, options);
    const reader = member.waiting.get(key)!;
    member.waiting.delete(key);
    opened();
    return await reader;
  }

  #openForAll(key: string, window: Window, options: FeedOptions): void {
    const needed = this.#members.flatMap((member) => {
      const first = member.firstBatch(options.epoch, window.index);
      return first === null ? [] : [{ member, first }];
    });
    const firsts = needed.map(({ first }) => first);
    const readers = openWindow(window, options, Math.min(...firsts)).then((batches) => {
      try {
        return batches.share(firsts, this.turns);
      } catch (error) {
        batches.close();
        throw error;
      }
    });
    needed.forEach(({ member }, index) => {
      const reader = readers.then((all) => all[index]!);
      reader.catch(() => {}); // the error is thrown where the member asks
      member.waiting.set(key, reader);
    });
  }
}

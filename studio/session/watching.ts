/**
 * Tells watchers what each stage gives for their rows while training goes on. Questions take a bounded share of the time: after
 * one that took t seconds, the next comes t / SHARE seconds after its begin at the earliest, however many watch.
 */
import type { RowName, Tells } from "../protocol.ts";

/** Of the time that questions of watchers may take from training. */
export const SHARE = 0.02;

export interface Watcher {
  tell(kind: "values", value: Tells["values"]): void;
}

interface Watched {
  readonly of: RowName;
  /** Milliseconds between two answers. */
  readonly every: number;
  /** When it was last told, and whether something has changed since. */
  told: number;
}

export interface Watchable {
  /** Whether steps are made at the moment. */
  isTraining(): boolean;
  /** What each stage gives for a row, and the milliseconds that training stood still for it. @throws {UserError} */
  values(of: RowName): Promise<{ readonly took: number; readonly values: Tells["values"] }>;
}

const now = () => performance.now();

export class Watching {
  readonly #watched = new Map<Watcher, Watched>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isAsking = false;
  /** When the next question may be asked while training. */
  #next = 0;
  #isClosed = false;

  constructor(readonly at: Watchable) {}

  /** @param of null: of no row any more */
  set(watcher: Watcher, of: RowName | null, perSecond: number): void {
    if (of === null) this.#watched.delete(watcher);
    else this.#watched.set(watcher, { of, every: 1000 / perSecond, told: -Infinity });
    this.#plan();
  }

  /** The network, or what is asked, has changed: all are told anew, also where nothing trains. */
  changed(): void {
    for (const watched of this.#watched.values()) watched.told = -Infinity;
    this.#plan();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#watched.clear();
  }

  #dueAt({ told, every }: Watched): number {
    if (told === -Infinity) return this.at.isTraining() ? this.#next : 0;
    return this.at.isTraining() ? Math.max(told + every, this.#next) : Infinity;
  }

  #plan(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isAsking || this.#isClosed || this.#watched.size === 0) return;
    const due = Math.min(...[...this.#watched.values()].map((watched) => this.#dueAt(watched)));
    if (due === Infinity) return;
    this.#timer = setTimeout(() => this.#ask(), Math.max(0, due - now()));
  }

  async #ask(): Promise<void> {
    this.#timer = null;
    this.#isAsking = true;
    const begun = now(), rows = new Map<string, [Watcher, Watched][]>();
    for (const entry of this.#watched) {
      if (this.#dueAt(entry[1]) > begun) continue;
      const key = JSON.stringify(entry[1].of);
      rows.set(key, [...rows.get(key) ?? [], entry]);
    }
    let spent = 0;
    for (const entries of rows.values()) {
      for (const [, watched] of entries) watched.told = begun;
      try {
        const { took, values } = await this.at.values(entries[0]![1].of);
        spent += took;
        for (const [watcher, watched] of entries) {
          if (this.#watched.get(watcher) === watched) watcher.tell("values", values);
        }
      } catch { /* a run that has just ended, or a row that is gone: the next change tells again */ }
    }
    this.#next = begun + spent / SHARE;
    this.#isAsking = false;
    this.#plan();
  }
}

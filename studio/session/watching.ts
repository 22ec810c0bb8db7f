/**
 * Tells watchers what each stage gives for their rows while training goes on. Questions take a bounded share of the time: after
 * one that took t seconds, the next comes t / SHARE seconds after its begin at the earliest, however many watch.
 */
import type { RowName, Tells } from "../protocol.ts";
import { errorOf } from "./error.ts";

/** Of the time that questions of watchers may take from training. */
export const SHARE = 0.01;

export interface Watcher {
  tell<K extends "values" | "note">(kind: K, value: Tells[K]): void;
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
  /** @throws {UserError} where there is no such row, or its values are not told */
  check(of: RowName): Promise<void>;
  /** What each stage gives for a row, and the milliseconds that training stood still for it. @throws {UserError} */
  values(of: RowName): Promise<{ readonly took: number; readonly values: Tells["values"] }>;
}

const now = () => performance.now();

export class Watching {
  readonly #watched = new Map<Watcher, Watched>();
  /** What each asked for last, and who has left. */
  readonly #wishes = new WeakMap<Watcher, object>();
  readonly #gone = new WeakSet<Watcher>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isAsking = false;
  /** When the next question may be asked while training. */
  #next = 0;
  #isClosed = false;

  constructor(readonly at: Watchable) {}

  /**
   * The last call of a watcher holds, also where an earlier one is checked for longer.
   * @param of null: of no row any more
   * @throws {UserError} as {@linkcode Watchable.check}; then what was watched before still is
   */
  async watch(watcher: Watcher, of: RowName | null, perSecond: number): Promise<void> {
    const wish = {};
    this.#wishes.set(watcher, wish);
    if (of !== null) await this.at.check(of);
    if (this.#wishes.get(watcher) !== wish || this.#gone.has(watcher)) return;
    if (of === null) this.#watched.delete(watcher);
    else this.#watched.set(watcher, { of, every: 1000 / perSecond, told: -Infinity });
    this.#plan();
  }

  /** The watcher is told nothing any more, whatever it has asked for. */
  leave(watcher: Watcher): void {
    this.#gone.add(watcher);
    this.#watched.delete(watcher);
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
      spent += await this.#tell(entries);
    }
    this.#next = begun + spent / SHARE;
    this.#isAsking = false;
    this.#plan();
  }

  /** Tells watchers of one row. A row without values is not watched any more. @returns milliseconds that it took from training */
  async #tell(entries: readonly [Watcher, Watched][]): Promise<number> {
    const those = () => entries.filter(([watcher, watched]) => this.#watched.get(watcher) === watched);
    try {
      const { took, values } = await this.at.values(entries[0]![1].of);
      for (const [watcher] of those()) watcher.tell("values", values);
      return took;
    } catch (error) {
      const { where, what } = errorOf(error);
      for (const [watcher] of those()) {
        this.#watched.delete(watcher);
        watcher.tell("note", {
          text: `the values of the layers are not shown any more: ${where}: ${what}`,
          warning: true,
        });
      }
      return 0;
    }
  }
}

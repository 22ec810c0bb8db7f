/**
 * The pace of the questions that a page asks by itself while a network trains. Training stands still for each of them, so all of them
 * together take at most a share of the time, which all pages divide among themselves.
 */
import type { Store } from "./store.ts";

/** Of the time of training, that the questions of all pages may take. */
export const SHARE = 0.01;
/** Milliseconds from the begin of one bundle of questions to that of the next, at least. */
export const LEAST_MS = 1000;

export interface Standing {
  /** Whether steps are made at the moment. */
  isTraining(): boolean;
  /** Whether nobody sees the page. */
  isHidden(): boolean;
  /** Number of pages that ask. */
  pages(): number;
  /** Milliseconds for which training has stood still for questions so far. */
  stood(): number;
}

type Ask = () => Promise<unknown>;

export class Pace {
  readonly #wanted = new Map<string, Ask>();
  #isUnderWay = false;
  /** When the next bundle may be asked while training. */
  #next = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly standing: Standing) {}

  /**
   * Asks as soon as there is time, together with what else is wanted then; where nothing trains, at once.
   * @param name of several questions of one name only the newest is asked
   * @param ask its promise ends with the answer; that it fails is its own affair
   */
  want(name: string, ask: Ask): void {
    this.#wanted.set(name, ask);
    this.#plan();
  }

  /** What is wanted next is not waited with, as after an edit. */
  hurry(): void {
    this.#next = 0;
    this.#plan();
  }

  /** The page is seen again, or training has come to a halt. */
  changed(): void {
    this.#plan();
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#isUnderWay || this.#wanted.size === 0 || this.standing.isHidden()) return;
    const wait = this.standing.isTraining() ? this.#next - performance.now() : 0;
    this.#timer = setTimeout(() => void this.#ask(), Math.max(0, wait));
  }

  async #ask(): Promise<void> {
    const asks = [...this.#wanted.values()], begun = performance.now(), before = this.standing.stood();
    this.#wanted.clear();
    this.#isUnderWay = true;
    this.#next = Infinity;
    // All at once: training is interrupted once for all of them.
    await Promise.allSettled(asks.map((ask) => Promise.resolve().then(ask)));
    const cost = Math.max(0, this.standing.stood() - before); // less than before: of another run
    // Zero, where one was in a hurry meanwhile.
    if (this.#next > 0) this.#next = begun + Math.max(LEAST_MS, cost * this.standing.pages() / SHARE);
    this.#isUnderWay = false;
    this.#plan();
  }
}

/**
 * Asks after epochs, and after every change where training stands still.
 * @param name {@linkcode Pace.want}
 */
export function afterEpochs(store: Store, name: string, ask: Ask): void {
  let known = "";
  store.on("epochs", () => store.pace.want(name, ask));
  store.on("state", ({ phase, step }) => {
    const now = `${phase} ${step}`;
    if (known !== "" && now !== known && phase !== "training") store.pace.want(name, ask);
    known = now;
  });
}

/**
 * The networks that hold the copies of a session's saves. Their memory is touched for the first time beside the training,
 * which takes far longer than a copy into memory that has been used before.
 */
import type { Model } from "../../ffi/model.ts";

/** Calls that must not overlap, one after the other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#last.then(call);
    this.#last = result.catch(() => {});
    return result;
  }
}

export class Twins implements Disposable {
  readonly #free: Model[] = [];
  #more: number;
  #coming: { readonly twin: Promise<Model>; waitedSince: number } | null = null;

  /**
   * @param count the number of networks that may be made
   * @param beside hears of the seconds that making one took until it was waited for
   */
  constructor(readonly model: Model, count: number, readonly beside: (seconds: number) => void) {
    this.#more = count;
  }

  /** Begins to make one more, unless one is free or none may be made. */
  prepare(): void {
    if (this.#free.length > 0 || this.#coming !== null || this.#more === 0) return;
    this.#more--;
    const begun = performance.now();
    const coming = { twin: this.model.twin(), waitedSince: Infinity };
    this.#coming = coming;
    const made = () => this.beside((Math.min(performance.now(), coming.waitedSince) - begun) / 1000);
    coming.twin.then(made, () => {}); // an error is told by `take`
  }

  /** One that holds no copy, or null where all do. */
  async take(): Promise<Model | null> {
    this.prepare();
    if (this.#free.length > 0) return this.#free.pop()!;
    const coming = this.#coming;
    if (coming === null) return null;
    coming.waitedSince = performance.now();
    try {
      return await coming.twin;
    } catch (error) {
      this.#more++;
      throw error;
    } finally {
      this.#coming = null;
    }
  }

  give(twin: Model): void {
    this.#free.push(twin);
  }

  /** Frees those that hold no copy. */
  [Symbol.dispose](): void {
    for (const twin of this.#free) twin.close();
    this.#free.length = this.#more = 0;
    this.#coming?.twin.then((twin) => twin.close(), () => {});
    this.#coming = null;
  }
}

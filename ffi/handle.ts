/** A pointer to an object of the engine, freed once, after the calls that use it have ended. */
import { EngineError } from "./error.ts";

export class Handle {
  #pointer: Deno.PointerObject | null;
  readonly #held = new Set<Promise<unknown>>();
  readonly #what: string;
  readonly #free: (pointer: Deno.PointerObject) => void;

  /** @param what the object in words, for the error after it was closed */
  constructor(pointer: Deno.PointerObject, what: string, free: (pointer: Deno.PointerObject) => void) {
    this.#pointer = pointer;
    this.#what = what;
    this.#free = free;
  }

  get closed(): boolean {
    return this.#pointer === null;
  }

  /** @throws {EngineError} `closed` */
  get pointer(): Deno.PointerObject {
    if (this.#pointer === null) throw new EngineError("closed", `the ${this.#what} has been closed`);
    return this.#pointer;
  }

  /** Runs a nonblocking call: closing meanwhile waits for its end. @throws {EngineError} `closed` */
  async hold<T>(call: (pointer: Deno.PointerObject) => Promise<T>): Promise<T> {
    const running = call(this.pointer);
    this.#held.add(running);
    try {
      return await running;
    } finally {
      this.#held.delete(running);
    }
  }

  /** May be called again. A call that was made may not have begun on its thread: only its end shows it is done. */
  close(): void {
    const pointer = this.#pointer;
    this.#pointer = null;
    if (pointer === null) return;
    if (this.#held.size === 0) this.#free(pointer);
    else Promise.allSettled(this.#held).then(() => this.#free(pointer));
  }
}

/**
 * Where commands for a run wait until its training loop takes them between two steps, and questions about the network with them.
 * The loop's side is {@linkcode Taker}, which a session attaches.
 */
import type { Model } from "../../ffi/model.ts";
import { UserError } from "../errors.ts";
import type { Command } from "./command.ts";
import type { Edit } from "./journal.ts";

/** The training that takes commands. */
export interface Taker {
  readonly model: Model;
  /** Ends the call of the engine that trains, after the present batch. */
  interrupt(): void;
}

/** What waits: a command, or a question. */
export interface Waiting {
  /** Lets the command take effect by `work`, which gives the edit that was recorded, or answers the question. */
  settle(work: (command: Command) => Promise<Edit>): Promise<void>;
  refuse(error: UserError): void;
}

/** Nothing trains that could take a command or answer a question between two steps. */
export class NotTraining extends UserError {
  constructor(what: string) {
    super("training", what, undefined, 1);
  }
}

export class Desk {
  #waiting: Waiting[] = [];
  #taker: Taker | null = null;
  #wake: (() => void) | null = null;

  /**
   * Resolves when the command has taken effect and is in the journal.
   * @throws {UserError} where it cannot be done, and where nothing trains
   */
  post(command: Command): Promise<Edit> {
    const { promise, resolve, reject } = Promise.withResolvers<Edit>();
    this.#add({ settle: (work) => work(command).then(resolve, reject), refuse: reject });
    return promise;
  }

  /** Asks something of the network between two steps; the question must not change it. @throws {UserError} as {@linkcode post} */
  ask<T>(question: (model: Model) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const { model } = this.#taker ?? {};
    // A question that fails at once is no failure of the training either.
    const settle = () => Promise.resolve().then(() => question(model!)).then(resolve, reject);
    this.#add({ settle, refuse: reject });
    return promise;
  }

  #add(waiting: Waiting): void {
    if (this.#taker === null) {
      waiting.refuse(new NotTraining("is not under way, so it takes no commands"));
      return;
    }
    this.#waiting.push(waiting);
    this.#taker.interrupt();
    this.wake();
  }

  /** Number of commands and questions that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** What has waited longest. */
  take(): Waiting | undefined {
    return this.#waiting.shift();
  }

  /** Resolves when something waits, or {@linkcode wake} is called. */
  async wait(): Promise<void> {
    if (this.#waiting.length > 0) return;
    await new Promise<void>((resolve) => this.#wake = resolve);
  }

  wake(): void {
    this.#wake?.();
    this.#wake = null;
  }

  attach(taker: Taker): void {
    if (this.#taker !== null) throw new Error("a desk has one training at a time");
    this.#taker = taker;
  }

  /** What still waits is refused. */
  detach(): void {
    this.#taker = null;
    const ended = new NotTraining("has ended before it took the command");
    for (const waiting of this.#waiting.splice(0)) waiting.refuse(ended);
    this.wake();
  }
}

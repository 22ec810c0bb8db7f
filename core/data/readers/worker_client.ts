/** A worker in which sources are read: what a damaged file does to the code that parses it stays there. */
import { Worker } from "node:worker_threads";
import { UserError } from "../../errors.ts";
import { type Answer, type Asked, type Elsewhere, errorOf, MAKE_AGAIN } from "./messages.ts";

/** What takes longer than this for one block is a file that leads the library around in circles. */
export const PATIENCE_MS = 120_000;

/** Values and names that a worker holds, without the arrays of numbers; what needs more is a file that claims absurd lengths. */
const HEAP_MB = 2048;

export class ReaderWorker implements Elsewhere {
  readonly #worker: Worker;
  #path = "";
  #waiting: { resolve(answer: Answer): void; reject(error: unknown): void } | null = null;
  /** What ended the worker. */
  #broken: UserError | null = null;

  constructor(readonly patienceMs = PATIENCE_MS) {
    const resourceLimits = { maxOldGenerationSizeMb: HEAP_MB };
    this.#worker = new Worker(new URL("./worker_main.ts", import.meta.url), { resourceLimits });
    this.#worker.on("message", (answer: Answer) => this.#waiting?.resolve(answer));
    this.#worker.on("error", ({ message = "" }: Error) => {
      const isFull = message.includes("memory limit");
      this.#fail(
        isFull
          ? `is damaged, or too large: it takes more than ${HEAP_MB} MB to read`
          : `cannot be read: ${message.split("\n")[0]}`,
      );
    });
  }

  #fail(what: string): void {
    this.close();
    this.#broken = new UserError(this.#path, what, MAKE_AGAIN);
    this.#waiting?.reject(this.#broken);
  }

  async ask(asked: Asked): Promise<Answer> {
    if (this.#broken) throw this.#broken;
    if (asked.ask === "open") this.#path = asked.path;
    const what = `is damaged: no row came within ${this.patienceMs / 1000} s`;
    const timer = setTimeout(() => this.#fail(what), this.patienceMs);
    try {
      const answer = await new Promise<Answer>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#worker.postMessage(asked);
      });
      if (answer.failure) throw errorOf(this.#path, answer.failure);
      return answer;
    } finally {
      clearTimeout(timer);
      this.#waiting = null;
    }
  }

  /** A thread in WebAssembly that goes around in circles lives on, as long as its process. */
  close(): void {
    void this.#worker.terminate();
  }
}

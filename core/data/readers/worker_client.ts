/** Readers that run in a worker. A block is asked for while the one before it is used. */
import { type ExitCode, UserError } from "../../errors.ts";
import { type Block, type OpenSource, OutOfOrder, type ReaderOptions } from "./reader.ts";
import { Worker } from "node:worker_threads";
import type { WorkerReader } from "./worker_main.ts";

export type SourceFacts = Omit<OpenSource, "read" | "close">;

export type Asked =
  | {
    readonly ask: "open";
    readonly reader: WorkerReader;
    readonly path: string;
    readonly options: ReaderOptions;
  }
  | { readonly ask: "next"; readonly blockRows: number };

export type Failure =
  | { readonly kind: "order" }
  | {
    readonly kind: "user";
    readonly where: string;
    readonly what: string;
    readonly hint: string | undefined;
    readonly exitCode: ExitCode;
  }
  | { readonly kind: "other"; readonly message: string };

export interface Answer {
  readonly facts?: SourceFacts;
  /** null after the last one. */
  readonly block?: Block | null;
  readonly failure?: Failure;
}

/** What takes longer than this for one block is a file that leads the library around in circles. */
const PATIENCE_MS = 120_000;

/** Values and names that a worker holds, without the arrays of numbers; what needs more is a file that claims absurd lengths. */
const HEAP_MB = 2048;

const AGAIN = "make the file again, or fetch it again";

/** A worker that reads one source after another. */
export class WorkerSource {
  readonly #worker: Worker;
  #waiting: { resolve(answer: Answer): void; reject(error: unknown): void } | null = null;
  /** What ended the worker. */
  #broken: UserError | null = null;

  constructor(readonly path: string, readonly patienceMs = PATIENCE_MS) {
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
    this.#broken = new UserError(this.path, what, AGAIN);
    this.#waiting?.reject(this.#broken);
  }

  async ask(asked: Asked): Promise<Answer> {
    if (this.#broken) throw this.#broken;
    const what = `is damaged: no row came within ${this.patienceMs / 1000} s`;
    const timer = setTimeout(() => this.#fail(what), this.patienceMs);
    try {
      const answer = await new Promise<Answer>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#worker.postMessage(asked);
      });
      if (answer.failure) throw errorOf(this.path, answer.failure);
      return answer;
    } finally {
      clearTimeout(timer);
      this.#waiting = null;
    }
  }

  async *blocks(blockRows: number): AsyncGenerator<Block> {
    const next = () => {
      const asking = this.ask({ ask: "next", blockRows });
      asking.catch(() => {}); // it is thrown where it is awaited
      return asking;
    };
    for (let asking = next();;) {
      const { block } = await asking;
      if (!block) return;
      asking = next();
      yield block;
    }
  }

  close(): void {
    void this.#worker.terminate();
  }
}

function errorOf(path: string, failure: Failure): Error {
  if (failure.kind === "order") return new OutOfOrder();
  if (failure.kind === "user") return new UserError(failure.where, failure.what, failure.hint, failure.exitCode);
  return new UserError(path, `is damaged: ${failure.message.split("\n")[0]}`, AGAIN);
}

/** Opens a source with a reader that runs in a worker. */
export async function openInWorker(reader: WorkerReader, path: string, options: ReaderOptions): Promise<OpenSource> {
  const source = new WorkerSource(path);
  try {
    const { member, settings, anyOrder, scratch } = options; // what else a caller has may not be sent
    const { facts } = await source.ask({
      ask: "open",
      reader,
      path,
      options: { member, settings, anyOrder, scratch },
    });
    return { ...facts!, read: (blockRows) => source.blocks(blockRows), close: () => source.close() };
  } catch (error) {
    source.close();
    throw error;
  }
}

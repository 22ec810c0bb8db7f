/** What is asked of a reader that runs elsewhere, in a worker or a process of its own, and what it answers. */
import { type ExitCode, MalformedError, UserError } from "../../errors.ts";
import { type Block, type Member, OpenChoice, type OpenSource, OutOfOrder, type ReaderOptions } from "./reader.ts";
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
    /** Of an {@link OpenChoice}. */
    readonly members?: readonly Member[];
  }
  | { readonly kind: "other"; readonly message: string };

export interface Answer {
  readonly facts?: SourceFacts;
  /** null after the last one. */
  readonly block?: Block | null;
  readonly failure?: Failure;
}

/** A reader that runs elsewhere and reads one source after another. */
export interface Elsewhere {
  /** One question at a time. @throws {UserError} @throws {OutOfOrder} */
  ask(asked: Asked): Promise<Answer>;
  /** Ends it, whatever it does. */
  close(): void;
}

export const MAKE_AGAIN = "make the file again, or fetch it again";

export function failureOf(error: unknown): Failure {
  if (error instanceof OutOfOrder) return { kind: "order" };
  if (error instanceof MalformedError) return failureOf(error.ofData());
  if (error instanceof UserError) {
    const { where, what, hint, exitCode } = error;
    const members = error instanceof OpenChoice ? { members: error.members } : {};
    return { kind: "user", where, what, hint, exitCode, ...members };
  }
  return { kind: "other", message: error instanceof Error ? error.message : String(error) };
}

export function errorOf(path: string, failure: Failure): Error {
  if (failure.kind === "order") return new OutOfOrder();
  if (failure.kind === "user") {
    const { where, what, hint, exitCode, members } = failure;
    const error = new UserError(where, what, hint, exitCode);
    return members ? new OpenChoice(error, members) : error;
  }
  return new UserError(path, `is damaged: ${failure.message.split("\n")[0]}`, MAKE_AGAIN);
}

/** The rows of the source that is open. A block is asked for while the one before it is used. */
export async function* blocksOf(elsewhere: Elsewhere, blockRows: number): AsyncGenerator<Block> {
  const next = () => {
    const asking = elsewhere.ask({ ask: "next", blockRows });
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

/** Readers whose sources are read in a process of its own. */
import { UserError } from "../../errors.ts";
import { FrameReader, writeFrame } from "./frames.ts";
import { type Answer, type Asked, blocksOf, type Elsewhere, errorOf, MAKE_AGAIN } from "./messages.ts";
import { readerProgram } from "./process_program.ts";
import type { OpenSource, ReaderOptions } from "./reader.ts";
import { PATIENCE_MS, ReaderWorker } from "./worker_client.ts";
import type { WorkerReader } from "./worker_main.ts";

/** Characters of what a process said at its end. */
const SAID_MOST = 4000;

/** Processes that were told to end and have not ended yet. */
const ending = new Set<Promise<unknown>>();

/** Resolves when every process whose source was closed is gone. */
export const readersEnded = async (): Promise<void> => void await Promise.all(ending);

export class ReaderProcess implements Elsewhere {
  readonly #child: Deno.ChildProcess;
  readonly #answers: FrameReader;
  readonly #questions: WritableStreamDefaultWriter<Uint8Array>;
  #path = "";
  #isClosed = false;
  /** What it says on standard error: nothing, unless it ends by a fault of its own. */
  readonly #said: Promise<string>;

  constructor([program, ...args]: readonly string[], patienceMs = PATIENCE_MS) {
    this.#child = new Deno.Command(program!, {
      args: [...args, String(patienceMs)],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#answers = new FrameReader(this.#child.stdout);
    this.#questions = this.#child.stdin.getWriter();
    this.#said = endOf(this.#child.stderr);
  }

  get pid(): number {
    return this.#child.pid;
  }

  async ask(asked: Asked): Promise<Answer> {
    if (asked.ask === "open") this.#path = asked.path;
    const answer = await this.#answer(asked);
    if (answer === null) throw await this.#ended();
    if (answer.failure) throw errorOf(this.#path, answer.failure);
    return answer;
  }

  async #answer(asked: Asked): Promise<Answer | null> {
    try {
      await writeFrame(this.#questions, asked);
      return await this.#answers.next() as Answer | null;
    } catch {
      return null; // a pipe that nobody reads any more
    }
  }

  async #ended(): Promise<UserError> {
    if (this.#isClosed) return new UserError(this.#path, "was closed while it was read");
    const { code, signal } = await this.#child.status;
    const said = (await this.#said).trim().split("\n").findLast((line) => line !== "") ?? "";
    const how = `${signal ?? `status ${code}`}${said && ": "}${said}`;
    return new UserError(this.#path, `cannot be read: the process that read it ended with ${how}`, MAKE_AGAIN);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended
    }
    const all = Promise.allSettled([this.#child.status, this.#said, this.#questions.close(), this.#answers.close()]);
    ending.add(all);
    void all.then(() => ending.delete(all));
  }
}

/** The last characters of a stream. */
async function endOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
    text = (text + piece).slice(-SAID_MOST);
  }
  return text;
}

/**
 * Opens a source with a reader that runs in a process of its own; in a worker where no process may be started.
 * @throws {UserError}
 */
export async function openElsewhere(
  reader: WorkerReader,
  path: string,
  options: ReaderOptions,
  patienceMs = PATIENCE_MS,
): Promise<OpenSource> {
  const program = readerProgram();
  const source = program ? new ReaderProcess(program, patienceMs) : new ReaderWorker(patienceMs);
  try {
    const { member, settings, anyOrder, scratch } = options; // what else a caller has may not be sent
    const asked = { ask: "open", reader, path, options: { member, settings, anyOrder, scratch } } as const;
    const { facts } = await source.ask(asked);
    return { ...facts!, read: (blockRows) => blocksOf(source, blockRows), close: () => source.close() };
  } catch (error) {
    source.close();
    throw error;
  }
}

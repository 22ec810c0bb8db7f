/** Programs of the user's that read the events as lines of JSON on their standard input: a command, or a TypeScript file. */
import { ioError } from "../formats/io_error.ts";
import { userFolder } from "../paths.ts";
import { denoWords, endGroup, INTO_LOG, statusText } from "../programs.ts";
import type { Held, Position } from "./course.ts";
import { lineOf } from "./json_lines.ts";
import type { Sink } from "./sink.ts";
import type { RunEvent, StartEvent } from "./types.ts";

/** Time in which a program whose input is closed is asked how it has ended. */
const ENDED_MS = 500;

/**
 * A command of the config.
 * @param command what a shell starts
 * @param log the file that takes what the program prints
 */
export const commandSink = (command: string, log: string): Sink =>
  new ProgramSink(`the command ${JSON.stringify(command)}`, `${INTO_LOG}${command}`, [], log);

/**
 * A TypeScript file of the config, in a process of its own (`module_main.ts`).
 * @param path of the file, absolute
 * @param log the file that takes what it prints
 */
export function moduleSink(path: string, log: string): Sink {
  const words = denoWords(new URL("./module_main.ts", import.meta.url), path);
  return new ProgramSink(`the module ${JSON.stringify(path)}`, `${INTO_LOG}shift\nexec "$@"`, words, log);
}

class ProgramSink implements Sink {
  #child: Deno.ChildProcess | null = null;
  #input: WritableStreamDefaultWriter<Uint8Array> | null = null;

  /**
   * @param script of a shell, whose first argument is the log
   * @param args its further arguments
   * @param log the file that takes what the program prints
   */
  constructor(
    readonly name: string,
    readonly script: string,
    readonly args: readonly string[],
    readonly log: string,
  ) {}

  /**
   * Starts the program. It keeps what it likes, so nothing is cut off, and no earlier rows are given to it: the first event
   * tells it from which step the run goes on.
   */
  // deno-lint-ignore require-await -- an error of the system is the promise's
  async open(_position: Position, { path }: StartEvent): Promise<Held | null> {
    try {
      this.#child = new Deno.Command("/bin/sh", {
        args: ["-c", this.script, "sh", this.log, ...this.args],
        cwd: userFolder(),
        env: { NARROWS_RUN: path },
        stdin: "piped",
        stdout: "null",
        stderr: "inherit", // of the shell, where the log cannot be opened
        detached: true, // Ctrl-C is for the run, whose end the program is still told
      }).spawn();
    } catch (cause) {
      throw ioError("/bin/sh", "start", cause);
    }
    this.#input = this.#child.stdin.getWriter();
    this.#input.closed.catch(() => {}); // told by the write that fails
    return null;
  }

  async write(events: readonly RunEvent[]): Promise<void> {
    const bytes = new TextEncoder().encode(events.map((event) => `${lineOf(event)}\n`).join(""));
    try {
      await this.#input!.write(bytes);
    } catch (cause) {
      throw await this.#ended() ?? ioError(this.name, "write", cause);
    }
  }

  /** Closes the program's input and waits for its end. */
  async close(): Promise<void> {
    const child = this.#child!;
    await this.#input!.close().catch(() => {}); // a program that has ended early is told by its status
    const status = await child.status;
    this.#child = null;
    if (!status.success) throw new Error(`it has ended with ${statusText(status)}, see ${this.log}`);
  }

  /** The error of a program that has ended while the run goes on; null where it only has closed its input. */
  async #ended(): Promise<Error | null> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<null>((resolve) => timer = setTimeout(() => resolve(null), ENDED_MS));
    const status = await Promise.race([this.#child!.status, late]);
    clearTimeout(timer);
    return status && new Error(`it has ended with ${statusText(status)} before the run, see ${this.log}`);
  }

  abandon(): void {
    const child = this.#child;
    this.#child = null;
    this.#input?.abort().catch(() => {});
    this.#input = null;
    if (child !== null) endGroup(child.pid); // the shell and what it has started
  }
}

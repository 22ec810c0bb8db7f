/** A program of the user's that reads the events as lines of JSON on its standard input. */
import { ioError } from "../formats/io_error.ts";
import { userFolder } from "../paths.ts";
import type { Held, Position } from "./course.ts";
import { lineOf } from "./json_lines.ts";
import type { Sink } from "./sink.ts";
import type { RunEvent, StartEvent } from "./types.ts";

/** Time in which a program whose input is closed is asked how it has ended. */
const ENDED_MS = 500;

export class CommandSink implements Sink {
  readonly name: string;
  #child: Deno.ChildProcess | null = null;
  #input: WritableStreamDefaultWriter<Uint8Array> | null = null;

  /**
   * @param command what a shell starts
   * @param log the file that takes what the program prints
   */
  constructor(readonly command: string, readonly log: string) {
    this.name = `the command ${JSON.stringify(command)}`;
  }

  /**
   * Starts the program. It keeps what it likes, so nothing is cut off, and no earlier rows are given to it: the first event
   * tells it from which step the run goes on.
   */
  // deno-lint-ignore require-await -- an error of the system is the promise's
  async open(_position: Position, { path }: StartEvent): Promise<Held | null> {
    try {
      this.#child = new Deno.Command("/bin/sh", {
        args: ["-c", `exec >> "$1" 2>&1\n${this.command}`, "sh", this.log],
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
    if (child === null) return;
    try {
      Deno.kill(-child.pid, "SIGKILL"); // the shell and what it has started
    } catch { /* they have ended */ }
  }
}

const statusText = ({ code, signal }: Deno.CommandStatus) => signal === null ? `status ${code}` : signal;

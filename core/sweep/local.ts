/** Trains runs in child processes, some at a time. One that another process writes, such as a child that outlived a killed sweep, is waited for. */
import { systemReason } from "../formats/io_error.ts";
import { type RunState, runState } from "../runs/list.ts";
import {
  type EpochEvent,
  isBegun,
  type Launcher,
  type Outcome,
  reached,
  type Stint,
  type SweepObserver,
  trainArguments,
  writeConfig,
} from "./execute.ts";

/** How often a run that another process writes is looked at. */
const LOOK_MS = 300;

export interface LocalOptions {
  /** The sweep's folder, which is there. */
  readonly folder: string;
  readonly jobs: number;
  /** Threads for each child; null where the config says how many. */
  readonly threads: number | null;
  /** The words that start `train`: a program and its first arguments. */
  readonly trainCommand: readonly string[];
  readonly observer: SweepObserver;
}

export class LocalLauncher implements Launcher {
  readonly #children = new Set<Deno.ChildProcess>();
  readonly #queue: (() => void)[] = [];
  #free: number;
  #stopping = false;

  constructor(readonly options: LocalOptions) {
    this.#free = options.jobs;
  }

  stop(): void {
    this.#stopping = true;
    for (const child of this.#children) {
      try {
        child.kill("SIGTERM");
      } catch { /* it has just ended */ }
    }
  }

  /** In the order in which runs are asked for, `jobs` at a time. */
  async train(stint: Stint): Promise<Outcome> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await this.#train(stint);
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free++;
    }
  }

  async #train(stint: Stint): Promise<Outcome> {
    for (;;) {
      const before = await this.#untilFree(stint);
      const there = await reached(stint, false);
      if (there !== null && before !== null) return there;
      if (this.#stopping || before === null) return { kind: "stopped" };
      const error = await this.#child(stint);
      const { status } = await runState(stint.run.path);
      const outcome = status === "running" ? null : await reached(stint, false);
      if (outcome !== null) return outcome;
      if (this.#stopping && status !== "failed") return { kind: "stopped" };
      // Between the look and the start another process may have taken the run.
      if (status !== "running") return { kind: "failed", error };
    }
  }

  /** The state of a run when no process writes it; null if the sweep stops while one does. */
  async #untilFree(stint: Stint): Promise<RunState | null> {
    for (let told = false;; told = true) {
      const state = await runState(stint.run.path);
      if (state.status !== "running") return state;
      if (this.#stopping) return null;
      if (!told) this.options.observer.waiting?.(stint, "another process trains it");
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  }

  /** Trains a run in a child process to its end. @returns what the child said on its error output */
  async #child(stint: Stint): Promise<string> {
    const { folder, trainCommand: [program, ...first], threads, observer } = this.options;
    const args = [...trainArguments(stint, await writeConfig(folder, stint.run)), "--json"];
    if (threads !== null) args.push("--override", `runtime.threads=${threads}`);
    const resumed = await isBegun(stint.run);
    if (this.#stopping) return "";
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program!, {
        args: [...first, ...args],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      return `cannot start ${program} (${systemReason(error)})`;
    }
    this.#children.add(child);
    observer.started?.(stint, resumed);
    try {
      const [stderr, status] = await Promise.all([
        textOf(child.stderr),
        child.status,
        followed(child.stdout, (event) => observer.epoch?.(stint, event)),
      ]);
      return errorOf(stderr, status);
    } finally {
      this.#children.delete(child);
    }
  }
}

const STDERR_MAX = 64_000;

/** The end of what a process wrote. */
async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
    text = (text + part).slice(-STDERR_MAX);
  }
  return text;
}

/** The error that `train` printed, without the program's name; null if it printed none. */
export function printedError(stderr: string): string | null {
  const lines = stderr.split("\n").filter((line) => line.startsWith("narrows: ")).map((line) => line.slice(9));
  return lines.filter((line) => !line.startsWith("stopped by ")).at(-1) ?? lines.at(-1) ?? null;
}

/** The error that a child printed; else how it ended. */
function errorOf(stderr: string, { code, signal }: Deno.CommandStatus): string {
  const ended = signal ? `ended by ${signal}` : stderr.trim().split("\n").at(-1) || `ended with status ${code}`;
  return printedError(stderr) ?? ended;
}

/** Reads the lines that `train --json` prints, and tells of epochs. */
async function followed(stream: ReadableStream<Uint8Array>, told: (event: EpochEvent) => void): Promise<void> {
  let rest = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith('{"event":"epoch"')) told(JSON.parse(line));
    }
  }
}

/**
 * Runs a sweep's runs in child processes. A finished run is never started again; one that was interrupted is resumed; one that
 * another process writes, such as a child that outlived a killed sweep, is waited for.
 */
import { join } from "@std/path";
import { systemReason } from "../formats/io_error.ts";
import { makeFolder, writeFileAtomic } from "../runs/atomic.ts";
import { type RunState, runState } from "../runs/list.ts";
import type { Summary } from "../runs/types.ts";
import type { PlannedRun } from "./plan.ts";

/** How often a run that another process writes is looked at. */
const LOOK_MS = 300;

export type Outcome =
  /** `before`: it was finished when the sweep began. */
  | { readonly kind: "finished"; readonly summary: Summary; readonly before: boolean }
  | { readonly kind: "failed"; readonly error: string }
  /** The sweep was asked to stop: the run has saved what it has, or was not started. */
  | { readonly kind: "stopped" };

/** An epoch of a run, as `train --json` prints it. */
export interface EpochEvent {
  readonly epoch: number;
  readonly train_loss: number;
  readonly validation_loss: number | null;
}

export interface SweepObserver {
  /** A child process begins, from the start or from a checkpoint. */
  started?(run: PlannedRun, resumed: boolean): void;
  /** Another process writes the run. */
  waiting?(run: PlannedRun): void;
  epoch?(run: PlannedRun, event: EpochEvent): void;
  ended?(run: PlannedRun, outcome: Outcome): void | Promise<void>;
}

export interface ExecuteOptions {
  /** The sweep's folder, which is there. */
  readonly folder: string;
  readonly jobs: number;
  /** Threads for each child; null where the config says how many. */
  readonly threads: number | null;
  readonly onFail: "stop" | "continue";
  /** The words that start `train`: a program and its first arguments. */
  readonly trainCommand: readonly string[];
  readonly observer: SweepObserver;
}

export class Execution {
  readonly #children = new Set<Deno.ChildProcess>();
  readonly outcomes = new Map<PlannedRun, Outcome>();
  #stopping = false;

  constructor(readonly options: ExecuteOptions) {}

  /** Starts nothing more and asks the children to save and end. */
  stop(): void {
    this.#stopping = true;
    for (const child of this.#children) {
      try {
        child.kill("SIGTERM");
      } catch { /* it has just ended */ }
    }
  }

  /** Runs what is not finished, in order, `jobs` at a time. Resolves when no child is left. */
  async run(runs: readonly PlannedRun[]): Promise<void> {
    await makeFolder(join(this.options.folder, "configs"));
    const open: PlannedRun[] = [];
    for (const run of runs) {
      const { status, summary } = await runState(run.path);
      if (status === "finished") await this.#end(run, { kind: "finished", summary: summary!, before: true });
      else open.push(run);
    }
    const queue = open[Symbol.iterator]();
    const worker = async () => {
      for (const run of queue) await this.#end(run, await this.#one(run));
    };
    const workers = await Promise.allSettled(Array.from({ length: this.options.jobs }, () =>
      worker().catch((error) => {
        this.stop();
        throw error;
      })));
    for (const ended of workers) if (ended.status === "rejected") throw ended.reason;
  }

  async #end(run: PlannedRun, outcome: Outcome): Promise<void> {
    this.outcomes.set(run, outcome);
    if (outcome.kind === "failed" && this.options.onFail === "stop") this.stop();
    await this.options.observer.ended?.(run, outcome);
  }

  async #one(run: PlannedRun): Promise<Outcome> {
    for (;;) {
      const before = await this.#untilFree(run);
      if (before?.status === "finished") return { kind: "finished", summary: before.summary!, before: false };
      if (this.#stopping || before === null) return { kind: "stopped" };
      const error = await this.#train(run);
      const { status, summary } = await runState(run.path);
      if (status === "finished") return { kind: "finished", summary: summary!, before: false };
      if (this.#stopping && status !== "failed") return { kind: "stopped" };
      // Between the look and the start another process may have taken the run.
      if (status !== "running") return { kind: "failed", error };
    }
  }

  /** The state of a run when no process writes it; null if the sweep stops while one does. */
  async #untilFree(run: PlannedRun): Promise<RunState | null> {
    for (let told = false;; told = true) {
      const state = await runState(run.path);
      if (state.status !== "running") return state;
      if (this.#stopping) return null;
      if (!told) this.options.observer.waiting?.(run);
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  }

  /** Trains a run in a child process to its end. @returns what the child said on its error output */
  async #train(run: PlannedRun): Promise<string> {
    const { folder, trainCommand: [program, ...first], threads, observer } = this.options;
    const config = join(folder, "configs", `${run.name}.yaml`);
    await writeFileAtomic(config, run.loaded.toYaml());
    const args = ["--config", config, "--run-dir", run.path, "--resume", "auto", "--set-name", run.name];
    args.push("--json", "--no-report");
    if (threads !== null) args.push("--override", `runtime.threads=${threads}`);
    const resumed = await Deno.stat(join(run.path, "checkpoints", "latest")).then(() => true, () => false);
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
    observer.started?.(run, resumed);
    try {
      const [stderr, status] = await Promise.all([
        textOf(child.stderr),
        child.status,
        followed(child.stdout, (event) => observer.epoch?.(run, event)),
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

/** The error that a child printed, without the program's name; else how it ended. */
function errorOf(stderr: string, { code, signal }: Deno.CommandStatus): string {
  const lines = stderr.split("\n").filter((line) => line.startsWith("narrows: ")).map((line) => line.slice(9));
  const error = lines.filter((line) => !line.startsWith("stopped by ")).at(-1) ?? lines.at(-1);
  return error ?? (signal ? `ended by ${signal}` : stderr.trim().split("\n").at(-1) || `ended with status ${code}`);
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

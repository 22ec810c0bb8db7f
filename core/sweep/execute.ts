/**
 * Trains a sweep's runs, each one once. A finished run is never started again; one that was interrupted is resumed. A launcher
 * says where a run is trained: in a child process ({@link LocalLauncher}) or as a job of a cluster.
 */
import { join } from "@std/path";
import { makeFolder, writeFileAtomic } from "../runs/atomic.ts";
import { runState } from "../runs/list.ts";
import type { Summary } from "../runs/types.ts";
import type { PlannedRun } from "./plan.ts";
import { lossAfter } from "./progress.ts";

export type Outcome =
  /** `before`: it was finished when the sweep began. */
  | { readonly kind: "finished"; readonly summary: Summary; readonly before: boolean }
  /** The epoch to which it was to be trained is done. `before`: it was done when the sweep began. */
  | { readonly kind: "paused"; readonly epoch: number; readonly loss: number; readonly before: boolean }
  | { readonly kind: "failed"; readonly error: string }
  /** The sweep was asked to stop: the run has saved what it has, or was not started. */
  | { readonly kind: "stopped" };

/** A run that is trained to its end, or until an epoch is done. */
export interface Stint {
  readonly run: PlannedRun;
  /** Null: to its end. */
  readonly until: number | null;
}

/** An epoch of a run, as `train --json` prints it. */
export interface EpochEvent {
  readonly epoch: number;
  readonly train_loss: number;
  readonly validation_loss: number | null;
}

export interface SweepObserver {
  /** A run begins, from the start or from a checkpoint. */
  started?(stint: Stint, resumed: boolean): void;
  /** It waits: another process writes the run, or a job has not begun. */
  waiting?(stint: Stint, why: string): void;
  epoch?(stint: Stint, event: EpochEvent): void;
  ended?(stint: Stint, outcome: Outcome): void | Promise<void>;
  /** Something that concerns no single run. */
  note?(text: string): void;
}

/** What trains runs. */
export interface Launcher {
  /** Trains a run until it ends, for whatever reason. */
  train(stint: Stint): Promise<Outcome>;
  /** Starts nothing more, and asks what runs to save and end; after a signal, what goes on without the sweep may do so. */
  stop(why: "signal" | "failure"): void;
}

/** What a run has come to, without training; null where there is something left to train. */
export async function reached({ run, until }: Stint, before: boolean): Promise<Outcome | null> {
  const { status, summary } = await runState(run.path);
  if (status === "finished") return { kind: "finished", summary: summary!, before };
  if (until === null) return null;
  const loss = await lossAfter(run.path, until, run.loaded.config.checkpoint.best);
  return loss === null ? null : { kind: "paused", epoch: until, loss, before };
}

/** Whether a run has a checkpoint from which it goes on. */
export const isBegun = (run: PlannedRun): Promise<boolean> =>
  Deno.stat(join(run.path, "checkpoints", "latest")).then(() => true, () => false);

/** Writes the config of a run. @returns its path */
export async function writeConfig(folder: string, run: PlannedRun): Promise<string> {
  await makeFolder(join(folder, "configs"));
  const path = join(folder, "configs", `${run.name}.yaml`);
  await writeFileAtomic(path, run.loaded.toYaml());
  return path;
}

/** The arguments of `train` for a run, without those for threads. */
export function trainArguments({ run, until }: Stint, config: string): string[] {
  const args = ["--config", config, "--run-dir", run.path, "--resume", "auto", "--set-name", run.name, "--no-report"];
  return until === null ? args : [...args, "--until-epoch", String(until)];
}

export interface ExecuteOptions {
  readonly launcher: Launcher;
  readonly onFail: "stop" | "continue";
  readonly observer: SweepObserver;
}

export class Execution {
  /** What has become of each run last. */
  readonly outcomes = new Map<PlannedRun, Outcome>();
  readonly #asked = new Map<PlannedRun, Map<number | null, Promise<Outcome>>>();
  #stopping = false;
  /** The last look at what there is of a run: one after another, so that runs are trained in the order in which they were asked for. */
  #looking: Promise<unknown> = Promise.resolve();

  constructor(readonly options: ExecuteOptions) {}

  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Starts nothing more and asks what runs to save and end. */
  stop(why: "signal" | "failure" = "failure"): void {
    this.#stopping = true;
    this.options.launcher.stop(why);
  }

  /** Trains a run to its end, or until an epoch is done. Asked again, it gives the same outcome. */
  train(stint: Stint): Promise<Outcome> {
    const { run, until } = stint;
    const stints = this.#asked.get(run) ?? new Map<number | null, Promise<Outcome>>();
    this.#asked.set(run, stints);
    let asked = stints.get(until);
    if (asked === undefined) {
      asked = this.#one(stint).catch((error) => {
        this.stop();
        throw error;
      });
      stints.set(until, asked);
    }
    return asked;
  }

  /** Trains several runs. An error is thrown once all of them have ended. */
  all(stints: readonly Stint[]): Promise<Outcome[]> {
    return settled(stints.map((stint) => this.train(stint)));
  }

  async #one(stint: Stint): Promise<Outcome> {
    const looking = this.#looking.then(() => reached(stint, true));
    this.#looking = looking.catch(() => {}); // it is thrown where it is awaited
    const outcome = await looking ??
      (this.#stopping ? { kind: "stopped" } as const : await this.options.launcher.train(stint));
    this.outcomes.set(stint.run, outcome);
    if (outcome.kind === "failed" && this.options.onFail === "stop") this.stop();
    await this.options.observer.ended?.(stint, outcome);
    return outcome;
  }
}

/** Waits for all. @throws the first error, once all have ended */
export async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

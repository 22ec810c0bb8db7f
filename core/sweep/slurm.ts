/**
 * Trains runs as tasks of job arrays of Slurm. What is asked for at the same time is one array. The jobs belong to Slurm: they go
 * on where the sweep ends, and the next start of the sweep follows those that wait or run instead of submitting them again.
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { isRecord, readJson } from "../formats/json.ts";
import { namesIn } from "../formats/file.ts";
import { makeFolder, writeFileAtomic, writeJsonAtomic } from "../runs/atomic.ts";
import {
  isBegun,
  type Launcher,
  type Outcome,
  type Stint,
  type SweepObserver,
  trainArguments,
  writeConfig,
} from "./execute.ts";
import { printedError } from "./local.ts";
import { lastEpoch, lossAfter, summaryOf } from "./progress.ts";
import { cancel, type QueuedTask, queuedTasks, submit } from "./slurm_commands.ts";
import { arrayScript } from "./slurm_script.ts";

export interface SlurmOptions {
  /** The sweep's folder, which is there and which all nodes see. */
  readonly folder: string;
  /** The sweep's name. */
  readonly name: string;
  /** Tasks of an array that run at the same time, at most. */
  readonly jobs: number;
  /** Options of sbatch by their long names. */
  readonly sbatch: Readonly<Record<string, string>>;
  readonly trainCommand: readonly string[];
  readonly threadsAreFree: boolean;
  readonly observer: SweepObserver;
}

/** Time in which runs that are asked for become one array. */
const GATHER_MS = 200;
/** Time between two looks at the queue: short at first, and longer while nothing happens. */
const LOOK_MS = 500, LOOK_MS_MAX = 10_000;
/** Looks for a result after a job has ended, since shared file systems may show files late. */
const LATE_LOOKS = 5;
/** Most tasks of an array; Slurm's own limit is 1001 unless it is set. */
const TASKS_MAX = 1000;

interface Followed {
  readonly stint: Stint;
  readonly resolve: (outcome: Outcome) => void;
  /** `job_index`, and the log of the task. */
  readonly id: string;
  readonly log: string;
  state: string;
  /** The steps of the run when it was submitted. */
  readonly steps: number;
  epoch: number;
  /** Looks since the job has gone. */
  gone: number;
}

interface Wanted {
  readonly stint: Stint;
  readonly resolve: (outcome: Outcome) => void;
}

const keyOf = ({ run, until }: Stint) => `${run.name} ${until ?? "end"}`;

export class SlurmLauncher implements Launcher {
  #wanted: Wanted[] = [];
  #followed: Followed[] = [];
  #stopping = false;
  #wake: () => void = () => {};
  #work: Promise<void> | null = null;
  #failure: unknown = null;
  #troubled = false;
  /** Tasks of arrays that were submitted before, by what they train. */
  #earlier: Promise<Map<string, { id: string; log: string }>> | null = null;

  constructor(readonly options: SlurmOptions) {}

  /** The numbers of the jobs that are followed. */
  get jobs(): string[] {
    return [...new Set(this.#followed.map(({ id }) => id.split("_")[0]!))];
  }

  train(stint: Stint): Promise<Outcome> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#stopping) return Promise.resolve({ kind: "stopped" });
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    this.#wanted.push({ stint, resolve });
    this.#wake();
    this.#begin().catch(reject);
    return promise;
  }

  /** The loop that submits and follows; it ends when nothing is left. */
  #begin(): Promise<void> {
    return this.#work ??= this.#follow().finally(() => {
      this.#work = null;
      // What was asked for while the loop came to its end.
      if (this.#wanted.length > 0 && this.#failure === null) this.#begin().catch(() => {});
    });
  }

  /** Jobs go on after a signal: they belong to Slurm. After a failure they are cancelled, and save. */
  stop(why: "signal" | "failure" = "signal"): void {
    this.#stopping = true;
    if (why === "failure") cancel(this.jobs).catch((error) => this.options.observer.note?.(String(error.message)));
    this.#wake();
  }

  async #follow(): Promise<void> {
    let wait = LOOK_MS;
    try {
      while (this.#wanted.length > 0 || this.#followed.length > 0) {
        if (this.#wanted.length > 0 && !this.#stopping) {
          await this.#slept(GATHER_MS, false);
          await this.#submitAll();
          wait = LOOK_MS;
        }
        wait = await this.#look() ? LOOK_MS : Math.min(LOOK_MS_MAX, wait * 1.5);
        if (this.#stopping) break;
        if (this.#followed.length > 0) await this.#slept(wait, true);
      }
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      if (this.#stopping) {
        for (const { resolve } of [...this.#wanted, ...this.#followed]) resolve({ kind: "stopped" });
        this.#wanted = [];
      }
    }
  }

  #slept(ms: number, canWake: boolean): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        if (!canWake) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Follows what is in the queue already, and submits the rest. */
  async #submitAll(): Promise<void> {
    const wanted = this.#wanted.splice(0);
    const earlier = await (this.#earlier ??= this.#readEarlier());
    const fresh: Wanted[] = [];
    let found = 0;
    for (const each of wanted) {
      const known = earlier.get(keyOf(each.stint));
      earlier.delete(keyOf(each.stint));
      if (known === undefined) fresh.push(each);
      else this.#followed.push({ ...each, ...known, state: "", steps: -1, epoch: 0, gone: 0 }), found++;
    }
    if (found > 0) this.options.observer.note?.(`${found} runs are in Slurm's queue already and are followed`);
    for (let first = 0; first < fresh.length; first += TASKS_MAX) {
      await this.#submit(fresh.slice(first, first + TASKS_MAX));
    }
  }

  async #submit(wanted: readonly Wanted[]): Promise<void> {
    const { folder, name, jobs, sbatch, trainCommand, threadsAreFree, observer } = this.options;
    const number = (await namesIn(join(folder, "slurm"))).filter((each) => /^\d+$/.test(each)).length + 1;
    const at = join(folder, "slurm", String(number).padStart(3, "0"));
    await makeFolder(join(folder, "slurm"));
    await makeFolder(at);
    const tasks = await Promise.all(wanted.map(async ({ stint }) => {
      return { run: stint.run.path, args: trainArguments(stint, await writeConfig(folder, stint.run)) };
    }));
    const jobName = `narrows ${name} ${nameOf(folder)} ${number}`;
    await writeJsonAtomic(join(at, "tasks.json"), {
      job_name: jobName,
      tasks: wanted.map(({ stint }) => keyOf(stint)),
    });
    const script = join(at, "job.sh");
    const options = { jobName, tasks, jobs, options: sbatch, folder: at, trainCommand, threadsAreFree };
    await writeFileAtomic(script, arrayScript(options));
    const job = await submit(script);
    await writeFileAtomic(join(at, "job"), `${job}\n`);
    observer.note?.(`job ${job}: ${wanted.length} runs, at most ${jobs} at a time; ${script}`);
    for (const [i, each] of wanted.entries()) {
      const steps = (await summaryOf(each.stint.run.path))?.steps ?? 0;
      this.#followed.push({
        ...each,
        id: `${job}_${i}`,
        log: join(at, `${i}.log`),
        state: "",
        steps,
        epoch: 0,
        gone: 0,
      });
    }
  }

  /** The tasks of earlier starts of this sweep that still wait or run. */
  async #readEarlier(): Promise<Map<string, { id: string; log: string }>> {
    const found = new Map<string, { id: string; log: string }>();
    const folder = join(this.options.folder, "slurm");
    const numbers = (await namesIn(folder)).filter((each) => /^\d+$/.test(each));
    if (numbers.length === 0) return found;
    const queued = await queuedTasks();
    for (const number of numbers) {
      const at = join(folder, number);
      const record = await readJson(join(at, "tasks.json"), 64 << 20).catch(() => null);
      if (!isRecord(record) || !Array.isArray(record.tasks)) continue;
      // By its name, since a sweep may have been killed before it wrote the number of the job.
      for (const { id, jobName } of queued) {
        const index = Number(id.split("_")[1]);
        const task: unknown = jobName === record.job_name ? record.tasks[index] : undefined;
        if (typeof task === "string") found.set(task, { id, log: join(at, `${index}.log`) });
      }
    }
    return found;
  }

  /** Looks at the queue. @returns whether anything has changed */
  async #look(): Promise<boolean> {
    let queued: QueuedTask[];
    try {
      queued = await queuedTasks();
      this.#troubled = false;
    } catch (error) {
      if (!this.#troubled) {
        this.options.observer.note?.(`the queue cannot be read, and is tried again: ${(error as Error).message}`);
      }
      this.#troubled = true;
      return false;
    }
    const states = new Map(queued.map((task) => [task.id, task]));
    const before = this.#followed;
    this.#followed = [];
    let changed = false;
    for (const task of before) {
      const now = states.get(task.id);
      const outcome = now === undefined ? await this.#ended(task) : null;
      if (now !== undefined) changed = await this.#tell(task, now) || changed;
      if (outcome !== null && outcome !== "again") task.resolve(outcome);
      else if (outcome === "again") this.#wanted.push(task);
      else this.#followed.push(task);
      changed ||= outcome !== null;
    }
    return changed;
  }

  async #tell(task: Followed, { state, reason, node }: QueuedTask): Promise<boolean> {
    const { observer } = this.options;
    if (state === "RUNNING") {
      if (task.state !== "RUNNING") observer.started?.(task.stint, await isBegun(task.stint.run));
      const epoch = await lastEpoch(task.stint.run.path);
      if (epoch !== null && epoch.epoch > task.epoch) {
        task.epoch = epoch.epoch;
        observer.epoch?.(task.stint, epoch);
      }
    } else if (state === "PENDING" && task.state === "RUNNING") {
      observer.note?.(
        `${task.stint.run.name}: task ${task.id} is back in the queue (${reason}${node ? `, ${node}` : ""})`,
      );
    }
    const changed = task.state !== state;
    task.state = state;
    return changed;
  }

  /** What has become of a task that is no longer in the queue; null: it is looked for once more. */
  async #ended(task: Followed): Promise<Outcome | "again" | null> {
    const { run, until } = task.stint;
    const summary = await summaryOf(run.path);
    if (summary?.status === "finished") return { kind: "finished", summary, before: false };
    if (until !== null) {
      const loss = await lossAfter(run.path, until, run.loaded.config.checkpoint.best);
      if (loss !== null) return { kind: "paused", epoch: until, loss, before: false };
    }
    if (summary?.status !== "failed" && ++task.gone < LATE_LOOKS) return null;
    if (this.#stopping) return { kind: "stopped" };
    // A run that was stopped by its time limit has saved: it goes on, as long as it comes forward.
    if (summary?.status === "stopped" && summary.steps > task.steps && task.steps >= 0) return "again";
    const text = await Deno.readTextFile(task.log).catch(() => "");
    const error = printedError(text.slice(-64_000)) ?? `task ${task.id} has ended without a result`;
    return { kind: "failed", error: `${error} (${task.log})` };
  }
}

/** A few digits that tell sweeps of the same name apart. */
const nameOf = (folder: string) => createHash("sha256").update(folder).digest("hex").slice(0, 8);

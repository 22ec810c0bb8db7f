/** The commands of Slurm that a sweep needs. */
import { UserError } from "../errors.ts";

/** A task of a job array, as squeue shows it. */
export interface QueuedTask {
  /** `job_index`. */
  readonly id: string;
  readonly jobName: string;
  /** PENDING, RUNNING, COMPLETING, ... */
  readonly state: string;
  /** Why it waits. */
  readonly reason: string;
  readonly node: string;
}

/** Time after which a command of Slurm is not waited for any more. */
const COMMAND_MS = 60_000;

/** Runs a command of Slurm. @throws {UserError} with what it printed */
async function slurm(program: string, args: readonly string[]): Promise<string> {
  let output: Deno.CommandOutput;
  try {
    const signal = AbortSignal.timeout(COMMAND_MS);
    output = await new Deno.Command(program, { args: [...args], stdin: "null", signal }).output();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    const hint = "install Slurm's commands, start the sweep on a machine that has them, or leave out --launcher slurm";
    throw new UserError(`--launcher slurm`, `there is no ${program} on the PATH`, hint, 1);
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (output.success) return text(output.stdout);
  const said = text(output.stderr).trim().split("\n").at(-1) || `ended with status ${output.code}`;
  throw new UserError(program, said.replace(new RegExp(`^${program}: (error: )?`), ""), undefined, 1);
}

/** Submits a script. @returns the number of the job */
export async function submit(script: string): Promise<string> {
  const printed = await slurm("sbatch", ["--parsable", script]);
  const job = /^(\d+)(;.*)?$/.exec(printed.trim())?.[1];
  if (job === undefined) throw new UserError("sbatch", `printed no job number: ${printed.trim()}`, undefined, 1);
  return job;
}

/** The user's tasks that wait or run. */
export async function queuedTasks(): Promise<QueuedTask[]> {
  const text = await slurm("squeue", ["--noheader", "--array", "--me", "--format=%F|%K|%T|%r|%N|%j"]);
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [job, index, state = "", reason = "", node = "", ...name] = line.split("|");
    return { id: `${job}_${index}`, jobName: name.join("|"), state, reason, node };
  });
}

/** Ends jobs or tasks; those that run are asked to save first. */
export async function cancel(ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await slurm("scancel", ids);
}

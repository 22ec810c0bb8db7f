/** The script of a job array: each of its tasks trains one run of a sweep. */
import { shellWord } from "../runs/command.ts";

export interface ArrayTask {
  /** The run folder. */
  readonly run: string;
  /** The arguments of `train`. */
  readonly args: readonly string[];
}

export interface ArrayScript {
  /** By which the job is found in the queue. */
  readonly jobName: string;
  readonly tasks: readonly ArrayTask[];
  /** Tasks that run at the same time, at most. */
  readonly jobs: number;
  /** Options of sbatch by their long names. */
  readonly options: Readonly<Record<string, string>>;
  /** The folder of the logs, one a task. */
  readonly folder: string;
  /** The words that start `train`. */
  readonly trainCommand: readonly string[];
  /** Whether a run takes as many threads as its task has CPUs. */
  readonly threadsAreFree: boolean;
}

/** Seconds before the time limit of a job at which its run is asked to save. */
const WARNING_S = 60;

/**
 * The text of the script. A task that is preempted, or whose node fails, goes back into the queue, and its run goes on from its
 * last checkpoint.
 */
export function arrayScript(script: ArrayScript): string {
  const { jobName, tasks, jobs, options, folder, trainCommand, threadsAreFree } = script;
  const directives: Record<string, string | null> = {
    "job-name": jobName,
    array: `0-${tasks.length - 1}%${jobs}`,
    requeue: null,
    "open-mode": "append",
    output: `${folder}/%a.log`,
    signal: `B:TERM@${WARNING_S}`,
    ...options,
  };
  const quoted = (value: string) => `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
  return [
    "#!/bin/bash",
    ...Object.entries(directives).map(([name, value]) =>
      value === null ? `#SBATCH --${name}` : `#SBATCH --${name}=${quoted(value)}`
    ),
    "# Written by a sweep with --launcher slurm. Each task trains one run.",
    "set -eu",
    'case "$SLURM_ARRAY_TASK_ID" in',
    ...tasks.map(({ run, args }, i) => `${i}) run=${shellWord(run)}; set -- ${args.map(shellWord).join(" ")} ;;`),
    "esac",
    "# A lock that is left is that of the attempt before, which Slurm has ended, perhaps together with its node.",
    'if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then rm -f -- "$run/run.lock"; fi',
    ...threadsAreFree
      ? ['if [ -n "${SLURM_CPUS_PER_TASK:-}" ]; then set -- "$@" --override "runtime.threads=$SLURM_CPUS_PER_TASK"; fi']
      : [],
    "# In the place of the shell, so that signals of Slurm reach it: it saves and ends.",
    `exec ${trainCommand.map(shellWord).join(" ")} "$@"`,
    "",
  ].join("\n");
}

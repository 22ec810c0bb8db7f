/** The library's `trainReplicas`: trains the runs of a config with `training.replicas` at the same time. */
import { ensureEngine } from "../build/ensure.ts";
import { MemoryRows } from "../data/memory.ts";
import { UserError } from "../errors.ts";
import type { Sink } from "../events/mod.ts";
import type { Summary } from "../runs/types.ts";
import type { RunRequest } from "./find_run.ts";
import { findReplicas, replicasOf, trainReplicas as trainAll } from "./replicas.ts";
import { requireMemoryRun, type TrainOptions } from "./train.ts";
import type { TrainObserver } from "./trainer.ts";

export interface TrainReplicasOptions
  extends
    Pick<RunRequest, "config" | "allowRun" | "note" | "warn">,
    Pick<TrainOptions, "data" | "overrides" | "signals"> {
  /** "auto": goes on with the newest unfinished run of each replica; where there is none of any, starts new ones. */
  readonly resume?: "auto";
  /** Called once for each replica, with its number from 1 on. */
  readonly observer?: (replica: number) => TrainObserver;
  /** Loggers of one's own, besides those of the config: called once for each replica, since a sink is of one run. */
  readonly sinks?: (replica: number) => readonly Sink[];
}

/** How a replica ended. One that fails does not end the others, so its error is given and not thrown. */
export interface TrainedReplica {
  /** Its number, from 1 on. */
  readonly number: number;
  /** The run folder; undefined if the run did not start. */
  readonly path?: string;
  /** Undefined if the run did not start. */
  readonly summary?: Summary;
  /** Why the run did not start, or why it failed later (after an emergency save); undefined if it did not fail. */
  readonly error?: unknown;
}

/**
 * Trains the runs that a config with `training.replicas` stands for, at the same time and on the same batches, to the end of each.
 * Every run has the bits that it has if `train` trains its `config.yaml` alone.
 * @param options as those of `train`; what is for one run, such as `runDir` and `fork`, is left out
 * @returns the replicas in their order; with `resume: "auto"` those that were unfinished
 * @throws {UserError} if the config has no replicas, or if a network, the data or the memory of one is wrong; then none is started
 */
export async function trainReplicas(options: TrainReplicasOptions): Promise<TrainedReplica[]> {
  await ensureEngine({ quiet: true });
  const { data, observer, sinks, config, resume, allowRun, note, warn } = options;
  using memory = data === undefined ? null : new MemoryRows(data);
  const overrides = [...options.overrides ?? [], ...memory ? ["data.format=memory"] : []];
  const request: RunRequest = { config, resume, overrides, allowRun, note, warn };
  const count = replicasOf(request);
  if (count === null) {
    throw new UserError("training.replicas", "is not set, so the config stands for one run", "set it, or use train");
  }
  const replicas = await findReplicas(request, count);
  for (const { target: { existing } } of replicas) if (memory && existing !== null) requireMemoryRun(existing);
  const ends = await trainAll(
    replicas,
    ({ number }) => ({ observer: observer?.(number), sinks: sinks?.(number), note, warn }),
    { memory, note, warn, signals: options.signals ?? false },
  );
  return ends.map((end): TrainedReplica => {
    const { number } = end.replica;
    if ("error" in end) return { number, error: end.error };
    const { summary, error } = end.result;
    return { number, path: end.run.path, summary, ...error ? { error } : {} };
  });
}

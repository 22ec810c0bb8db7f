/** `train` of a config that stands for several runs. */
import { print } from "../core/output.ts";
import { type Replica, trainReplicas } from "../core/train/replicas.ts";
import { printDryRun } from "./dry_run.ts";
import { printError } from "./print.ts";
import { type Progress, type ProgressMode, showProgress } from "./progress.ts";
import { tellEnd, type Telling } from "./run_end.ts";

/** Checks the runs of a config with replicas, one after the other. */
export async function dryRuns(replicas: readonly Replica[], json: boolean, progress: Progress): Promise<number> {
  for (const { number, target: { loaded } } of replicas) {
    if (!json) print(`replica ${number}`);
    const status = await printDryRun(loaded.config, json, progress.note, progress.observer.preparing)
      .catch((error) => Promise.reject(loaded.locate(error)));
    if (status !== 0) return status;
  }
  return 0;
}

/** Trains the runs of a config with replicas at the same time. @returns the highest exit status */
export async function runReplicas(
  replicas: readonly Replica[],
  mode: ProgressMode,
  { note, warn, observer }: Progress,
  { json, quiet, report, verbose, ...common }: Omit<Telling, "note" | "replica"> & {
    readonly verbose: boolean;
    readonly commandLine: readonly string[];
    readonly untilEpoch?: number;
  },
): Promise<number> {
  for (const warning of new Set(replicas.flatMap(({ target }) => target.loaded.warnings))) note(warning);
  using shown = new DisposableStack();
  const view = ({ number }: Replica) => {
    const own = shown.use(showProgress(mode === "live" ? "lines" : mode, number));
    const detail = verbose ? own.note : undefined;
    return { observer: own.observer, onModel: own.attach, note: own.note, warn: own.warn, detail };
  };
  const ends = await trainReplicas(replicas, view, { ...common, note, warn, observer, signals: true });
  let status = 0;
  for (const end of ends) {
    const { number, target } = end.replica;
    if ("error" in end) {
      note(`replica ${number} was not trained`);
      status = Math.max(status, printError(end.error));
      continue;
    }
    const ended = { run: end.run.path, config: target.loaded.config, result: end.result };
    status = Math.max(status, await tellEnd(ended, { json, quiet, report, note, replica: number }));
  }
  return status;
}

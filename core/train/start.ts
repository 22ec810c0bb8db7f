/** Starts or resumes a run: makes its folder and config file, then runs the session. */
import { configToYaml } from "../config/mod.ts";
import { UserError } from "../errors.ts";
import { isKept, keepGraphs } from "../graphs/keep.ts";
import { readJournal } from "../steer/journal.ts";
import { readTextSync } from "../formats/file.ts";
import { createRun, openRun, type RunFolder, undoRun, undoRunNow } from "../runs/folder.ts";
import type { Fitted } from "../data/fitted.ts";
import { prepareFor } from "../data/open.ts";
import { readRunData, readRunSteps } from "../data/run_data.ts";
import { BadData } from "../data/source.ts";
import { writeFileAtomic } from "../runs/atomic.ts";
import { announceFork } from "../runs/sessions.ts";
import { clearSummary } from "../runs/summary.ts";
import { findParent } from "./fork.ts";
import type { RunTarget } from "./find_run.ts";
import { threadCount } from "./network.ts";
import { requireRunsFolder } from "./run_checks.ts";
import { leaveOnSignals } from "./signals.ts";
import { runSession, type SessionOptions, type SessionResult } from "./session.ts";

/** As much as is read of any config. */
const CONFIG_BYTES_MAX = 4 << 20;

export type StartOptions =
  & RunTarget
  & Omit<SessionOptions, "config" | "run" | "resumeFrom" | "underLock" | "onReady" | "fork">;

/** What the steps concluded in the run that goes on, or in the parent of a fork with the same steps. */
async function stepsBefore({ existing, fork, loaded }: StartOptions): Promise<Fitted | undefined> {
  const isSame = JSON.stringify(fork?.config.data.steps) === JSON.stringify(loaded.config.data.steps);
  const run = existing ?? (isSame ? fork?.run : undefined);
  return run === undefined ? undefined : readRunSteps(run, await readRunData(run));
}

/**
 * @throws {UserError} when the run cannot start; a folder made for it is then removed again
 */
export async function startRun(given: StartOptions): Promise<{ run: RunFolder; result: SessionResult }> {
  const { config } = given.loaded;
  const { note, warn, observer, memory, replay } = given;
  if (replay !== undefined && given.existing !== null) {
    throw new UserError("--replay", "is for a new run; a resumed one goes on with what it began with", "leave it out");
  }
  if (replay !== undefined) await readJournal(replay); // so that mistakes are told before there is a run folder
  if (config.training.replicas !== null) {
    throw new UserError(
      "training.replicas",
      "stands for several runs, and this is one",
      "train them by `train --config`",
    );
  }
  const fitted = await stepsBefore(given);
  // Before there is a run folder, since it may take long and may be stopped.
  const prepared = memory
    ? undefined
    : given.prepared ?? await prepareFor(config, { note, warn, fitted, progress: observer?.preparing });
  const options = { ...given, prepared };
  const { existing, resumeFrom, saved } = options;
  const fork = options.fork && {
    config: options.fork.config,
    parent: await findParent(
      options.fork.run,
      options.fork.which,
      options.warn ?? options.note ?? (() => {}),
      options.fork.known,
    ),
  };
  const keep = ({ path }: RunFolder) => keepGraphs(config, path, threadCount(config), warn ?? note ?? (() => {}));
  if (existing !== null) {
    const run = await openRun(existing);
    let own = config;
    const underLock = async () => own = isKept(config, run.path) ? config : await keep(run);
    const onReady = async () => {
      await clearSummary(run);
      const text = configToYaml(own, run.path);
      if (text === readTextSync(run.file("config.yaml"), CONFIG_BYTES_MAX)) return;
      await writeFileAtomic(run.file("config.yaml"), text);
    };
    return { run, result: await runSession({ ...options, run, config, resumeFrom, saved, fork, underLock, onReady }) };
  }
  if (options.runDir === undefined) requireRunsFolder(config);
  const before = fork && ((run: RunFolder) => announceFork(run.path, fork.parent));
  let kept = config;
  const yamlOf = async (run: RunFolder) => {
    kept = await keep(run);
    return configToYaml(kept, run.path);
  };
  const run = await createRun(config, yamlOf, { runDir: options.runDir, before });
  let locked = false, started = false;
  const onLocked = () => {
    locked = true;
  };
  using watch = given.signals === false ? null : leaveOnSignals(() => {
    if (locked) undoRunNow(run);
  });
  const onReady = () => {
    started = true;
    watch?.[Symbol.dispose]();
    return Promise.resolve();
  };
  try {
    const result = await runSession({ ...options, config: kept, run, resumeFrom: null, fork, onLocked, onReady });
    if (result.error instanceof BadData && result.summary.steps === 0) throw result.error; // the run folder is removed as if the run had not begun
    return { run, result };
  } catch (error) {
    const nothingDone = locked && (!started || error instanceof BadData);
    if (nothingDone) await undoRun(run); // the folder holds nothing to keep and belongs to this run
    throw error;
  }
}

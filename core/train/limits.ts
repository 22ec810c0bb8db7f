/** A resume with no step left to make: what is refused, what is said, and that nothing is written where nothing changes. */
import { type Change, changesText, compareConfigs, type Config } from "../config/mod.ts";
import { trainingPlan } from "../data/plan.ts";
import type { Source } from "../data/source.ts";
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { readSummary } from "../runs/summary.ts";
import type { SessionResult } from "./ending.ts";
import { laterCheckpoints } from "./go_back.ts";
import type { SessionOptions } from "./session.ts";
import { dataOfEpoch, type TrainState } from "./state.ts";

/** The key of the limit that a state has reached; null where there is a step to make. */
function limitReached({ data, training }: Config, state: TrainState, source: Source): string | null {
  // The steps of an epoch may all be done before the epoch counts: its validation and its row come after them.
  const plan = trainingPlan(source, dataOfEpoch(data, state), state.epoch + 1);
  const last = plan.length - 1;
  const isEpochMade = state.window > last || (state.window === last && state.batch >= plan[last]!.batches);
  if (state.epoch + (isEpochMade ? 1 : 0) >= training.epochs) return "training.epochs";
  return state.step >= (training.max_steps ?? Infinity) ? "training.max_steps" : null;
}

function doneText({ epoch, step }: TrainState): string {
  return `${countText(epoch)} epoch${epoch === 1 ? "" : "s"}, ${countText(step)} step${step === 1 ? "" : "s"} are done`;
}

/**
 * Checks that a setting that changes from the checkpoint on takes effect in at least one step. Otherwise the config would
 * have, for example, a learning rate with which nothing was trained.
 * @throws {UserError} if no step is left
 */
export function requireStepsLeft({ config, saved, fork }: SessionOptions, state: TrainState, source: Source): void {
  const before = fork?.config ?? saved;
  const reached = limitReached(config, state, source);
  if (reached === null || !before || state.step === 0) return; // before the first step nothing has been made otherwise
  const { from_here, fixed } = compareConfigs(before, config);
  const changes = [...fixed, ...from_here];
  if (changes.length === 0) return;
  throw new UserError(
    changesText(changes),
    `no step is left in which it could take effect: ${doneText(state)}`,
    `raise ${reached} as well`,
  );
}

const LIMITS = ["training.epochs", "training.max_steps"];

/** The limits that a resume changes, and its other changes. */
function changedLimits({ config, saved }: SessionOptions): { limits: Change[]; others: Change[] } {
  const changes = saved ? Object.values(compareConfigs(saved, config)).flat() : [];
  const isLimit = ({ key }: Change) => LIMITS.includes(key);
  return { limits: changes.filter(isLimit), others: changes.filter((change) => !isLimit(change)) };
}

/**
 * The end of a session whose run is already finished: nothing is written. A limit that is set to no more than what is done
 * changes nothing either, so that the run's config stays the one that it was made with. Null if there are steps to make.
 * @throws {UserError} if such a limit comes with other changes, which would be written with it
 */
export async function nothingToDo(
  options: SessionOptions,
  state: TrainState,
  checkpoint: string,
  source: Source,
): Promise<SessionResult | null> {
  const { run, config, note } = options;
  const summary = await readSummary(run);
  if (summary?.status !== "finished" || summary.steps !== state.step) return null;
  if (!checkpoint.startsWith(run.path) || (await laterCheckpoints(run, state.step)).length > 0) return null;
  const { limits, others } = changedLimits(options);
  if (limits.length > 0 && limitReached(config, state, source) === null) return null;
  if (limits.length > 0 && others.length > 0) {
    throw new UserError(
      changesText(limits),
      `leaves nothing to train: ${doneText(state)}, and the run is finished`,
      `leave it out, to change only ${others.map(({ key }) => key).join(", ")}`,
    );
  }
  if (others.length > 0) return null;
  note?.(
    limits.length > 0
      ? `${changesText(limits)} changes nothing: ${doneText(state)}, and the run is finished`
      : nothingLeft(options, state, summary.reason),
  );
  return { status: "finished", summary, signal: null, exitStatus: 0, error: null, untouched: true };
}

/** The key that limited a run, by the reason of its end. */
const LIMIT_OF: Readonly<Record<string, string>> = {
  max_steps: "training.max_steps",
  early_stopping: "training.early_stopping.patience",
};

/** What is said where a session makes no step: that the run is finished as it is, and why. */
export function nothingLeft(options: SessionOptions, state: TrainState, reason: string): string {
  const { limits } = changedLimits(options);
  const key = LIMIT_OF[reason] ?? "training.epochs";
  const why = limits.length > 0 ? `${changesText(limits)} leaves nothing to train` : "nothing left to train";
  const end = limits.length > 0 ? ", and the run is finished with them" : ` (${reason})`;
  return `${why}: ${doneText(state)}${end}; raise ${key} with --override for more`;
}

/** A fork: a new run that starts from the checkpoint of another run. */
import { createHash } from "node:crypto";
import { join, relative } from "@std/path";
import type { Model } from "../../ffi/model.ts";
import { resolveCheckpoint } from "../checkpoint/resolve.ts";
import { loadCheckpoint } from "../checkpoint/load.ts";
import { changesText, compareConfigs } from "../config/mod.ts";
import type { Config } from "../config/types.ts";
import { compareData, trainedData, trainedRows, withEarlier } from "../data/compare.ts";
import { type DataIdentity, identify } from "../data/identity.ts";
import { readRunData } from "../data/run_data.ts";
import type { Source } from "../data/source.ts";
import { UserError } from "../errors.ts";
import { countText, rateText } from "../figures.ts";
import { readTextSync } from "../formats/file.ts";
import { toUser } from "../paths.ts";
import type { Parent } from "../runs/sessions.ts";
import { beginEpochAnew, checkState, parseState } from "./state_check.ts";
import { freshState, type TrainState } from "./state.ts";
import { tensorSinks } from "./tensors.ts";

const MANIFEST_BYTES_MAX = 16 << 20;

/** The checkpoint from which a fork starts. */
export interface Fork {
  readonly parent: Parent;
  /** The parent run's config. */
  readonly config: Config;
}

/**
 * The checkpoint of a run that is to be forked, checked.
 * @param which "latest", "best" or a checkpoint folder of it
 * @param known what an earlier try has recorded of it
 */
export async function findParent(
  run: string,
  which: string,
  warn: (text: string) => void,
  known?: Parent,
): Promise<Parent> {
  const { path, step } = await resolveCheckpoint(run, which, warn);
  const manifest = readTextSync(join(path, "manifest.json"), MANIFEST_BYTES_MAX);
  const sha256 = createHash("sha256").update(manifest).digest("hex");
  if (known && known.manifest_sha256 !== sha256) {
    throw new UserError(path, "is no longer the checkpoint from which this run was forked", "start another fork");
  }
  return { run, checkpoint: relative(run, path), step, manifest_sha256: sha256 };
}

/**
 * The identity of a fork's data beside those of its parent: what differs is said, and which rows are held out now that the
 * weights have been trained on, by the parent or by a run that it descends from.
 */
export async function forkData(
  { parent }: Fork,
  config: Config,
  source: Source,
  annotations: { names: readonly string[] | null; labels: readonly string[] | null },
  warn: (text: string) => void,
): Promise<DataIdentity> {
  const was = await readRunData(parent.run);
  const now = await identify(config.data, source, { ...annotations, like: was ?? undefined });
  if (was === null) {
    warn(`${toUser(parent.run)} has no data.json: rows that it was trained on may be held out now`);
    return now;
  }
  const differing = compareData(was, now).filter(({ kind }) => kind !== "transforms" && kind !== "labels");
  if (differing.length > 0) {
    warn(`the data are not those that the parent was trained on: ${differing.map(({ text }) => text).join("; ")}`);
  }
  if (parent.step === 0) return now;
  const held = (["validation", "test"] as const).map((part) => trainedRows(trainedData(was), now, source, part));
  const count = held[0]! + held[1]!;
  if (count > 0) warn(`${count} of the validation and test rows were trained on before the fork`);
  return withEarlier(now, was);
}

/**
 * Loads the parent's checkpoint into the network and says what does not continue as before. @returns the fork's first
 * state
 */
export async function beginFork(
  fork: Fork,
  target: { config: Config; source: Source; model: Model; data: string },
  warn: (text: string) => void,
): Promise<TrainState> {
  const { config, source, model, data } = target;
  const { parent } = fork;
  const checkpoint = join(parent.run, parent.checkpoint);
  const { fixed } = compareConfigs(fork.config, config);
  const { parameters, optimizer } = tensorSinks(model);
  const loaded = await asked(loadCheckpoint(checkpoint, { parameters }, { verify: "lengths" }));
  const where = join(checkpoint, "state.json");
  const before = parseState(loaded.state, where, loaded.step);

  const state: TrainState = { ...before, ...ownClock(freshState(data)) };
  if (before.data !== data) {
    const isMidEpoch = before.window !== 0 || before.batch !== 0;
    if (isMidEpoch) {
      warn(`the data or their batches differ from the parent's: epoch ${before.epoch + 1} starts again`);
      beginEpochAnew(state);
    }
  } else checkState(state, where, data, source, config);
  leaveSteering(state, warn);
  const isSameGoal = fixed.every(({ key }) => key.startsWith("optimizer.") || key.startsWith("training."));
  if (!isSameGoal) Object.assign(state, { best: null, stopping: freshState(data).stopping });
  if (!isSameGoal) state.plateau = { ...state.plateau, best: null, badEpochs: 0 };
  if (state.best?.step !== state.step) state.best = null; // its checkpoint is the parent's
  if (config.scheduler.name !== "plateau") state.plateau = freshState(data).plateau;

  const why = await optimizerState(checkpoint, fork.config, config, { parameters, optimizer });
  if (why === null) return state;
  warn(`the optimizer's state starts again (${why}), and so do the count of steps and the schedule`);
  return { ...freshState(data), start: before.start };
}

/** A fork has its config's settings: what commands changed in its parent ends there, but for weights. */
function leaveSteering(state: TrainState, warn: (text: string) => void): void {
  const { steering } = state;
  if (!steering) return;
  const { learning_rate, batch_size, next_batch_size, frozen, scheduler = {}, mask_rate, noise = {} } = steering;
  const size = next_batch_size ?? batch_size;
  const changed = [
    ...learning_rate === null ? [] : [`learning rate ${rateText(learning_rate)}`],
    ...Object.entries(scheduler).map(([key, value]) => `scheduler.${key} ${value}`),
    ...mask_rate === undefined ? [] : [`masking of ${mask_rate}`],
    ...Object.entries(noise).map(([layer, amount]) => `noise of ${layer} ${amount}`),
    ...size === null ? [] : [`batches of ${countText(size)} rows`],
    ...frozen.length === 0 ? [] : [`${frozen.join(", ")} frozen`],
  ];
  if (changed.length > 0) warn(`what commands had set in the parent is not taken over: ${changed.join("; ")}`);
  const isMidEpoch = state.window !== 0 || state.batch !== 0;
  if (batch_size !== null && isMidEpoch) {
    warn(`epoch ${state.epoch + 1} starts again with the config's batches`);
    beginEpochAnew(state);
  }
  delete state.steering;
}

/**
 * Loads the optimizer's state if the optimizer is of the same kind. @returns the reason if it does not, otherwise null
 */
async function optimizerState(
  checkpoint: string,
  before: Config,
  now: Config,
  sinks: ReturnType<typeof tensorSinks>,
): Promise<string | null> {
  const changes = compareConfigs(before, now).fixed.filter(({ key }) => key.startsWith("optimizer."));
  let why: string | null = changes.length > 0 ? changesText(changes) : null;
  try {
    if (why === null) await loadCheckpoint(checkpoint, sinks, { verify: "lengths" });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    why = `what was saved does not fit: ${error.what}`;
  }
  if (why !== null) {
    // A factored output layer is not the optimizer's: its weights follow from sums over past batches, which stay.
    const factored = sinks.optimizer.filter(({ name }) => name.includes(".factored."));
    await asked(
      loadCheckpoint(checkpoint, { parameters: [], optimizer: factored }, { strict: false, verify: "lengths" }),
    );
  }
  return why;
}

/** The error of a checkpoint that does not fit. The command line is wrong, and nothing was started. */
async function asked<T>(loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      error.where,
      error.what,
      "the names and shapes of a fork's tensors must be those of its parent",
    );
  }
}

/** The fork's times, which start at 0. */
function ownClock({ elapsed_s, seconds, since_row, started_at, resumed, data }: TrainState): Partial<TrainState> {
  return { elapsed_s, seconds, since_row, started_at, resumed, data };
}

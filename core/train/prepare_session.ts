/** What a session begins with: its data, its network and its state, checked before anything is written. */
import type { Model } from "../../ffi/model.ts";
import { choiceText, chooseEngine, type EngineChoice } from "../build/choose.ts";
import { loadCheckpoint } from "../checkpoint/load.ts";
import { resolveCheckpoint } from "../checkpoint/resolve.ts";
import { changeText, compareConfigs } from "../config/mod.ts";
import { UserError } from "../errors.ts";
import { checkAnnotations } from "../data/annotations.ts";
import { keepOpen } from "../data/chunk_cache.ts";
import { checkValues } from "../data/check.ts";
import type { DataIdentity } from "../data/identity.ts";
import { requireSteps } from "../data/plan.ts";
import { openWhole } from "../data/open.ts";
import { dataError, type Source } from "../data/source.ts";
import { withRowFiles } from "../data/row_files.ts";
import { commandText } from "../runs/command.ts";
import { beginFork, forkData } from "./fork.ts";
import { type Chosen, chosenFor, chosenText } from "./chosen.ts";
import { runWarnings } from "./run_checks.ts";
import { sortedWarning } from "./shuffling.ts";
import { goOn } from "./begin.ts";
import { settled } from "./epochs.ts";
import { estimateMemory } from "./memory.ts";
import { checkMemory, describeModel, type MemoryEstimate } from "./network.ts";
import { fingerprint, noteData, sessionData } from "./run_data.ts";
import type { SessionOptions } from "./session_options.ts";
import { freshState, type TrainState } from "./state.ts";
import { checkState, parseState } from "./state_check.ts";
import { tensorSinks } from "./tensors.ts";

/**
 * Of tensors that do not fit, where the rule that changed is why: without weight decay rows of the first layer may
 * wait.
 */
function unfit(error: unknown, { saved, config, run }: SessionOptions): unknown {
  const change = saved && compareConfigs(saved, config).from_here.find(({ key }) => key === "optimizer.weight_decay");
  if (!(error instanceof UserError) || !change) return error;
  return new UserError(
    run.path,
    `a resume cannot change ${changeText(change)}: the saved state of the optimizer does not fit (${error.what})`,
    `start a new run: ${commandText("train", "--fork", run.path, "--override", `${change.key}=${change.to}`)}`,
  );
}

/** The options with the numbers of epochs that `auto` stands for with these data. */
function planned(options: SessionOptions, source: Source): SessionOptions {
  const { config, saved, fork } = options;
  return {
    ...options,
    config: settled(config, source),
    ...saved ? { saved: settled(saved, source) } : {},
    ...fork ? { fork: { ...fork, config: settled(fork.config, source) } } : {},
  };
}

/** What a session begins with. */
export interface Prepared {
  /** With numbers in the place of `auto`. */
  readonly options: SessionOptions;
  readonly source: Source;
  readonly model: Model;
  readonly state: TrainState;
  readonly checkpoint: string | null;
  readonly library: EngineChoice;
  readonly identity: DataIdentity;
  readonly names: readonly string[] | null;
  /** Files that stay open. */
  readonly chunks: Disposable;
  readonly memory: MemoryEstimate;
  readonly chosen: readonly Chosen[];
}

/** Opens the data, builds the network and, on a resume, loads the checkpoint. The caller closes the model. */
export async function prepare(given: SessionOptions): Promise<Prepared> {
  const library = chooseEngine(given.config, given.note);
  given.detail?.(`engine ${choiceText(library)}`);
  const opened = await openWhole(given.config.data, given.memory ?? null, { prepared: given.prepared });
  const source = await withRowFiles(opened, given.config, { note: given.note });
  const options = planned(given, source);
  const { config, run, resumeFrom } = options;
  requireSteps(source, config.data);
  const warn = options.warn ?? options.note ?? (() => {});
  const note = options.note ?? (() => {});
  for (const warning of runWarnings(config, source)) note(warning);
  const chosen = chosenFor(config, source, given.config);
  for (const each of chosen) note(chosenText(each));
  const annotations = await checkAnnotations(config.data, source, note);
  const sorted = sortedWarning(config, source, annotations.labels);
  if (sorted) warn(`warning: ${sorted}`);
  const identity = options.fork && resumeFrom === null
    ? await forkData(options.fork, config, source, annotations, warn)
    : await sessionData(run.path, config, source, annotations, resumeFrom !== null, warn);
  const { names } = annotations;
  noteData(config, source, note);
  const chunks = keepOpen(source.files);
  const model = describeModel(config, source);
  try {
    const memory = estimateMemory(config, source, model);
    checkMemory(memory);
    for (const line of await checkValues(source, config)) warn(`warning: ${line}`);
    model.build();
    const ready = { options, source, model, library, identity, names, chunks, memory, chosen };
    const data = fingerprint(config, source, identity);
    if (resumeFrom === null) {
      if (options.fork) {
        const state = await beginFork(options.fork, { config, source, model, data }, warn);
        model.step = state.step;
        goOn(model, state);
        return { ...ready, state, checkpoint: null };
      }
      return { ...ready, state: freshState(data), checkpoint: null };
    }
    const { path: checkpoint } = await resolveCheckpoint(run.path, resumeFrom, warn);
    const loaded = await loadCheckpoint(checkpoint, tensorSinks(model), { verify: "lengths" })
      .catch((error) => Promise.reject(unfit(error, options)));
    const state = parseState(loaded.state, `${checkpoint}/state.json`, loaded.step);
    checkState(state, `${checkpoint}/state.json`, data, source, config);
    state.resumed++;
    model.step = state.step;
    goOn(model, state);
    return { ...ready, state, checkpoint };
  } catch (error) {
    model.close();
    chunks[Symbol.dispose]();
    throw dataError(error);
  }
}

/**
 * The training loop: epochs, windows of chunks, learning rates, validation, early stopping and the times of saves. It knows
 * no file format: {@link TrainerParts} writes rows of logs, checkpoints and diagnostics.
 */
import { type Model, TrainError, type TrainResult } from "../../ffi/model.ts";
import { EngineError } from "../../ffi/error.ts";
import type { Config } from "../config/types.ts";
import { feed, type OpenBatches, type OpenWindow } from "../data/feed.ts";
import { trainingPlan, type Window } from "../data/plan.ts";
import type { PreparingProgress } from "../data/prepare.ts";
import { chunkName, type Source } from "../data/source.ts";
import type { ChunkRow, EpochRow } from "../runs/types.ts";
import { evaluatePart, type Evaluation, type EvaluationProgress, Stopped } from "../evaluation/evaluate.ts";
import { DivergenceWatch } from "./diverged.ts";
import { horizonOf } from "./horizon.ts";
import { type Horizon, learningRate, plateau } from "./schedule.ts";
import type { Steering } from "../steer/steering.ts";
import type { Saves } from "./saves.ts";
import { dataOfEpoch, noTotals, type Started, type Totals, type TrainState } from "./state.ts";

/** Functions that are called when something happens. */
export interface TrainObserver {
  /** The run's starting weights are made next, or it goes on. */
  starting?(info: { epochs: number }): void;
  /** Some rows of a source have been prepared before training, or read for principal components. */
  preparing?(progress: PreparingProgress): void;
  /** A window's training begins: `batches` steps of epoch `epoch`, `step` done so far. */
  windowStarted?(
    info: { epoch: number; epochs: number; window: number; windows: number; step: number; steps: number },
  ): void;
  chunkDone?(row: ChunkRow): void;
  epochDone?(row: EpochRow, best: boolean): void;
  /** The evaluation of some rows of a part begins, after an epoch or at the end. */
  evaluating?(info: EvaluationProgress): void;
  saved?(info: { step: number; path: string; best: boolean }): void;
}

export interface TrainerParts {
  readonly config: Config;
  readonly model: Model;
  readonly source: Source;
  /** The state that a checkpoint saves. It is changed in place. */
  readonly state: TrainState;
  readonly observer: TrainObserver;
  /** Called when steps are done, and in steps.csv. */
  stepsMade(): void;
  /** Appends a row, once per key even across resumes. */
  logChunk(row: ChunkRow): Promise<void>;
  logEpoch(row: EpochRow): Promise<void>;
  readonly saves: Pick<Saves, "save" | "saveDue" | "keepBest" | "isOverdue" | "check">;
  /** Opens windows, where the run does not make its batches for itself. */
  readonly open?: OpenBatches;
  /** Makes the starting weights. @throws {Stopped} */
  begin(): Promise<Started>;
  /** Fits the output layer to all training rows, where that is due after an epoch. */
  refit(epoch: number): Promise<void>;
  /** Takes commands between steps. */
  readonly steering: Pick<
    Steering,
    "between" | "until" | "training" | "beginEpoch" | "learningRate" | "scheduler" | "takeRenewal"
  >;
  /** Runs the config's diagnostics after an epoch. @throws {Stopped} */
  diagnose(epoch: number): Promise<void>;
  /** Seconds since this run began, over all sessions. */
  elapsed(): number;
  /** Says what went wrong without ending the run. */
  warn(text: string): void;
  /** Whether a stop was requested; the model has been told to stop. */
  stopping(): boolean;
  /** The epoch after which the session ends, before the run does. */
  readonly untilEpoch?: number;
}

/** Why the loop ended. */
export type Ending = "epochs" | "max_steps" | "early_stopping" | "stopped" | "until_epoch";

/** The most steps of a call of the engine, whose learning rates are laid out before it. */
const CALL_STEPS = 4096;

const perSecond = (rows: number, ms: number) => ms > 0 ? rows / ms * 1000 : 0;

export class Trainer {
  #horizon: Horizon | null = null;
  readonly #divergence: DivergenceWatch;

  constructor(readonly parts: TrainerParts) {
    const progress = (info: EvaluationProgress) => parts.observer.evaluating?.(info);
    this.#divergence = new DivergenceWatch({ ...parts, progress });
  }

  /** Number of steps of the whole run, over which schedules with an end are stretched. */
  get horizon(): Horizon {
    return this.#horizon ??= horizonOf(this.parts.config, this.parts.source);
  }

  /** Trains from the state to the end or a stop. On an exception the state is that of the last whole step. */
  async run(): Promise<Ending> {
    const { config, state } = this.parts;
    this.parts.observer.starting?.({ epochs: config.training.epochs });
    if (state.start === null && !await this.#begin()) return "stopped";
    while (state.epoch < config.training.epochs) {
      if (this.#patienceOver()) return "early_stopping";
      // In the middle of an epoch, the row of a completed window or the end of the epoch may be missing.
      if (this.#atLimit() && state.window === 0 && state.batch === 0) return "max_steps";
      if (state.epoch >= (this.parts.untilEpoch ?? Infinity) && state.window === 0 && state.batch === 0) {
        return "until_epoch";
      }
      if (state.window === 0 && state.batch === 0) this.parts.steering.beginEpoch();
      if (!await this.#trainEpoch()) return this.parts.stopping() ? "stopped" : "max_steps";
      if (!await this.#finishEpoch()) return "stopped";
    }
    return "epochs";
  }

  /**
   * The starting weights. Where they are those of PCA, they are evaluated as epoch 0, which may be the best. @returns false when
   * stopped: then all of it is done again
   */
  async #begin(): Promise<boolean> {
    const { config, model, source, state, observer } = this.parts;
    try {
      const start = await this.parts.begin();
      if (start.kind === "random") {
        state.start = start;
        return true;
      }
      const begun = performance.now();
      const progress = (info: EvaluationProgress) => observer.evaluating?.(info);
      const train = await evaluatePart(model, source, "train", config, { progress });
      const validation = source.partRows.validation > 0 ? await this.#validate() : null;
      const validation_ms = performance.now() - begun;
      state.seconds.validation += validation_ms / 1000;
      const row: EpochRow = {
        epoch: 0,
        train_loss: train.loss,
        validation_loss: validation?.loss ?? null,
        learning_rate: this.#rate(0),
        samples_per_second: 0,
        elapsed_s: this.parts.elapsed(),
        steps: 0,
        rows: 0,
        wait_ms: 0,
        train_ms: 0,
        validation_ms,
        checkpoint_ms: 0,
        diagnostics_ms: 0,
        grad_norm_max: 0,
      };
      this.#requireFinite(validation?.loss ?? train.loss, validation === null ? "training" : "validation", 0);
      await this.parts.logEpoch(row);
      state.start = start;
      // The training loss of a later epoch is the mean over its steps, with which this one cannot be compared.
      const best = validation !== null && this.#judge(validation.loss);
      observer.epochDone?.(row, best);
      if (best && config.checkpoint.best) await this.parts.saves.keepBest();
      return true;
    } catch (error) {
      if (error instanceof Stopped) return false;
      throw error;
    }
  }

  /**
   * Whether the run ends. Checked before an epoch, not after it, so that a resume from the last epoch's checkpoint
   * ends, too.
   */
  #patienceOver(): boolean {
    const { config, state } = this.parts;
    const { patience } = config.training.early_stopping;
    return patience !== null && state.window === 0 && state.batch === 0 && state.stopping.bad_epochs >= patience;
  }

  #atLimit(): boolean {
    return this.parts.state.step >= (this.parts.config.training.max_steps ?? Infinity);
  }

  /** Whether all of the epoch's windows are done; false when stopped or at the step limit before that. */
  async #trainEpoch(): Promise<boolean> {
    const { source, state } = this.parts;
    for (;;) {
      const plan = trainingPlan(source, this.#data, state.epoch + 1);
      const end = await this.#trainWindows(plan);
      if (end !== "renewal") return end === "done";
    }
  }

  /** Trains on windows from the state on: all of them, or until batches have to be made with other settings. */
  async #trainWindows(plan: readonly Window[]): Promise<"done" | "renewal" | "stopped"> {
    const { state } = this.parts;
    const windows = feed(plan, {
      data: this.#data,
      epoch: state.epoch + 1,
      part: "train",
      training: true,
      firstWindow: state.window,
      firstBatch: state.batch,
      open: this.parts.open,
    });
    for await (const open of windows) {
      const end = await this.#trainWindow(open, plan);
      if (end !== "done") return end;
      await this.#finishWindow(open.window);
      if (this.parts.stopping()) return "stopped";
    }
    return "done";
  }

  async #trainWindow(
    { window, batches, openWaitMs }: OpenWindow,
    plan: readonly Window[],
  ): Promise<"done" | "renewal" | "stopped"> {
    const { config, model, state, observer, steering } = this.parts;
    observer.windowStarted?.({
      epoch: state.epoch + 1,
      epochs: config.training.epochs,
      window: window.index,
      windows: plan.length,
      step: state.step,
      steps: this.horizon.totalSteps,
    });
    state.window_totals.open_wait_ms += openWaitMs;
    state.epoch_totals.open_wait_ms += openWaitMs;
    const every = config.checkpoint.every_steps;
    while (state.batch < window.batches) {
      if (this.parts.stopping() || this.#atLimit()) return "stopped";
      await steering.between();
      if (this.parts.stopping()) return "stopped";
      if (steering.takeRenewal()) return "renewal";
      const untilSave = every > 0 ? every - state.step % every : Infinity;
      const untilEnd = (config.training.max_steps ?? Infinity) - state.step;
      const steps = Math.min(window.batches - state.batch, untilSave, untilEnd, steering.until(), CALL_STEPS);
      const rates = this.#rates(steps);
      let result: TrainResult;
      try {
        result = await steering.training(() => model.train(batches, rates, state.epoch + 1, window.index));
      } catch (error) {
        if (error instanceof TrainError) this.#count(error.done, window);
        throw error;
      }
      this.#count(result, window);
      this.parts.stepsMade();
      if (every > 0 && result.steps > 0 && state.step % every === 0) await this.parts.saves.save();
    }
    return "done";
  }

  /** Adds some steps of a window to the state. */
  #count(result: TrainResult, window: Window): void {
    const { state } = this.parts, data = this.#data;
    if (result.steps > 0) state.first_loss ??= result.losses[0]!;
    // Step by step, so that the sums have the same bits however an epoch is cut into calls.
    for (let i = 0; i < result.steps; i++) {
      const rows = Math.min(data.batch_size, window.rows - (state.batch + i) * data.batch_size);
      state.window_totals.loss_rows += result.losses[i]! * rows;
      state.epoch_totals.loss_rows += result.losses[i]! * rows;
    }
    for (const totals of [state.window_totals, state.epoch_totals]) add(totals, result);
    state.step += result.steps;
    state.batch += result.steps;
    state.seconds.train += result.computeMs / 1000;
    state.seconds.wait += result.waitMs / 1000;
  }

  #rate(step: number): number {
    return this.#rates(1, step)[0]!;
  }

  /** The learning rates of some steps. */
  #rates(steps: number, first = this.parts.state.step): Float64Array<ArrayBuffer> {
    const { state: { plateau: { factor } }, steering: { learningRate: learning_rate, scheduler } } = this.parts;
    const { horizon } = this;
    return Float64Array.from(
      { length: steps },
      (_, i) => learningRate(first + i, { learning_rate }, scheduler, horizon, factor),
    );
  }

  get #data() {
    return dataOfEpoch(this.parts.config.data, this.parts.state);
  }

  async #finishWindow(window: Window): Promise<void> {
    const { state } = this.parts;
    const totals = state.window_totals;
    const row: ChunkRow = {
      epoch: state.epoch + 1,
      chunk: window.index,
      file: window.files.map(chunkName).join("+"),
      first_step: state.step - totals.steps + 1,
      steps: totals.steps,
      rows: totals.rows,
      nnz: totals.nnz,
      loss: totals.loss_rows / totals.rows,
      samples_per_second: perSecond(totals.rows, totals.compute_ms + totals.wait_ms + totals.open_wait_ms),
      open_wait_ms: totals.open_wait_ms,
      wait_ms: totals.wait_ms,
      forward_ms: totals.forward_ms,
      backward_ms: totals.compute_ms - totals.forward_ms,
      elapsed_s: this.parts.elapsed(),
    };
    await this.parts.logChunk(row);
    this.parts.observer.chunkDone?.(row);
    state.window++;
    state.batch = 0;
    state.window_totals = noTotals();
    this.parts.saves.check();
    if (this.parts.config.checkpoint.every_epochs === null && this.parts.saves.isOverdue()) {
      await this.parts.saves.save();
    }
  }

  /** Validation, the epoch's row, diagnostics, best and scheduled saves. False when stopped before the epoch counts. */
  async #finishEpoch(): Promise<boolean> {
    const { config, source, state } = this.parts;
    let validationLoss: number | null = null;
    if (this.parts.stopping()) return false;
    await this.parts.refit(state.epoch + 1);
    const totals = state.epoch_totals;
    const trainLoss = totals.loss_rows / totals.rows;
    const begun = performance.now();
    try {
      if (source.partRows.validation > 0) validationLoss = (await this.#validate()).loss;
      await this.#divergence.look(state.epoch + 1, trainLoss);
    } catch (error) {
      if (error instanceof Stopped) return false;
      throw error;
    }
    const validationMs = performance.now() - begun;
    const loss = validationLoss ?? trainLoss;
    this.#requireFinite(loss, validationLoss === null ? "training" : "validation", state.epoch + 1);
    const row: EpochRow = {
      epoch: state.epoch + 1,
      train_loss: trainLoss,
      validation_loss: validationLoss,
      learning_rate: this.#rate(state.step - 1),
      samples_per_second: perSecond(totals.rows, totals.compute_ms + totals.wait_ms + totals.open_wait_ms),
      elapsed_s: this.parts.elapsed(),
      steps: totals.steps,
      rows: totals.rows,
      wait_ms: totals.wait_ms + totals.open_wait_ms,
      train_ms: totals.compute_ms,
      validation_ms: validationMs,
      checkpoint_ms: state.since_row.checkpoint_ms,
      diagnostics_ms: state.since_row.diagnostics_ms,
      grad_norm_max: totals.grad_norm_max,
    };
    state.seconds.validation += validationMs / 1000;
    // The epoch counts as done once its row and its diagnostics are written: a session that goes on after a failure, or
    // a kill, makes again what is missing.
    await this.parts.logEpoch(row);
    if (config.diagnostics.every_epochs > 0 && row.epoch % config.diagnostics.every_epochs === 0) {
      try {
        await this.parts.diagnose(row.epoch);
      } catch (error) {
        if (error instanceof Stopped) return false;
        throw error;
      }
    }
    state.since_row = { checkpoint_ms: 0, diagnostics_ms: 0 };
    state.epoch++;
    state.window = state.batch = 0;
    state.epoch_totals = noTotals();
    const best = this.#judge(loss);
    this.parts.observer.epochDone?.(row, best);
    if (best && config.checkpoint.best) await this.parts.saves.keepBest();
    const every = config.checkpoint.every_epochs;
    if (every === null) await this.parts.saves.saveDue(this.#bestLasts());
    else if (every > 0 && state.epoch % every === 0) await this.parts.saves.save();
    return true;
  }

  /** Whether half of the patience has gone by without an improvement. */
  #bestLasts(): boolean {
    const { config, state } = this.parts;
    const { patience } = config.training.early_stopping;
    return patience !== null && state.stopping.bad_epochs * 2 >= patience;
  }

  #requireFinite(loss: number, which: string, epoch: number): void {
    if (Number.isFinite(loss)) return;
    throw new EngineError("non_finite", `epoch ${epoch}, step ${this.parts.state.step}: the ${which} loss is ${loss}`);
  }

  #validate(): Promise<Evaluation> {
    const { config, model, source, observer } = this.parts;
    return evaluatePart(model, source, "validation", config, { progress: (info) => observer.evaluating?.(info) });
  }

  /** Records an epoch's loss for best, early stopping and plateau. @returns whether it is the best so far */
  #judge(loss: number): boolean {
    const { config, state, steering } = this.parts;
    const { min_delta } = config.training.early_stopping;
    if (state.stopping.best === null || loss < state.stopping.best - min_delta) {
      state.stopping = { best: loss, bad_epochs: 0 };
    } else state.stopping.bad_epochs++;
    state.plateau = plateau(state.plateau, loss, steering.scheduler);
    if (state.best !== null && !(loss < state.best.loss)) return false;
    state.best = { epoch: state.epoch, step: state.step, loss };
    return true;
  }
}

function add(totals: Totals, result: TrainResult): void {
  totals.steps += result.steps;
  totals.rows += result.rows;
  totals.nnz += result.nnz;
  totals.grad_norm_max = Math.max(totals.grad_norm_max, result.maxGradNorm);
  totals.wait_ms += result.waitMs;
  totals.forward_ms += result.forwardMs;
  totals.compute_ms += result.computeMs;
}

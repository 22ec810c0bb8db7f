/**
 * The saves of a session. Training stops only while the tensors are copied in memory; the checkpoint is then written from the
 * copy beside the training. If there is no memory for copies, training waits until the checkpoint is written. The best
 * epoch's state is kept as a copy and written before any later state, so that `latest` is never later than a best epoch that
 * is not saved. It is written alone, as soon as time suffices, where the present state would exceed the share of time.
 */
import { relative } from "@std/path";
import type { Model } from "../../ffi/model.ts";
import { saveCheckpoint } from "../checkpoint/save.ts";
import type { CheckpointConfig } from "../config/types.ts";
import { Cadence } from "./cadence.ts";
import { noteFirst } from "./first_checkpoint.ts";
import { type TrainState, writtenState } from "./state.ts";
import { tensorSources } from "./tensors.ts";
import { Turns, Twins } from "./twins.ts";

export interface SavesOptions {
  readonly runDir: string;
  readonly model: Model;
  /** The present state, which changes as training goes on. */
  readonly state: TrainState;
  readonly config: CheckpointConfig;
  /** The number of copies of the tensors that may be held: 0, 1 or 2. */
  readonly copies: number;
  /** Bytes of a checkpoint's tensors. */
  readonly bytes: number;
  readonly cores: number;
  /** The checkpoint that the session started from. */
  readonly checkpoint: string | null;
  /** Makes the logs durable. */
  syncLogs(): Promise<void>;
  /** Seconds since the run began. */
  elapsed(): number;
  saved(info: { step: number; path: string; best: boolean }): void;
}

type Tensors = ReturnType<typeof tensorSources>;

/** A state of the run: its tensors in a network of their own, which does not train. */
interface Copy {
  readonly twin: Model;
  /** For calls on the twin, which may be read by a write and by {@linkcode Saves.restore}. */
  readonly turns: Turns;
  readonly tensors: Tensors;
  readonly state: TrainState;
  saved: boolean;
}

/**
 * A key that identifies a state of the run. The step alone does not: at the end of an epoch two states have the same
 * step, and so have those before and after an edit.
 */
const place = ({ step, epoch, window, batch, steering }: TrainState) =>
  [step, epoch, window, batch, steering?.edits ?? 0].join("/");

export class Saves implements Disposable {
  /** Of the newest state saved: see {@link place}. */
  #saved = "";
  #lastCheckpoint: string | null;
  readonly #twins: Twins;
  /** The best epoch's state. Once it is saved, it stays for the evaluation at the end until its memory is needed. */
  #best: Copy | null = null;
  /** Copies that are being written, and copies whose write has failed, which is tried again at the end. */
  #begun: Copy[] = [];
  #writing: Promise<void> | null = null;
  #error: { readonly cause: unknown } | null = null;
  readonly #cadence: Cadence;

  constructor(readonly options: SavesOptions) {
    const { model, state, copies } = options;
    this.#twins = new Twins(model, copies, (seconds) => state.seconds.checkpoint_beside += seconds);
    this.#lastCheckpoint = options.checkpoint;
    this.#cadence = new Cadence({ ...options, seconds: state.seconds, beside: copies > 0 });
    if (options.checkpoint) this.#saved = place(options.state);
  }

  /** The newest checkpoint that is completely on disk. */
  get lastCheckpoint(): string | null {
    return this.#lastCheckpoint;
  }

  /** Begins to prepare the memory of the first copy beside the training. */
  prepare(): void {
    this.#twins.prepare();
  }

  /**
   * Whether a save is due at the end of an epoch: it stays within the share of time, or `every_minutes` have passed.
   */
  isDue(): boolean {
    return this.isOverdue() || this.#affords(this.#pendingBest() !== null && !this.#isBest() ? 2 : 1);
  }

  /**
   * At the end of an epoch: saves the present state if that is due, or else the best one alone if that is affordable.
   * @param lasting whether the best is likely to stay it: then it is written now rather than at the end
   */
  async saveDue(lasting = false): Promise<void> {
    this.check();
    if (this.isDue()) return await this.save();
    const best = this.#pendingBest();
    if (best === null || this.#writing || !(lasting || this.#affords(1))) return;
    const begun = performance.now();
    await this.#standing(async () => {
      await this.options.syncLogs();
      this.#begun.push(best);
      this.#begin(begun);
    });
  }

  #affords(checkpoints: number): boolean {
    return !this.#writing && this.#cadence.affords(checkpoints);
  }

  /** Whether `every_minutes` have gone by since the newest state saved. */
  isOverdue(): boolean {
    return !this.#writing && this.#cadence.overdue;
  }

  /** Throws the error of a write beside the training, once. */
  check(): void {
    const error = this.#error;
    this.#error = null;
    if (error) throw error.cause;
  }

  /** Keeps the present state, which is the best so far, in memory. It is written with the next save. */
  async keepBest(): Promise<void> {
    this.check();
    await this.#standing(async () => {
      if (this.options.copies === 0) return await this.#writeModel();
      this.#drop();
      this.#best = await this.#copy();
      this.#twins.prepare(); // the next save copies the present state, while this one is kept
    });
  }

  /**
   * Saves the present state. Training may go on when the promise resolves; {@linkcode settle} waits for the disk.
   * @param copied called when the present state is copied, or saved: the network may be given other weights
   */
  async save(copied?: () => Promise<void>): Promise<void> {
    this.check();
    const begun = performance.now();
    this.#withdrawBest();
    await this.#standing(async () => {
      if (this.options.copies === 0) {
        await this.#writeModel();
        return await copied?.();
      }
      if (this.options.copies === 1 && !this.#isBest()) {
        await this.#written();
        await this.#writeBest();
      }
      const copies = [];
      const best = this.#pendingBest();
      if (best) copies.push(best);
      if (!this.#isSaved() && !(best && place(best.state) === place(this.options.state))) {
        copies.push(await this.#copy());
      }
      await this.options.syncLogs();
      this.#begun.push(...copies);
      await copied?.();
      this.check();
      if (copies.length > 0) this.#begin(begun);
    });
  }

  /** Gives the network the state of a step, if a copy holds it. */
  async restore(step: number): Promise<boolean> {
    const copies = this.#best ? [...this.#begun, this.#best] : this.#begun;
    const copy = copies.find(({ state }) => state.step === step);
    if (copy) await copy.turns.take(() => this.options.model.copyFrom(copy.twin));
    return copy !== undefined;
  }

  /** Waits until all copies are on disk, that of the best epoch as well. */
  async settle(): Promise<void> {
    await this.#standing(async () => {
      await this.#written();
      while (this.#begun.length > 0) await this.#writeNext();
      await this.#writeBest();
    });
  }

  /** Saves the present state unless it is saved already, and waits like {@linkcode settle}. */
  async saveIfNew(): Promise<void> {
    this.#withdrawBest();
    await this.#standing(async () => {
      await this.#written();
      while (this.#begun.length > 0) await this.#writeNext();
      if (this.#isBest()) this.#drop(); // it is written as the present state
      await this.#writeBest();
      if (!this.#isSaved()) await this.#writeModel();
    });
  }

  /** Drops the error of a write beside the training, after another error. */
  async forgive(): Promise<void> {
    await this.#writing;
    this.#error = null;
  }

  /** Whether the present state is the best so far and is to be kept. */
  #isBest(state = this.options.state): boolean {
    return this.options.config.best && state.best?.step === state.step;
  }

  /** Weights that a command has written are not those of the best epoch: a save of the same step takes its checkpoint's place. */
  #withdrawBest(): void {
    const { state } = this.options;
    if (state.best === null || state.best.step !== state.step || state.steering?.written !== state.step) return;
    this.#drop();
    state.best = null;
  }

  /** Whether the present state is saved or is being saved. */
  #isSaved(): boolean {
    const present = place(this.options.state);
    return this.#saved === present || this.#begun.some(({ state }) => place(state) === present);
  }

  /** Counts the time in which training stands still for `body`. */
  async #standing(body: () => Promise<void>): Promise<void> {
    const { state } = this.options;
    const begun = performance.now();
    try {
      await body();
    } finally {
      const ms = performance.now() - begun;
      state.seconds.checkpoint += ms / 1000;
      state.since_row.checkpoint_ms += ms;
    }
  }

  /** A copy of the present state. If there is no memory for one more, it waits until another is written. */
  async #copy(): Promise<Copy> {
    const { model, state } = this.options;
    const twin = await this.#freeTwin();
    try {
      await twin.copyFrom(model);
    } catch (error) {
      this.#twins.give(twin);
      throw error;
    }
    state.elapsed_s = this.options.elapsed();
    const turns = new Turns();
    return { twin, turns, tensors: tensorSources(twin, turns), state: structuredClone(state), saved: false };
  }

  async #freeTwin(): Promise<Model> {
    let twin = await this.#twins.take();
    if (twin === null && !this.#best?.saved) {
      await this.#written();
      twin = await this.#twins.take();
    }
    if (twin === null && this.#best?.saved) {
      this.#drop();
      twin = await this.#twins.take();
    }
    if (twin === null) throw new Error("every network for copies holds one that is not saved");
    return twin;
  }

  /** Gives up the copy of the best epoch, unless it is being written. */
  #drop(): void {
    const best = this.#best;
    this.#best = null;
    if (best && !this.#begun.includes(best)) this.#twins.give(best.twin);
  }

  /** The copy of the best epoch where no write of it has begun. */
  #pendingBest(): Copy | null {
    return this.#best === null || this.#best.saved || this.#begun.includes(this.#best) ? null : this.#best;
  }

  async #writeBest(): Promise<void> {
    const best = this.#pendingBest();
    if (best === null) return;
    this.#begun.push(best);
    await this.options.syncLogs();
    await this.#writeNext();
  }

  /** Writes the first of the waiting copies. If that fails, the copy stays and is tried again. */
  async #writeNext(): Promise<void> {
    const copy = this.#begun[0]!;
    await this.#commit(copy.state, copy.tensors);
    this.#begun.shift();
    copy.saved = true;
    if (copy !== this.#best) this.#twins.give(copy.twin);
  }

  /** Writes the copies one after the other beside the training, also those that are added meanwhile. */
  #begin(begun: number): void {
    this.#cadence.saved(this.#begun.at(-1)!.state.elapsed_s);
    if (this.#writing) return;
    const { state } = this.options;
    const left = performance.now();
    const write = async () => {
      let written = 0;
      try {
        for (; this.#begun.length > 0; written++) await this.#writeNext();
      } catch (cause) {
        this.#error = { cause };
      }
      const beside = (performance.now() - left) / 1000;
      state.seconds.checkpoint_beside += beside;
      if (written > 0) this.#cadence.measured(written, (left - begun) / 1000, beside);
      this.#writing = null;
    };
    this.#writing = write();
  }

  /** Waits for the write beside the training, and throws its error. */
  async #written(): Promise<void> {
    await this.#writing;
    this.check();
  }

  /** Saves the present state while training stands still. */
  async #writeModel(): Promise<void> {
    const { model, state } = this.options;
    const begun = performance.now();
    await this.options.syncLogs();
    state.elapsed_s = this.options.elapsed();
    await this.#commit(state, tensorSources(model));
    this.#cadence.measured(1, (performance.now() - begun) / 1000, 0);
  }

  async #commit(state: TrainState, tensors: Tensors): Promise<void> {
    const { runDir, config, saved } = this.options;
    const { step } = state;
    const best = this.#isBest(state);
    const done = await saveCheckpoint(runDir, {
      step,
      ...tensors,
      state: writtenState(state),
      keep: config.keep,
      best,
    });
    if (this.#lastCheckpoint === null) await noteFirst(runDir, done.name);
    this.#lastCheckpoint = done.path;
    this.#saved = place(state);
    this.#cadence.saved(state.elapsed_s);
    saved({ step, path: relative(runDir, done.path), best });
  }

  /** Frees the copies. */
  [Symbol.dispose](): void {
    this.#drop();
    for (const { twin } of this.#begun) this.#twins.give(twin);
    this.#begun.length = 0;
    this.#twins[Symbol.dispose]();
  }
}

/** Lets a training loop take commands: before each step those that wait at the desk, and those of a journal that is repeated. */
import type { Model, TensorInfo } from "../../ffi/model.ts";
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import type { SchedulerConfig } from "../config/types.ts";
import { type Command, noiseOf, type ScheduleKey, type Settable } from "./command.ts";
import type { Desk } from "./desk.ts";
import type { Edit, Journal } from "./journal.ts";
import { elementAt } from "./element.ts";
import { setNoise } from "./noise.ts";
import { checkSchedule, untilShared } from "./sizes.ts";
import { type Steered, untouched } from "./state.ts";

/** The run that is steered. */
export interface Course {
  readonly model: Model;
  /** Changed in place: `steering` is made with the first edit. */
  readonly state: {
    readonly step: number;
    readonly epoch: number;
    readonly window: number;
    /** Batches made of the present window, of the present size. */
    batch: number;
    steering?: Steered;
  };
  /** The config's values. */
  readonly learningRate: number;
  readonly batchSize: number;
  readonly maskRate: number;
  readonly scheduler: SchedulerConfig;
  /** The most rows that a batch can have. */
  readonly trainingRows: number;
  /** Whether windows hold the same rows whatever the batch size: then it may change within one. */
  readonly keepsRows: boolean;
  /** Factors of the learning rate by layer, where they are not 1. */
  rates(): Readonly<Record<string, number>>;
  save(): Promise<void>;
  /** Ends the session as a signal does. */
  stop(): void;
  stopping(): boolean;
  /** Lets the engine train again after {@linkcode Taker.interrupt}. */
  resume(): void;
  /** Told of each edit. */
  edited(edit: Edit): void;
  /** Told when a command lets training stand still before the next step, and when it goes on. */
  paused(isPaused: boolean): void;
}

export class Steering {
  /** Those that change what is computed. */
  readonly #replay: readonly Edit[];
  #isPaused = false;
  /** Steps that are left before the loop pauses. */
  #allowed = Infinity;
  #isTraining = false;
  /** Whether the last call was interrupted before it made a step: the next one makes one, whoever asks for what meanwhile. */
  #owesStep = false;
  #next = 0;
  #isRenewal = false;
  /** Why the journal does not have what has taken effect: the session fails, since it could not be repeated. */
  #lost: { readonly error: unknown } | null = null;

  /** @param replay the edits of another run's journal that are made again, at the same steps; none is of a step before the state */
  constructor(
    readonly course: Course,
    readonly desk: Desk,
    readonly journal: Journal,
    replay: readonly Edit[] = [],
  ) {
    this.#replay = replay;
    this.#next = course.state.steering?.replayed ?? 0;
    desk.attach({
      model: course.model,
      interrupt: () => {
        if (this.#isTraining && !this.#owesStep) course.model.stop();
      },
    });
    for (const layer of course.state.steering?.frozen ?? []) course.model.setRate(layer, 0);
    for (const [layer, amount] of Object.entries(course.state.steering?.noise ?? {})) {
      course.model.setNoise(layer, amount);
    }
  }

  get isPaused(): boolean {
    return this.#isPaused || this.#allowed <= 0;
  }

  get learningRate(): number {
    return this.course.state.steering?.learning_rate ?? this.course.learningRate;
  }

  /** The config's schedule, with what commands have set of it. */
  get scheduler(): SchedulerConfig {
    return { ...this.course.scheduler, ...this.course.state.steering?.scheduler };
  }

  /** Whether batches have to be made anew since this was last asked: those that wait were made with other settings. */
  takeRenewal(): boolean {
    const isDue = this.#isRenewal;
    this.#isRenewal = false;
    return isDue;
  }

  /** A batch size that waits takes effect with the epoch at the latest. */
  beginEpoch(): void {
    const { steering } = this.course.state;
    if (steering && steering.next_batch_size !== null) steering.batch_size = steering.next_batch_size;
  }

  get #batchSize(): number {
    return this.course.state.steering?.batch_size ?? this.course.batchSize;
  }

  /**
   * Steps until as many rows of the window are done as whole batches of the size that waits have: then the window goes on with
   * it. Infinity where none waits, or windows depend on the size.
   */
  #untilSize(): number {
    const { course: { keepsRows, state } } = this, next = state.steering?.next_batch_size ?? null;
    if (next === null || next === this.#batchSize || !keepsRows) return Infinity;
    return untilShared(state.batch, this.#batchSize, next);
  }

  /** The size that waits takes effect, where it can. */
  #changeSize(): void {
    if (this.#untilSize() !== 0) return;
    const { state } = this.course, steered = this.#steered, next = steered.next_batch_size!;
    state.batch = state.batch * this.#batchSize / next;
    if (state.window !== 0 || state.batch !== 0) steered.mixed_epoch = state.epoch + 1;
    steered.batch_size = next;
    this.#isRenewal = true;
  }

  /** Takes what is due before the next step, and returns when training may go on or is stopped. */
  async between(): Promise<void> {
    const { course: { state, stopping, paused }, desk } = this;
    let isStill = false;
    const tell = (still: boolean) => {
      if (still !== isStill) paused(isStill = still);
    };
    // What is due is done before commands of the same step, however late these come, so that a repetition does the same.
    this.#changeSize();
    for (;;) {
      for (; this.#replay[this.#next]?.step === state.step; this.#next++) {
        await this.#take(this.#replay[this.#next]!.command);
        this.#steered.replayed++;
      }
      // What is asked for meanwhile waits for the next time, so that training goes on in between.
      for (let left = desk.waiting; left > 0; left--) {
        await desk.take()!.settle((command) => this.#take(command));
        if (this.#lost) throw this.#lost.error; // what still waits is refused by detach
      }
      if (stopping() || !this.isPaused) return tell(false);
      tell(true);
      await desk.wait();
    }
  }

  /** Number of edits of the other journal that are not made yet. */
  get left(): number {
    return this.#replay.length - this.#next;
  }

  /** Number of steps that may be made before {@linkcode between} has something to do. */
  until(): number {
    const due = this.#replay[this.#next]?.step ?? Infinity;
    return Math.min(due - this.course.state.step, this.#allowed, this.#owesStep ? 1 : Infinity, this.#untilSize());
  }

  /** Runs a call that trains, which a command ends early. */
  async training<T extends { readonly steps: number }>(work: () => Promise<T>): Promise<T> {
    this.#isTraining = true;
    try {
      const result = await work();
      this.#allowed -= result.steps;
      this.#owesStep = result.steps === 0;
      return result;
    } finally {
      this.#isTraining = false;
      if (!this.course.stopping()) this.course.resume();
    }
  }

  async #take(command: Command): Promise<Edit> {
    const { state } = this.course;
    const before = await this.#apply(command);
    const steering = state.steering ??= untouched();
    const edit: Edit = {
      edit: steering.edits + 1,
      step: state.step,
      epoch: state.epoch,
      at: new Date().toISOString(),
      command,
      ...before === undefined ? {} : { before },
    };
    await this.journal.append(edit).catch((error) => {
      this.#lost = { error };
      throw error;
    });
    steering.edits++;
    this.course.edited(edit);
    if (command.do === "save") await this.course.save();
    if (command.do === "stop") this.course.stop();
    return edit;
  }

  /** @returns what was there before, of a command that changes something */
  async #apply(command: Command): Promise<number | boolean | undefined> {
    switch (command.do) {
      case "pause":
        this.#isPaused = true;
        return;
      case "continue":
        this.#isPaused = false;
        this.#allowed = command.steps ?? Infinity;
        return;
      case "save":
      case "stop":
        return;
      case "set":
        return this.#set(command.key, command.value);
      case "freeze":
        return this.#freeze(command.layer, command.frozen);
      case "write":
        return await this.#write(command);
    }
  }

  get #steered(): Steered {
    return this.course.state.steering ??= untouched();
  }

  #set(key: Settable, value: number): number {
    if (key === "optimizer.learning_rate") return this.#setRate(value);
    if (key === "data.batch_size") return this.#setBatchSize(value);
    if (key === "data.mask_rate") return this.#setMaskRate(value);
    if (noiseOf(key) !== null) return this.#setNoise(key, value);
    return this.#setSchedule(key.slice("scheduler.".length) as ScheduleKey, value);
  }

  #setMaskRate(value: number): number {
    const before = this.#steered.mask_rate ?? this.course.maskRate;
    if (value >= 1) throw new UserError("data.mask_rate", `must be at least 0 and below 1, got ${value}`);
    this.#steered.mask_rate = value;
    if (value !== before) this.#isRenewal = true;
    return before;
  }

  #setNoise(key: Settable, value: number): number {
    const { noise, before } = setNoise(this.course.model, this.#steered.noise, key, value);
    this.#steered.noise = noise;
    return before;
  }

  #setSchedule(key: ScheduleKey, value: number): number {
    const before = this.scheduler;
    checkSchedule(before, key, value);
    this.#steered.scheduler = { ...this.#steered.scheduler, [key]: value };
    return before[key];
  }

  #setRate(value: number): number {
    const before = this.learningRate;
    this.#steered.learning_rate = value;
    return before;
  }

  #setBatchSize(value: number): number {
    const { trainingRows } = this.course;
    if (!Number.isInteger(value) || value > trainingRows) {
      throw new UserError(
        "data.batch_size",
        `must be a whole number from 1 to the ${countText(trainingRows)} training rows, got ${value}`,
      );
    }
    const steered = this.#steered, before = steered.next_batch_size ?? this.#batchSize;
    steered.next_batch_size = value;
    this.#changeSize();
    return before;
  }

  #freeze(layer: string, frozen: boolean): boolean {
    const { model } = this.course;
    const found = model.layers().find(({ part, index }) => `${part}.${index}` === layer);
    if (found === undefined) {
      throw new UserError(
        "freeze",
        `there is no layer ${layer}`,
        "layers are named as in model.json, such as encoder.0",
      );
    }
    if (found.solver === "factored") {
      throw new UserError("freeze", `the weights of ${layer} are solved for and not trained by steps`);
    }
    const steered = this.#steered, before = steered.frozen.includes(layer);
    model.setRate(layer, frozen ? 0 : this.course.rates()[layer] ?? 1);
    steered.frozen = steered.frozen.filter((each) => each !== layer);
    if (frozen) steered.frozen.push(layer);
    return before;
  }

  /** @throws {UserError} where there is none */
  #parameter(tensor: string): TensorInfo {
    const info = this.course.model.tensors().find(({ name, role }) => name === tensor && role === "parameter");
    if (info) return info;
    throw new UserError("write", `there is no parameter ${tensor}`, "they are named as in model.safetensors");
  }

  async #write({ tensor, at, value }: Extract<Command, { do: "write" }>): Promise<number> {
    const { model } = this.course;
    const info = this.#parameter(tensor), { row, within, width } = elementAt("write", tensor, info.shape, at);
    const layer = model.layers().find(({ part, index }) => tensor.startsWith(`${part}.${index}.`));
    if (layer?.solver === "factored") {
      throw new UserError("write", `${tensor} is solved for, so the next step would replace the value`);
    }
    const values = new Float32Array(width), rounded = Math.fround(value);
    if (!Number.isFinite(rounded)) throw new UserError("write", `${value} is larger than 32 bits can hold`);
    await model.readTensor(info, row, 1, new Uint8Array(values.buffer));
    const before = values[within]!;
    values[within] = rounded;
    await model.writeTensor(info, row, 1, new Uint8Array(values.buffer));
    this.#steered.written = this.course.state.step;
    return before;
  }
}

/**
 * The studio: one run at a time, asked and steered by any number of listeners, which are told what happens. It knows nothing of how
 * they are connected: sockets of pages and scripts use the same {@linkcode Studio.answer}.
 */
import { relative, SEPARATOR } from "@std/path";
import type { LoadedConfig } from "../core/config/mod.ts";
import { UserError } from "../core/errors.ts";
import { exists } from "../core/formats/file.ts";
import { isChange } from "../core/runs/edits.ts";
import type { SessionResult } from "../core/train/session.ts";
import { ANSWERS } from "./answers.ts";
import type { About, AskName, Asks, RowName, State, Tells } from "./protocol.ts";
import { aboutRun } from "./questions/about.ts";
import { type Dropped, readDropped } from "./questions/dropped.ts";
import { rowNamed } from "./questions/rows.ts";
import { checkUnits, StageValues } from "./questions/stage_values.ts";
import type { Parsed } from "./session/ask.ts";
import { errorOf } from "./session/error.ts";
import { type Start, type Told, Training } from "./session/training.ts";
import { Watching } from "./session/watching.ts";

/** Who is told what happens: a socket, or a script. */
export interface Listener {
  tell<K extends keyof Tells>(kind: K, value: Tells[K]): void;
}

export type Opening = Omit<Start, "target"> & {
  readonly loaded: LoadedConfig;
  /** What is trained; null where a finished run is opened for questions. */
  readonly target: Start["target"] | null;
  /** The folder of a finished run. */
  readonly finished?: string;
};

/** Watched rows whose files are held open. */
const ASKED_MAX = 16;
/** Milliseconds between two tells of the same kind while training, but for values. */
const TELL_MS = 100, STATE_MS = 250;

export class Studio implements AsyncDisposable {
  #training!: Training;
  /** Of the run whose events are told. */
  #told: object = {};
  readonly #listeners = new Set<Listener>();
  readonly watching: Watching;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #steps: (Tells["steps"] & { readonly sum: number }) | null = null;
  #isStateDue = false;
  /** Whether steps were told, or a pulse asked for them, since the last look. */
  #hasMoved = true;
  dropped: Dropped | null = null;
  #folder: string | null = null;
  /** Files of exports, by their names below the exports' folder. */
  readonly #files = new Map<string, string>();
  /** Watched rows, by their names. */
  readonly #asked = new Map<string, StageValues>();
  #order: Promise<unknown> = Promise.resolve();
  #isResetting = false;

  private constructor(readonly opening: Opening) {
    this.watching = new Watching({
      isTraining: () => this.#training.phase === "training",
      check: (of) =>
        this.#training.ask((subject) => {
          checkUnits(subject);
          rowNamed(subject, of, this.dropped);
          return Promise.resolve();
        }),
      values: (of) => this.#values(of),
    });
  }

  /** @throws {UserError} where the run cannot be started or opened */
  static async open(opening: Opening): Promise<Studio> {
    const studio = new Studio(opening);
    const { target, finished } = opening;
    studio.#training = target === null
      ? await Training.open(finished!, studio.#telling())
      : await Training.start({ ...opening, ...studio.#notes, target }, studio.#telling());
    studio.#timers.push(setInterval(() => studio.#tick(), TELL_MS), setInterval(() => studio.#pulse(), STATE_MS));
    return studio;
  }

  get training(): Training {
    return this.#training;
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
    this.#tell("pages", this.#listeners.size);
  }

  remove(listener: Listener): void {
    if (this.#listeners.delete(listener)) this.#tell("pages", this.#listeners.size);
    this.watching.leave(listener);
  }

  /** @throws {UserError} where it has no answer */
  answer(parsed: Parsed, listener: Listener): Promise<Asks[AskName]["answer"]> {
    const answer = ANSWERS[parsed.ask] as (
      studio: Studio,
      asks: Parsed["asks"],
      listener: Listener,
    ) => Promise<Asks[AskName]["answer"]>;
    return Promise.resolve().then(() => answer(this, parsed.asks, listener));
  }

  /** What must not overlap with another of its kind. */
  inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#order.then(work);
    this.#order = done.catch(() => {});
    return done;
  }

  async about(): Promise<About> {
    const training = this.#training, { path } = training, state = await training.state();
    return await training.ask((subject) => aboutRun(subject, { path, yaml: this.opening.loaded.toYaml(), state }));
  }

  state(): Promise<State> {
    return this.#training.state();
  }

  /** Ends the run, and begins another one of the same config, paused. */
  reset(): Promise<About> {
    if (this.#isResetting) throw new UserError("reset", "is under way already", undefined, 1);
    this.#isResetting = true;
    return this.inOrder(async () => {
      const before = this.#training;
      await before.stop();
      const { loaded } = this.opening;
      this.#training = await Training.start({
        ...this.opening,
        ...this.#notes,
        target: { loaded, existing: null, resumeFrom: null },
      }, this.#telling());
      this.#steps = null;
      await before[Symbol.asyncDispose]();
      const about = await this.about();
      this.#tell("about", about);
      this.#changed();
      this.watching.changed();
      return about;
    }).finally(() => this.#isResetting = false);
  }

  /** Resolves with how the present run's session ended; null where nothing was trained. */
  async ended(): Promise<SessionResult | null> {
    return await this.#training.ended;
  }

  /** Reads a file as rows that can be asked about. @throws {UserError} where they are none that the network takes */
  async drop(name: string, bytes: Uint8Array): Promise<{ readonly name: string; readonly rows: number }> {
    return await this.inOrder(async () => {
      const { config, about } = await this.#training.ask((subject) =>
        Promise.resolve({ config: subject.config, about: subject.questions.data })
      );
      const folder = await Deno.makeTempDir({ prefix: "narrows_studio_" });
      const given = { run: this.#training.path, folder, config, about, note: this.note };
      try {
        this.dropped = await readDropped(given, name, bytes);
      } catch (error) {
        await Deno.remove(folder, { recursive: true });
        throw error;
      }
      await this.#clearDropped();
      this.#folder = folder;
      return { name, rows: this.dropped.source.rows };
    });
  }

  async #clearDropped(): Promise<void> {
    const folder = this.#folder;
    this.#folder = null;
    if (folder && await exists(folder)) await Deno.remove(folder, { recursive: true });
  }

  /** Lets files be fetched. @returns their names */
  offer(folder: string, files: readonly string[]): string[] {
    return files.map((path) => {
      const name = relative(folder, path).replaceAll(SEPARATOR, "/");
      this.#files.set(name, path);
      return name;
    });
  }

  /** The path of a file that was offered; null where there is none of that name. */
  fileNamed(name: string): string | null {
    return this.#files.get(name) ?? null;
  }

  readonly note = (text: string): void => {
    this.opening.note?.(text);
    this.#tell("note", { text, warning: false });
  };

  /** What a run says is told to listeners too. */
  readonly #notes = {
    note: this.note,
    warn: (text: string): void => {
      (this.opening.warn ?? this.opening.note)?.(text);
      this.#tell("note", { text, warning: true });
    },
  };

  /** Says why something was not told that nobody had asked for. */
  readonly #say = (error: unknown): void => {
    const { where, what } = errorOf(error);
    this.#notes.warn(`${where}: ${what}`);
  };

  #tell<K extends keyof Tells>(kind: K, value: Tells[K]): void {
    for (const listener of this.#listeners) listener.tell(kind, value);
  }

  /** Functions that hear one run, as long as it is the present one. */
  #telling(): Told {
    const key = this.#told = {};
    const isPresent = () => this.#told === key;
    return {
      changed: () => {
        if (!isPresent()) return;
        this.#changed();
        this.watching.changed();
      },
      steps: (steps) => {
        if (isPresent()) this.#addSteps(steps);
      },
      epoch: (point) => {
        if (isPresent()) this.#tell("epochs", [point]);
      },
      edit: (edit) => {
        if (!isPresent()) return;
        this.#tell("edit", edit);
        if (isChange(edit.command)) this.watching.changed();
      },
    };
  }

  #addSteps(steps: Tells["steps"]): void {
    const before = this.#steps, sum = (before?.sum ?? 0) + steps.loss * steps.count;
    const count = (before?.count ?? 0) + steps.count;
    this.#steps = { step: steps.step, seconds: steps.seconds, count, sum, loss: sum / count };
    this.#hasMoved = true;
  }

  /** The state is told with the next tick, so that many changes at once are told once. */
  #changed(): void {
    this.#isStateDue = true;
  }

  #tick(): void {
    if (this.#steps) {
      const { sum: _, ...steps } = this.#steps;
      this.#steps = null;
      this.#tell("steps", steps);
      this.#isStateDue = true;
    }
    if (!this.#isStateDue || this.#listeners.size === 0) return;
    this.#isStateDue = false;
    this.state().then((state) => this.#tell("state", state), this.#say);
  }

  /** While somebody listens, steps of a long call of the engine are told before it ends. */
  #pulse(): void {
    const isTraining = this.#listeners.size > 0 && this.#training.phase === "training";
    if (isTraining && !this.#hasMoved) this.#training.pulse().catch(this.#say);
    this.#hasMoved = false;
  }

  async #values(of: RowName) {
    const { dropped } = this, key = JSON.stringify(of);
    return await this.#training.ask(async (subject) => {
      let asked = this.#asked.get(key);
      if (asked?.subject !== subject || ("dropped" in of && asked.row.source !== dropped?.source)) {
        this.#forget(key);
        asked = await StageValues.of(subject, rowNamed(subject, of, dropped));
        this.#asked.set(key, asked);
        // The row that was asked about first is the first to be forgotten.
        for (const other of this.#asked.keys()) if (this.#asked.size > ASKED_MAX) this.#forget(other);
      }
      // A row that is watched anew is opened once, which is not paid for as what comes again and again is.
      const begun = performance.now(), values = await asked.ask();
      return { took: performance.now() - begun, values };
    });
  }

  #forget(key: string): void {
    this.#asked.get(key)?.[Symbol.dispose]();
    this.#asked.delete(key);
  }

  /** Saves and ends what trains. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.watching.close();
    await this.#order;
    for (const key of [...this.#asked.keys()]) this.#forget(key);
    await this.#training[Symbol.asyncDispose]();
    await this.#clearDropped();
  }
}

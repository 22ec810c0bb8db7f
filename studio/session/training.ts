/**
 * One run under the studio: its training, which begins paused, and after its end its network as the run folder has it. Questions
 * go to whichever is there, one after the other.
 */
import type { Model } from "../../ffi/model.ts";
import { NOTHING_HELD } from "../../core/events/course.ts";
import { rowsAfter } from "../../core/events/rows.ts";
import type { DataAbout } from "../../core/diagnostics/diagnostic.ts";
import type { Command } from "../../core/steer/command.ts";
import { Desk, NotTraining } from "../../core/steer/desk.ts";
import type { Edit } from "../../core/steer/journal.ts";
import type { RunTarget } from "../../core/train/find_run.ts";
import { aboutOf } from "../../core/train/questions.ts";
import type { Session, SessionOptions, SessionResult } from "../../core/train/session.ts";
import { startRun } from "../../core/train/start.ts";
import type { State } from "../protocol.ts";
import { Edits } from "./edits.ts";
import { type Ended, endOf } from "./ended.ts";
import type { History } from "./history.ts";
import { News, type NewsTold } from "./news.ts";
import { Resting, type Situation } from "./resting.ts";
import { Situations } from "./situation.ts";
import { type Subject, subjectOf } from "./subject.ts";
import type { UndoStack } from "./undo.ts";

/** What a run tells the studio. */
export interface Told extends NewsTold {
  /** The phase, or something else of {@linkcode State}, has changed. */
  changed(): void;
  edit(edit: Edit): void;
}

export type Start =
  & { readonly target: RunTarget }
  & Pick<SessionOptions, "note" | "warn" | "detail" | "signals" | "commandLine" | "observer">
  & {
    /** Told when the network is ready, to show progress, and with null as soon as it is closed. */
    readonly onModel?: (model: Model | null) => void;
    /** Told how the session ended; the end of the studio waits for it. It must not reject. */
    readonly onEnd?: (run: string, result: SessionResult) => Promise<void>;
  };

export class Training implements AsyncDisposable {
  readonly #desk = new Desk();
  readonly #news: News;
  readonly #edits = new Edits();
  #session: Session | null = null;
  #situations: Situations | null = null;
  #live: Subject | null = null;
  #about: DataAbout | null = null;
  #phase: State["phase"] = "preparing";
  #reason: string | null = null;
  #over: Ended | null = null;
  #path = "";
  /** Of the last state, which stands once the session is over. */
  #last: Situation | null = null;
  #resting: Resting | null = null;
  #stood = 0;
  #afterwards: Promise<void> | undefined;
  /** Resolves with how the session ended; it never rejects. Null where nothing was trained. */
  readonly #ended = Promise.withResolvers<SessionResult | null>();

  private constructor(readonly told: Told) {
    this.#news = new News(told);
  }

  get edits(): readonly Edit[] {
    return this.#edits.all;
  }

  get undo(): UndoStack {
    return this.#edits.undo;
  }

  get history(): History {
    return this.#news.history;
  }

  /** The run folder. */
  get path(): string {
    return this.#path;
  }

  get phase(): State["phase"] {
    return this.#phase;
  }

  get ended(): Promise<SessionResult | null> {
    return this.#ended.promise;
  }

  /** Milliseconds for which training has stood still for questions. */
  get stood(): number {
    return this.#stood;
  }

  /** Whether a session takes commands. */
  get isLive(): boolean {
    return this.#live !== null;
  }

  /**
   * Starts or resumes a run, and resolves when it stands still before its next step, or is over already.
   * @throws {UserError} where it cannot start
   */
  static async start(start: Start, told: Told): Promise<Training> {
    const training = new Training(told);
    const { target, ...options } = start;
    if (target.existing !== null) await training.#edits.read(target.existing);
    const ready = Promise.withResolvers<void>();
    const work = startRun({
      ...target,
      ...options,
      desk: training.#desk,
      sinks: [training.#news],
      edited: (edit) => training.#edited(edit),
      paused: (isPaused) => training.#set(isPaused ? "paused" : "training"),
      onSession: (session) => {
        training.#begin(session).then(() => ready.resolve(), ready.reject);
      },
    });
    work.then(({ run, result }) => {
      options.onModel?.(null);
      training.#path = run.path;
      training.#end(result);
      training.#afterwards = options.onEnd?.(run.path, result);
      ready.resolve();
    }, (error) => {
      options.onModel?.(null);
      training.#fail(error);
      ready.reject(target.loaded.locate(error));
    });
    await ready.promise;
    return training;
  }

  /** A run that is over: its network can be asked, and nothing trains. @throws {UserError} */
  static async open(run: string, told: Told): Promise<Training> {
    const training = new Training(told);
    training.#path = run;
    await training.#edits.read(run);
    const everything = { step: Infinity, epoch: Infinity, window: 0 };
    for await (const event of rowsAfter(run, NOTHING_HELD, everything)) training.#news.take(event);
    training.#phase = "ended";
    training.#over = await endOf(run);
    training.#reason = training.#over.reason;
    training.#ended.resolve(null);
    await training.state(); // which opens the network
    return training;
  }

  async #begin(session: Session): Promise<void> {
    const { options: { config, run }, model, source, state } = session;
    this.#session = session;
    this.#situations = new Situations(session);
    this.#path = run.path;
    this.#news.goOnFrom(state.step);
    // A resume may have taken edits out of the journal.
    this.#edits.cutTo(state.steering?.edits ?? 0);
    const paused = this.#desk.post({ do: "pause" });
    paused.catch(() => {}); // a session that ends before its first step says so by its end
    this.#about = await aboutOf(config, source);
    await this.#news.caughtUp;
    this.#live = subjectOf(config, model, source, this.#about, () => state.step);
    await paused.then(() => this.#phase = "paused", (error) => {
      if (!(error instanceof NotTraining)) throw error;
    });
  }

  #edited(edit: Edit): void {
    this.#edits.add(edit);
    this.told.edit(edit);
    this.told.changed();
  }

  #set(phase: State["phase"]): void {
    this.#phase = phase;
    this.told.changed();
  }

  #end(result: SessionResult): void {
    const { status, summary: { reason, steps, epochs }, error } = result;
    if (this.#session) this.#last = this.#situations!.now(false);
    this.#session = this.#live = null;
    const tell = (over: Ended) => {
      this.#phase = status === "failed" ? "failed" : "ended";
      this.#over = over;
      this.#reason = over.reason;
      this.#ended.resolve(result);
      this.told.changed();
    };
    endOf(this.#path, error).then(tell, () => tell({ reason, steps, epochs }));
  }

  #fail(error: unknown): void {
    if (this.#session) this.#last = this.#situations!.now(false);
    this.#session = this.#live = null;
    this.#phase = "failed";
    this.#reason = error instanceof Error ? error.message : String(error);
    this.#ended.resolve(null);
    this.told.changed();
  }

  /** @throws {UserError} where the command cannot be done, and where nothing trains */
  post(command: Command): Promise<Edit> {
    return this.#desk.post(command);
  }

  /**
   * Asks the network: of a session between two steps, else of the checkpoint that the run ended with.
   * @throws {UserError} where there is none
   */
  async ask<T>(question: (subject: Subject) => Promise<T>): Promise<T> {
    const live = this.#live;
    if (live) {
      try {
        return await this.#desk.ask(async () => {
          const begun = performance.now();
          return await question(live).finally(() => this.#stood += performance.now() - begun);
        });
      } catch (error) {
        if (!(error instanceof NotTraining)) throw error;
      }
    }
    await this.ended;
    return await (await this.#rest()).ask(question);
  }

  /** Whether the run came to its own end. */
  async isFinished(): Promise<boolean> {
    const result = await this.ended;
    return result === null || result.status === "finished";
  }

  async #rest(): Promise<Resting> {
    const which = await this.restingCheckpoint();
    return this.#resting ??= new Resting(this.#path, which, this.#about);
  }

  async state(): Promise<State> {
    const situation = this.#session
      ? this.#situations!.now(true)
      : this.#last ??= await (await this.#rest()).situation(this.edits, this.#over);
    const { step_rate, ...seconds } = this.#news.means;
    return {
      phase: this.#phase,
      ...situation,
      step_rate,
      seconds,
      reason: this.#phase === "ended" || this.#phase === "failed" ? this.#reason : null,
      edits: this.undo.size,
    };
  }

  /** Does something between two steps, where a session is under way. */
  async #between(work: (session: Session) => Promise<void>): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    try {
      await this.#desk.ask(() => work(session));
    } catch (error) {
      if (!(error instanceof NotTraining)) throw error;
    }
  }

  /** Waits until what a command has saved is on the disk. */
  written(): Promise<void> {
    return this.#between(({ saves }) => saves.settle());
  }

  /** The present network is in the latest checkpoint when this resolves. Where nothing trains, it is there already. */
  saveNow(): Promise<void> {
    return this.#between(({ saves }) => saves.saveIfNew());
  }

  /** Lets training make a row of steps.csv visible that the engine has made: the call that trains ends after its present step. */
  pulse(): Promise<void> {
    return this.#between(() => Promise.resolve());
  }

  /** Which checkpoint has the network that is asked once nothing trains. */
  async restingCheckpoint(): Promise<"default" | "latest"> {
    return this.#phase === "ended" && await this.isFinished() ? "default" : "latest";
  }

  /** Saves and ends the session, where one is under way; resolves when it is over. */
  async stop(): Promise<void> {
    if (this.#session) {
      await this.post({ do: "stop" }).catch((error) => {
        if (!(error instanceof NotTraining)) throw error;
      });
    }
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#afterwards;
    await this.#resting?.[Symbol.asyncDispose]();
  }
}

/**
 * One session of a run: it starts from a config (a new run) or a checkpoint (a resume) and ends with the run, a signal or an
 * error. It connects the Trainer with the run folder: lock, logs, checkpoints, recovery record and summary.
 */
import { relative } from "@std/path";
import { engineInfo } from "../../ffi/info.ts";
import type { Model } from "../../ffi/model.ts";
import type { PcaFit } from "../baseline/pca.ts";
import { writeRunData } from "../data/run_data.ts";
import { dataError, type Source } from "../data/source.ts";
import { writeJsonAtomic } from "../runs/atomic.ts";
import { resumeCommand } from "../runs/command.ts";
import { clearLeftovers } from "../runs/leftovers.ts";
import { acquireLock } from "../runs/lock.ts";
import type { Edit } from "../steer/journal.ts";
import type { Steering } from "../steer/steering.ts";
import { EventStream, sinksOf } from "../events/mod.ts";
import { writeRecovery } from "../runs/recovery.ts";
import { failed, finish, interrupted, paused, type SessionResult } from "./ending.ts";
import { nothingLeft, nothingToDo, requireStepsLeft } from "./limits.ts";
import { openLogs, type RunLogs } from "./logs.ts";
import { type DiagnoseOptions, runDiagnostics } from "./diagnose.ts";
import { openSession } from "./provenance.ts";
import { begin } from "./begin.ts";
import { refitDue } from "./refit.ts";
import { startEvent, tellDiagnostics, withNotes } from "./events.ts";
import { horizonOf } from "./horizon.ts";
import { learningRate } from "./schedule.ts";
import type { LastStep } from "./update_ratio.ts";
import { layerRows, type MemoryEstimate, threadCount } from "./network.ts";
import { prepare } from "./prepare_session.ts";
import { Saves } from "./saves.ts";
import type { SessionOptions } from "./session_options.ts";
import { type StopSignal, watchSignals } from "./signals.ts";
import type { TrainState } from "./state.ts";
import { keepReplay, replayOf, steer, tellLeft } from "./steered.ts";
import { type Ending, Trainer } from "./trainer.ts";

class Session {
  readonly #begun = performance.now();
  readonly #elapsedBefore: number;
  readonly saves: Saves;
  readonly steering: Steering;
  signal: StopSignal | null = null;
  /** Whether a command has asked for the end. */
  isEnded = false;
  /** Principal components of the training rows, where the session has computed them. */
  fit: PcaFit | null = null;
  /** What all diagnostics of the session share. */
  readonly diagnosing: Pick<DiagnoseOptions, "off" | "stopped" | "warn" | "detail"> = {
    off: new Set<string>(),
    stopped: () => this.isStopping,
    warn: (text: string) => (this.options.warn ?? this.options.note)?.(text),
    detail: (text: string) => this.options.detail?.(text),
  };

  constructor(
    readonly options: SessionOptions,
    readonly source: Source,
    readonly model: Model,
    readonly state: TrainState,
    readonly logs: RunLogs,
    readonly events: EventStream,
    checkpoint: string | null,
    memory: MemoryEstimate,
    replay: readonly Edit[],
  ) {
    this.#elapsedBefore = state.elapsed_s;
    const { config, run, observer, note } = options;
    if (memory.copies === 0) note?.("memory does not suffice for copies: training waits while a checkpoint is written");
    this.saves = new Saves({
      runDir: run.path,
      model,
      state,
      config: config.checkpoint,
      copies: memory.copies,
      bytes: memory.copy,
      cores: Number(engineInfo().threads ?? 1),
      checkpoint,
      syncLogs: () => logs.sync(),
      elapsed: this.elapsed,
      saved: (info) => {
        events.emit({ event: "checkpoint", ...info });
        observer?.saved?.(info);
      },
    });
    this.steering = steer(this, replay);
  }

  /** Whether the session is to end after the present batch. */
  get isStopping(): boolean {
    return this.signal !== null || this.isEnded;
  }

  /** Ends the session after the present batch: by a command, or by a signal that was received. */
  stop(): void {
    this.isEnded = true;
    this.model.stop();
    this.options.desk?.wake();
  }

  /** Ends the session because of a signal. */
  interrupt(signal: StopSignal): void {
    this.signal = signal;
    this.stop();
  }

  get lastCheckpoint(): string | null {
    return this.saves.lastCheckpoint;
  }

  elapsed = (): number => this.#elapsedBefore + (performance.now() - this.#begun) / 1000;

  /** The last step that was made, and its learning rate. */
  lastStep(): LastStep | null {
    const { state: { step, plateau }, options: { config }, source } = this;
    if (step < 1) return null;
    const { learningRate: learning_rate, scheduler } = this.steering;
    const rate = learningRate(step - 1, { learning_rate }, scheduler, horizonOf(config, source), plateau.factor);
    return { step, rate };
  }

  async diagnose(epoch: number): Promise<void> {
    const { config, run } = this.options;
    const begun = performance.now();
    const diagnosed = await runDiagnostics(run.path, {
      ...{ config, model: this.model, source: this.source, epoch },
      ...{ lastStep: this.lastStep(), rates: this.state.start?.rates },
      ...this.diagnosing,
    });
    tellDiagnostics(this.events, diagnosed, run, { step: this.state.step, epoch, final: false });
    const ms = performance.now() - begun;
    this.state.seconds.diagnostics += ms / 1000;
    this.state.since_row.diagnostics_ms += ms;
  }

  async train(): Promise<Ending> {
    const { options } = this, { config, observer, shared } = options;
    this.saves.prepare();
    const trainer = new Trainer({
      config,
      model: this.model,
      source: this.source,
      state: this.state,
      observer: observer ?? {},
      stepsMade: () => this.events.stepsMade(this.state.step),
      logChunk: async (row) => {
        await this.logs.chunk(row);
        this.events.emit({ event: "chunk", step: this.state.step, ...row });
      },
      logEpoch: async (row) => {
        await this.logs.epoch(row);
        this.events.emit({ event: "epoch", step: this.state.step, ...row });
      },
      saves: this.saves,
      steering: this.steering,
      open: shared?.open,
      begin: () => begin(this),
      refit: (epoch) => refitDue(this, epoch),
      diagnose: (epoch) => this.diagnose(epoch),
      warn: (text) => (options.warn ?? options.note)?.(text),
      elapsed: this.elapsed,
      stopping: () => this.isStopping,
      untilEpoch: this.options.untilEpoch,
    });
    try {
      return await trainer.run();
    } finally {
      shared?.leave(); // the others go on, while this run is evaluated
    }
  }

  /** The command that resumes the run. */
  get resumeCommand(): string {
    return resumeCommand(this.options.config, this.options.run.path);
  }

  async record(reason: string, details: { signal?: string; error?: string }): Promise<void> {
    await writeRecovery(this.options.run.path, {
      reason,
      ...details,
      checkpoint: this.lastCheckpoint ? relative(this.options.run.path, this.lastCheckpoint) : null,
      step: this.state.step,
      epoch: this.state.epoch,
      command: this.resumeCommand,
    });
  }
}

/** What is said to whoever sent a signal. */
export const interruptText = (signal: StopSignal) =>
  `${signal}: finishing this batch, then saving; once more ends at once`;

/** Trains until the end, a signal or an error, and leaves the run folder accordingly. */
async function trainToAnEnd(session: Session): Promise<SessionResult> {
  const { options: { signals, note }, state } = session;
  const resumedAt = session.lastCheckpoint === null ? null : state.step;
  const watch = signals === false ? null : watchSignals((signal) => {
    session.interrupt(signal);
    note?.(interruptText(signal));
  });
  try {
    const reason = await session.train();
    if (session.signal) return await interrupted(session, session.signal);
    if (session.isEnded) return await paused(session, "command");
    if (reason === "until_epoch") return await paused(session, reason);
    if (state.step === resumedAt) note?.(nothingLeft(session.options, state, reason));
    tellLeft(session);
    return await finish(session, reason);
  } catch (error) {
    return await failed(session, dataError(error));
  } finally {
    watch?.[Symbol.dispose]();
    session.options.desk?.detach();
  }
}

/**
 * Trains. Errors before the first step are thrown. After a later error the run is saved, and the error is in the result.
 * @throws {UserError} if the run cannot start because of the data, the memory, a lock or a checkpoint
 */
export async function runSession(given: SessionOptions): Promise<SessionResult> {
  const events = new EventStream();
  const { options: asked, tell, setStep } = withNotes(given, events);
  const { run } = asked;
  using lock = await acquireLock(run.path);
  asked.onLocked?.();
  if (lock.notice) (asked.warn ?? asked.note)?.(lock.notice);
  await clearLeftovers(run.path);
  const own = asked.underLock === undefined ? asked : { ...asked, config: await asked.underLock() };
  const { options, source, model, state, checkpoint, library, identity, names, chunks, memory, chosen } = await prepare(
    own,
  );
  const { config } = options;
  using _model = model;
  using _chunks = chunks;
  setStep(() => state.step);
  requireStepsLeft(options, state, source);
  const done = checkpoint === null ? null : await nothingToDo(options, state, checkpoint, source);
  if (done) return done;
  const facts = { engineInfo: engineInfo(), library, threads: threadCount(config), seed: config.seed, chosen };
  const opened = await openSession(options, source, state, checkpoint, facts);
  const layers = layerRows(model.layers());
  await writeJsonAtomic(run.file("model.json"), layers);
  if (checkpoint === null) await writeRunData(run.path, identity, names, source.steps);
  if (options.replay !== undefined) await keepReplay(run.path, options.replay);
  const replay = await replayOf(run.path, state);
  const logs = await openLogs(run, model, config, state);
  let result: SessionResult;
  try {
    await opened.announce();
    await options.onReady?.();
    await opened.begin();
    await events.begin(startEvent(options, state, source, opened.environment, layers), {
      run: run.path,
      position: { step: state.step, epoch: state.epoch, window: state.window },
      sinks: [...sinksOf(config, run), ...options.sinks ?? []],
      warn: tell.warn,
    });
    const session = new Session(options, source, model, state, logs, events, checkpoint, memory, replay);
    using _journal = session.steering.journal;
    using _saves = session.saves;
    // A fork has its own first checkpoint, so that it can be resumed even if the parent is deleted.
    if (options.fork) await session.saves.saveIfNew();
    options.onModel?.(model);
    options.onSession?.(session);
    result = await trainToAnEnd(session);
  } catch (error) {
    await logs.close().catch(() => {}); // the first error is the one that is reported
    await events.close();
    throw error;
  }
  try {
    await logs.close();
  } catch (error) {
    if (!result.error) result = { ...result, status: "failed", exitStatus: 1, error };
  }
  events.stepsMade(state.step);
  events.emit({ event: "end", time: new Date().toISOString(), step: state.step, summary: result.summary });
  await events.close();
  await opened.end(result, state.step);
  await events.afterwards(result.status === "finished", tell);
  return result;
}

export type { Session, SessionOptions, SessionResult };

/** The ends of a session: finished, stopped by a signal, or failed. None of them loses what was trained. */
import { basename } from "@std/path";
import { EngineError } from "../../ffi/error.ts";
import { noComponents, type PcaBaseline, type PcaFit } from "../baseline/pca.ts";
import { loadCheckpoint } from "../checkpoint/load.ts";
import { checkpointName } from "../checkpoint/layout.ts";
import { resolveCheckpoint } from "../checkpoint/resolve.ts";
import { NotFinite } from "../checkpoint/save.ts";
import { trainedRows } from "../data/compare.ts";
import { readRunData } from "../data/run_data.ts";
import { BadData, PARTS, type Source } from "../data/source.ts";
import { UserError } from "../errors.ts";
import { settingText } from "../figures.ts";
import { commandText } from "../runs/command.ts";
import { clearRecovery } from "../runs/recovery.ts";
import { writeSummary } from "../runs/summary.ts";
import type { Summary } from "../runs/types.ts";
import type { NeighboursDiagnostic } from "../diagnostics/neighbours.ts";
import type { RowErrorsDiagnostic } from "../diagnostics/row_errors.ts";
import { pcaAdvice } from "./pca_advice.ts";
import { haveDiverged } from "./diverged.ts";
import { runDiagnostics } from "./diagnose.ts";
import { tellDiagnostics } from "./events.ts";
import type { Session } from "./session.ts";
import { SIGNAL_STATUS, type StopSignal } from "./signals.ts";
import { componentsOf, explained } from "./components.ts";
import { finalMetrics, summarise } from "./summary.ts";
import { tensorSinks } from "./tensors.ts";
import type { Ending } from "./trainer.ts";

export interface SessionResult {
  readonly status: "finished" | "stopped" | "failed";
  readonly summary: Summary;
  readonly signal: StopSignal | null;
  /** The exit status of the command. */
  readonly exitStatus: number;
  readonly error: unknown;
  /** Whether there was nothing to do, so that the run folder is unchanged. */
  readonly untouched?: boolean;
}

/** Whether weights or losses are no numbers any more, so that there is nothing to save. */
const isPoisoned = (error: unknown): boolean =>
  error instanceof NotFinite || (error instanceof EngineError && error.status === "non_finite");

function ending(error: unknown, session: Session): string {
  const text = error instanceof Error ? error.message : String(error);
  if (!isPoisoned(error)) return text;
  const { lastCheckpoint } = session;
  return `${text}; ${
    lastCheckpoint ? `the last good checkpoint is ${lastCheckpoint}` : "no checkpoint was saved before it"
  }`;
}

/**
 * A save after an error. An error of this save must not hide the first one.
 * @returns the error of the save
 */
async function emergencySave(session: Session, error: unknown): Promise<unknown> {
  let second: unknown = null;
  try {
    await session.saves.forgive();
    if (isPoisoned(error)) await session.saves.settle();
    else if (session.state.step > 0) await session.saves.saveIfNew();
  } catch (cause) {
    second = cause;
    // Copies of such weights are refused as the weights are, which has been said.
    if (!isPoisoned(error) || !isPoisoned(cause)) {
      session.options.note?.(`the emergency save failed too: ${cause instanceof Error ? cause.message : cause}`);
    }
  }
  try {
    await session.record("error", { error: ending(error, session) });
  } catch { /* the disk is full or gone: the error itself is what matters */ }
  return second;
}

/** What to do after an error, as far as that is not to resume the run where it ended. */
function advice(session: Session, error: unknown, unsaved: unknown): string | null {
  const { options: { config, run }, lastCheckpoint, resumeCommand, state } = session;
  const rate = "optimizer.learning_rate";
  if (isPoisoned(error) || isPoisoned(unsaved)) {
    // Weights that were saved after training began to diverge are of no use.
    if (lastCheckpoint && !state.diverged) return `lower the rate: ${resumeCommand} --override ${rate}=...`;
    const again = commandText("train", "--config", run.file("config.yaml"), "--override", `${rate}=...`);
    return `begin again with a lower rate than ${settingText(config.optimizer.learning_rate)}: ${again}`;
  }
  if (unsaved === null) return null;
  return lastCheckpoint
    ? `steps after ${basename(lastCheckpoint)} are lost; resume from there with: ${resumeCommand}`
    : `nothing of it was saved; begin again with: ${commandText("train", "--config", run.file("config.yaml"))}`;
}

/** Loads the best epoch's weights if they are kept and differ from the present ones; otherwise returns null. */
async function bestWeights({ options, model, saves, state: { best, step } }: Session): Promise<Summary["evaluated"]> {
  const { config, run, warn = options.note } = options;
  if (!config.checkpoint.best || best === null || best.step === step) return null;
  const evaluated = { checkpoint: "best", epoch: best.epoch, step: best.step } as const;
  if (await saves.restore(best.step)) return evaluated;
  let path: string;
  try {
    ({ path } = await resolveCheckpoint(run.path, checkpointName(best.step), () => {}));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    warn?.(`${error.message}; the last weights are evaluated, not those of the best epoch, ${best.epoch}`);
    return null;
  }
  await loadCheckpoint(path, { parameters: tensorSinks(model).parameters }, { verify: "lengths" });
  return evaluated;
}

/** A fork may hold out rows that its weights were trained on before: its figures say of how many. */
async function withTrainedBefore(
  run: string,
  source: Source,
  metrics: Summary["metrics"],
): Promise<Summary["metrics"]> {
  const data = await readRunData(run);
  if (!data?.earlier) return metrics;
  const told = (part: "validation" | "test") => {
    const trained_before = trainedRows(data.earlier!, data, source, part);
    return metrics[part] && trained_before > 0 ? { ...metrics[part], trained_before } : metrics[part];
  };
  return { ...metrics, validation: told("validation"), test: told("test") };
}

/** What PCA of the same size explains. Where it cannot be had, the run ends without it, and says so. */
async function measureBaseline(session: Session, metrics: Summary["metrics"]): Promise<Summary["baseline"]> {
  const { options: { config, warn = session.options.note }, model, source, state } = session;
  const known = state.start?.pca;
  // Data that a resume finds changed have other rows.
  const told = (pca: PcaBaseline) => ({ pca, advice: pcaAdvice(config, source, metrics, pca) });
  if (known && PARTS.every((part) => known[part]?.rows === metrics[part]?.rows)) return told(known);
  const why = noComponents(model.latentSize, source.columns);
  if (why !== null) {
    session.options.detail?.(`no comparison with PCA: ${why}`);
    return null;
  }
  try {
    const fit = await componentsOf(session);
    return fit && told(await explained(session, fit));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    warn?.(`PCA, to which the metrics are compared: ${error.message}; evaluation.pca: false leaves it out`);
    return null;
  }
}

/** The components with which diagnostics compare; null where the config wants no comparison, or there are none. */
async function comparedFit(session: Session): Promise<PcaFit | null> {
  const { options: { config }, model, source } = session;
  if (!config.evaluation.pca || noComponents(model.latentSize, source.columns) !== null) return null;
  try {
    return await componentsOf(session);
  } catch (error) {
    if (error instanceof EngineError) return null; // the baseline has said why
    throw error;
  }
}

/** What the summary says of the diagnostic `neighbours`. */
function neighboursOf(data: NeighboursDiagnostic | undefined): Summary["neighbours"] {
  if (data === undefined) return undefined;
  const { of, neighbours, rows, reference_rows, labels, commonest, latent, pca } = data;
  const scores = ({ accuracy, silhouette }: typeof latent) => ({ accuracy, silhouette });
  return {
    ...{ of, neighbours, rows, reference_rows, labels: labels.length, commonest },
    latent: scores(latent),
    pca: pca && scores(pca),
  };
}

/** What the summary says of the diagnostic `row_errors`. */
function rowErrorsOf(data: RowErrorsDiagnostic | undefined): Summary["row_errors"] {
  if (data === undefined) return undefined;
  const parts = data.parts.map(({ part, ...measures }) => [part, measures]);
  const { normal: _normal, curve: _curve, ...anomalies } = data.anomalies ?? {};
  return { ...Object.fromEntries(parts), ...data.anomalies ? { anomalies } : {} };
}

/** The end of training: final metrics (of the best epoch if it is kept), diagnostics and summary. */
export async function finish(session: Session, reason: Ending): Promise<SessionResult> {
  let evaluated: Summary["evaluated"] = null;
  const trained = session.state.seconds.checkpoint;
  await session.saves.save(async () => {
    evaluated = await bestWeights(session);
  });
  const { options: { config, run }, model, source, state } = session;
  evaluated ??= { checkpoint: "latest", epoch: state.epoch, step: state.step };
  const { epoch, step } = evaluated;
  let begun = performance.now();
  const { metrics, validation } = await finalMetrics(
    model,
    source,
    config,
    (info) => session.options.observer?.evaluating?.(info),
  );
  const baseline = config.evaluation.pca ? await measureBaseline(session, metrics) : null;
  state.seconds.evaluation += (performance.now() - begun) / 1000;
  if (!state.diverged && haveDiverged(metrics.train, state)) {
    state.diverged = { epoch, loss: metrics.train!.loss, first_loss: state.first_loss! };
  }
  const held = await withTrainedBefore(run.path, source, metrics);
  begun = performance.now();
  const diagnosed = await runDiagnostics(run.path, {
    ...{ config, model, source, epoch, evaluation: validation ?? undefined },
    pca: () => comparedFit(session),
    ...{ lastStep: evaluated.step === state.step ? session.lastStep() : null, rates: state.start?.rates },
    ...session.diagnosing,
  });
  tellDiagnostics(session.events, diagnosed, run, { step, epoch, final: true });
  state.seconds.diagnostics += (performance.now() - begun) / 1000;
  await session.saves.settle();
  const summary = summarise(session, {
    status: "finished",
    reason,
    metrics: held,
    baseline,
    neighbours: neighboursOf(diagnosed.found.get("neighbours") as NeighboursDiagnostic | undefined),
    rowErrors: rowErrorsOf(diagnosed.found.get("row_errors") as RowErrorsDiagnostic | undefined),
    evaluated,
    saved: state.seconds.checkpoint - trained,
  });
  await writeSummary(run, summary);
  await clearRecovery(run.path);
  return { status: "finished", summary, signal: null, exitStatus: 0, error: null };
}

/** The end after a signal: a save, and recovery.json with the command that resumes the run. */
export async function interrupted(session: Session, signal: StopSignal): Promise<SessionResult> {
  const { seconds } = session.state;
  const trained = seconds.checkpoint;
  await session.saves.saveIfNew();
  await session.record("signal", { signal });
  const saved = seconds.checkpoint - trained;
  const summary = summarise(session, { status: "stopped", reason: signal, metrics: null, evaluated: null, saved });
  await writeSummary(session.options.run, summary);
  return { status: "stopped", summary, signal, exitStatus: SIGNAL_STATUS[signal], error: null };
}

/** The end of a session after the epoch that it was asked for, or by a command: a save. */
export async function paused(session: Session, reason: "until_epoch" | "command"): Promise<SessionResult> {
  const { options: { run }, saves, state: { seconds } } = session;
  const trained = seconds.checkpoint;
  await saves.saveIfNew();
  const saved = seconds.checkpoint - trained;
  const summary = summarise(session, { status: "stopped", reason, metrics: null, evaluated: null, saved });
  await writeSummary(run, summary);
  await clearRecovery(run.path);
  return { status: "stopped", summary, signal: null, exitStatus: 0, error: null };
}

/** The end after an error: a save, unless there are values that are not finite. */
export async function failed(session: Session, error: unknown): Promise<SessionResult> {
  const stopped = session.signal; // a stop during the final evaluation ends it with an exception
  if (stopped) {
    try {
      return await interrupted(session, stopped);
    } catch (second) { // the save after the signal failed, and its error is reported
      error = second;
    }
  }
  const unsaved = await emergencySave(session, error);
  const summary = summarise(session, {
    status: "failed",
    reason: ending(error, session),
    metrics: null,
    evaluated: null,
  });
  try {
    await writeSummary(session.options.run, summary);
  } catch { /* as above */ }
  const hint = advice(session, error, unsaved);
  const own = error instanceof UserError && !isPoisoned(error) && error.hint ? `${error.hint}; ` : "";
  const told = hint === null ? error : new UserError("", ending(error, session), own + hint, 1);
  const exitStatus = error instanceof BadData ? error.exitCode : 1;
  return { status: "failed", summary, signal: null, exitStatus, error: told };
}

/**
 * What a session records about itself before its first step and after its last one: environment.json and sessions.json.
 */
import { relative } from "@std/path";
import { type Change, changesText, changeText, compareConfigs, type Config, valueAt } from "../config/mod.ts";
import type { Source } from "../data/source.ts";
import { MalformedError, UserError } from "../errors.ts";
import { toUser } from "../paths.ts";
import { exists } from "../formats/file.ts";
import { isRecord, readJson } from "../formats/json.ts";
import { writeJsonAtomic } from "../runs/atomic.ts";
import { inspectSteps } from "../runs/csv_log.ts";
import { collectEnvironment, type EnvironmentFacts } from "../runs/environment.ts";
import { attemptsOf } from "../runs/attempts.ts";
import type { RunFolder } from "../runs/folder.ts";
import {
  announceSession,
  beginSession,
  endSession,
  factsOf,
  parentOf,
  readSessions,
  type SessionEntry,
} from "../runs/sessions.ts";
import type { Environment } from "../runs/types.ts";
import type { SessionResult } from "./ending.ts";
import { goBack } from "./go_back.ts";
import { rateJump } from "./horizon.ts";
import type { SessionOptions } from "./session.ts";
import type { TrainState } from "./state.ts";

export interface OpenedSession {
  /** What environment.json holds. */
  readonly environment: Environment;
  /** Appends the session, before its config is written to the run. */
  announce(): Promise<void>;
  /** Records that the session is about to make its first step. */
  begin(): Promise<void>;
  /** Records how the session ended. If that fails, nothing else is affected. */
  end(result: SessionResult, step: number): Promise<void>;
}

/** Sets the run folder back to the session's checkpoint, and says what differs from the session before. */
export async function openSession(
  options: SessionOptions,
  source: Source,
  state: TrainState,
  checkpoint: string | null,
  engine: Omit<EnvironmentFacts, "commandLine">,
): Promise<OpenedSession> {
  const { run, config, note, fork } = options;
  const warn = options.warn ?? note ?? (() => {});
  const before = fork?.config ?? options.saved;
  const changes = before ? compareConfigs(before, config) : { free: [], from_here: [], fixed: [] };
  const at = `from step ${state.step + 1} on`;
  if (fork) {
    note?.(`forked from ${fork.parent.run} at step ${fork.parent.step}`);
    const all = [...changes.fixed, ...changes.from_here, ...changes.free];
    if (all.length > 0) note?.(`other than there: ${changesText(all, 12)}`);
  } else {
    for (const change of changes.from_here) note?.(`${changeText(change)} ${at}`);
    if (changes.free.length > 0) note?.(`now in this run's config.yaml: ${changesText(changes.free)}`);
  }
  // With other data than the parent's, what its schedule would have done is not known from here.
  const isSameData = !changes.fixed.some(({ key }) => key === "seed" || key.startsWith("data."));

  const environment = await collectEnvironment({ ...engine, commandLine: options.commandLine ?? [] });
  const facts = factsOf(environment);
  if (checkpoint !== null) await compareEngines(options, facts, warn);
  const { lastStep } = await inspectSteps(run.file("steps.csv"));
  await goBack(run, checkpoint, state, config.checkpoint.best);
  const made = await inspectSteps(run.file("steps.csv"));
  const rate = made.lastStep === state.step ? made.learning_rate : null;
  const jump = before && isSameData ? rateJump(before, config, source, state, rate) : null;
  if (jump) warn(jump);
  const listed = await unlessMalformed(readSessions(run.path), []);
  const attempt = await unlistedAttempt(run, listed);
  const left = attempt === null ? 0 : (await inspectSteps(run.file(`${attempt}/steps.csv`))).lastStep;
  if (attempt !== null) {
    const steps = left === state.step + 1 ? `step ${left}` : `steps ${state.step + 1} to ${left}`;
    const what = left > state.step ? `what was made of ${steps} before` : "what was made before";
    note?.(`going on from step ${state.step}: ${what} is kept in ${toUser(run.file(attempt))} and no longer counts`);
  }
  const parent = fork?.parent ?? await unlessMalformed(parentOf(run.path), null);
  const recorded = parent ? { ...environment, forked_from: parent } : environment;
  await writeJsonAtomic(run.file("environment.json"), recorded);
  const start = {
    started_at: String(environment.started_at),
    command_line: options.commandLine ?? [],
    ...facts,
    checkpoint: checkpoint && relative(run.path, checkpoint),
    attempt,
    changes: withPending([...changes.fixed, ...changes.from_here, ...changes.free], listed.at(-1), before),
    parent: fork?.parent ?? null,
  };
  return {
    environment: recorded,
    announce: () => announceSession(run.path, start, Math.max(lastStep, left), warn),
    begin: () => beginSession(run.path, state.step + 1),
    end: async ({ status, signal, error }, step) => {
      const why = signal ?? (error instanceof Error ? error.message : error);
      try {
        await endSession(run.path, status === "finished" ? status : `${status}: ${why}`, step);
      } catch (failure) {
        if (!(failure instanceof UserError)) throw failure;
        if (!error) warn(failure.message);
      }
    },
  };
}

/** The newest folder in `attempts/` that is not listed by a session which has begun; null if there is none. */
async function unlistedAttempt(run: RunFolder, sessions: readonly SessionEntry[]): Promise<string | null> {
  const listed = sessions.filter(({ first_step }) => first_step !== null).map(({ attempt }) => attempt);
  const names = (await attemptsOf(run.path)).filter((name) => !listed.includes(name));
  return names.at(-1) ?? null;
}

/** The changes by a session that was killed before its first step, if they are already in the run's config. */
function withPending(
  changes: readonly Change[],
  last: SessionEntry | undefined,
  saved: Config | undefined,
): readonly Change[] {
  if (!saved || !last || last.first_step !== null) return changes;
  const pending = last.changes.filter(({ key, to }) => JSON.stringify(valueAt(saved, key)) === JSON.stringify(to));
  const own = changes.filter(({ key }) => !pending.some((change) => change.key === key));
  const merged = pending.map(({ key, from, to }) => {
    const again = changes.find((change) => change.key === key);
    return { key, from, to: again ? again.to : to };
  });
  return [...merged, ...own].filter(({ from, to }) => JSON.stringify(from) !== JSON.stringify(to));
}

/** Says in one line if the run is resumed with another engine or instruction set. */
async function compareEngines(
  { run, config }: SessionOptions,
  now: ReturnType<typeof factsOf>,
  warn: (text: string) => void,
): Promise<void> {
  const before = await lastFacts(run.path, run.file("environment.json"));
  if (before === null) return;
  const keys = ["isa", "compiler", "narrows", "git_commit", ...config.training.precision === "bf16" ? ["bf16"] : []];
  const shown = (value: unknown) => typeof value === "string" ? value.slice(0, 40) : "unknown";
  const differing = (keys as (keyof typeof now)[]).filter((key) => (before[key] ?? null) !== (now[key] ?? null));
  if (differing.length === 0) return;
  const list = differing.map((key) => `${NAMES[key] ?? key} ${shown(before[key])} -> ${shown(now[key])}`).join(", ");
  warn(`this run is resumed with another engine (${list}); the bits may differ from those of an uninterrupted run`);
}

const NAMES: Readonly<Record<string, string>> = { isa: "instruction set", narrows: "version", git_commit: "commit" };

/** The facts of the newest session, or of environment.json in runs of earlier versions. */
async function lastFacts(runDir: string, environment: string): Promise<Partial<ReturnType<typeof factsOf>> | null> {
  const last = (await unlessMalformed(readSessions(runDir), [])).at(-1);
  if (last) return last;
  const json = await exists(environment) ? await unlessMalformed(readJson(environment, 1 << 20), null) : null;
  return isRecord(json) ? factsOf(json) : null;
}

/** What a file has; `otherwise` where its content is malformed, which is told when the file is written again. */
async function unlessMalformed<T>(read: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof MalformedError) return otherwise;
    throw error;
  }
}

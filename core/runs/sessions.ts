/** sessions.json: every session of a run, oldest first. A session is appended when it begins; its end is filled in. */
import { join } from "@std/path";
import { exists, uniqueSuffix } from "../formats/file.ts";
import { ioError } from "../formats/io_error.ts";
import { isRecord, readJson } from "../formats/json.ts";
import { MalformedError } from "../errors.ts";
import { writeJsonAtomic } from "./atomic.ts";
import type { Environment } from "./types.ts";

/** A key of the config whose value differs from that of the session before. */
export interface SessionChange {
  readonly key: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** The checkpoint of another run from which a fork started. */
export interface Parent {
  /** Absolute. */
  readonly run: string;
  /** Path below the run folder. */
  readonly checkpoint: string;
  readonly step: number;
  /** SHA-256 of its manifest.json, which distinguishes the checkpoint from another one with the same name. */
  readonly manifest_sha256: string;
}

export interface SessionEntry {
  /** ISO 8601, UTC. */
  readonly started_at: string;
  readonly command_line: readonly string[];
  readonly narrows: unknown;
  readonly git_commit: unknown;
  readonly deno: unknown;
  readonly host: unknown;
  readonly pid: unknown;
  readonly cpu: unknown;
  readonly isa: unknown;
  readonly bf16: unknown;
  readonly compiler: unknown;
  readonly library: unknown;
  readonly threads: unknown;
  /** The first step that it made; null if it has not made one. */
  readonly first_step: number | null;
  /** The last step that it made; null while it runs. */
  readonly last_step: number | null;
  /** `finished`, `stopped: SIGTERM`, `failed: ...`; `killed` if it could not record its end; null while it runs. */
  readonly ended: string | null;
  readonly ended_at: string | null;
  /** The checkpoint of this run from which it continued; null if it started at the first step. */
  readonly checkpoint: string | null;
  /** The folder with what it replaced, e.g. `attempts/001`; null if it replaced nothing. */
  readonly attempt: string | null;
  readonly changes: readonly SessionChange[];
  /** Where a fork started; only in a run's first session. */
  readonly parent: Parent | null;
}

const FILE = "sessions.json";
const BYTES_MAX = 64 << 20;

/** The facts of environment.json that a session keeps. */
export function factsOf(environment: Environment) {
  const engine = isRecord(environment.engine) ? environment.engine : {};
  const library = isRecord(environment.library) ? environment.library.file : null;
  const { narrows, git_commit, deno, host, pid, cpu, isa, threads } = environment;
  return {
    narrows,
    git_commit: git_commit ?? null,
    deno,
    host,
    pid,
    cpu: cpu ?? null,
    isa: isa ?? null,
    bf16: engine.bf16 ?? null,
    compiler: engine.compiler ?? null,
    library: library ?? null,
    threads,
  };
}

/** The sessions of a run; none where the file is missing. @throws {MalformedError} if it is not a list of sessions */
export async function readSessions(runDir: string): Promise<SessionEntry[]> {
  const path = join(runDir, FILE);
  if (!await exists(path)) return [];
  const json = await readJson(path, BYTES_MAX);
  if (!Array.isArray(json) || !json.every(isRecord)) throw new MalformedError(path, "is not a list of sessions");
  return json as unknown as SessionEntry[];
}

/** Like {@link readSessions}, but a malformed file is kept under another name, with a warning. */
async function usableSessions(runDir: string, warn: (text: string) => void): Promise<SessionEntry[]> {
  try {
    return await readSessions(runDir);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error; // a file that cannot be read may be a good one
    const path = join(runDir, FILE);
    const aside = `sessions-${uniqueSuffix()}.json`;
    try {
      await Deno.rename(path, join(runDir, aside));
    } catch (cause) {
      throw ioError(path, `rename it to ${aside}`, cause);
    }
    warn(`${error.message}; it is kept as ${aside}, and a new list is started`);
    return [];
  }
}

/** The fields that are filled in when a session ends. */
const RUNNING = { first_step: null, last_step: null, ended: null, ended_at: null } as const;

/** The fields of an entry that are known before its session begins. */
export type SessionStart = Omit<SessionEntry, keyof typeof RUNNING>;

/**
 * Appends a session that is about to begin, in place of one that never did. One before it that never said how it ended was
 * killed, or lost its machine.
 * @param lastStep the last step in the logs as that session left them
 */
export async function announceSession(
  runDir: string,
  start: SessionStart,
  lastStep: number,
  warn: (text: string) => void,
): Promise<void> {
  const before = (await usableSessions(runDir, warn)).filter(({ first_step }) => first_step !== null);
  const ended = before.map((entry) =>
    entry.ended === null ? { ...entry, last_step: lastStep, ended: "killed" } : entry
  );
  await writeJsonAtomic(join(runDir, FILE), [...ended, { ...start, ...RUNNING }]);
}

/** Records that the announced session begins; its config is now the run's. */
export async function beginSession(runDir: string, firstStep: number): Promise<void> {
  const entries = await readSessions(runDir);
  const last = entries.pop();
  if (last) await writeJsonAtomic(join(runDir, FILE), [...entries, { ...last, first_step: firstStep }]);
}

/** Records where a new run is forked from before its folder becomes a run, so that every fork has this record. */
export async function announceFork(runDir: string, parent: Parent): Promise<void> {
  await writeJsonAtomic(join(runDir, FILE), [{ ...RUNNING, changes: [], parent }]);
}

/** What a run was forked from; null where it was not. */
export async function parentOf(runDir: string): Promise<Parent | null> {
  const parent: unknown = (await readSessions(runDir))[0]?.parent ?? null;
  if (parent === null) return null;
  const text = (value: unknown) => typeof value === "string" && value !== "";
  if (!isRecord(parent) || !text(parent.run) || !text(parent.checkpoint) || !text(parent.manifest_sha256)) {
    throw new MalformedError(join(runDir, FILE), "the first session's parent is not a run and a checkpoint of it");
  }
  return parent as unknown as Parent;
}

/** Fills in how the newest session ended. */
export async function endSession(runDir: string, ended: string, lastStep: number): Promise<void> {
  const entries = await readSessions(runDir);
  const last = entries.pop();
  if (last === undefined) return;
  const end = { last_step: lastStep, ended, ended_at: new Date().toISOString() };
  await writeJsonAtomic(join(runDir, FILE), [...entries, { ...last, ...end }]);
}

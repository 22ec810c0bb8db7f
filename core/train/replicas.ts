/**
 * Trains the runs that a config with `training.replicas` stands for: each is an ordinary run with a folder of its own, and all of
 * them are trained at the same time on the same batches, which are made once.
 */
import { engineInfo } from "../../ffi/info.ts";
import { replicaCount } from "../config/mod.ts";
import type { MemoryRows } from "../data/memory.ts";
import { openWhole, prepareFor } from "../data/open.ts";
import type { Prepared } from "../data/prepared.ts";
import { withRowFiles } from "../data/row_files.ts";
import { SharedFeed } from "../data/shared_feed.ts";
import { UserError } from "../errors.ts";
import { bytesText } from "../figures.ts";
import type { RunFolder } from "../runs/folder.ts";
import { settled } from "./epochs.ts";
import { findRun, load, type RunRequest, type RunTarget } from "./find_run.ts";
import { estimateMemory } from "./memory.ts";
import { checkMemory, describeModel, threadCount } from "./network.ts";
import { interruptText, type Session, type SessionResult } from "./session.ts";
import { type StopSignal, watchSignals } from "./signals.ts";
import { type StartOptions, startRun } from "./start.ts";

/** A run of several, with its number from 1 on. */
export interface Replica {
  readonly number: number;
  readonly target: RunTarget;
}

/** How a replica ended: with its result, or with the error because of which it did not start. */
export type ReplicaEnd =
  & { readonly replica: Replica }
  & ({ readonly run: RunFolder; readonly result: SessionResult } | { readonly error: unknown });

const isAuto = (resume: string | undefined) => resume === "" || resume === "auto";

/** How many runs the config of a request stands for; null for an ordinary run. @throws {ConfigError} */
export function replicasOf(request: RunRequest): number | null {
  if (request.config === undefined || (request.resume !== undefined && !isAuto(request.resume))) return null;
  const { replicas } = load(request, request.overrides).config.training;
  return replicas === null ? null : replicaCount(replicas);
}

/**
 * The runs of a config with replicas. With `resume`, the newest unfinished run of each; where there is none of any, new ones.
 * @throws {UserError} where one of them cannot be found, or where an option is for one run
 */
export async function findReplicas(request: RunRequest, count: number): Promise<Replica[]> {
  const single = [["--fork", request.fork], ["--run-dir", request.runDir]].find(([, value]) => value !== undefined);
  if (single) {
    throw new UserError(
      `${single[0]} ${single[1]}`,
      `is for one run, and training.replicas stands for ${count}`,
      "leave it out, or add --override training.replicas=null",
    );
  }
  const all: Replica[] = [];
  for (let replica = 0; replica < count; replica++) {
    all.push({ number: replica + 1, target: await findRun({ ...request, replica, note: undefined }) });
  }
  if (!isAuto(request.resume)) return all;
  const unfinished = all.filter(({ target }) => target.existing !== null);
  request.note?.(
    unfinished.length === 0
      ? "nothing to resume: starting new runs"
      : `going on with the unfinished replicas: ${unfinished.map(({ number }) => number).join(", ")} of ${count}`,
  );
  return unfinished.length === 0 ? all : unfinished;
}

/** Checks the networks and the memory of all replicas, before there is a folder of any. */
async function checkAll(
  replicas: readonly Replica[],
  memory: MemoryRows | null,
  prepared: Prepared | undefined,
): Promise<void> {
  let own = 0, common = 0, available = Infinity;
  for (const { target: { loaded } } of replicas) {
    try {
      const source = await withRowFiles(await openWhole(loaded.config.data, memory, { prepared }), loaded.config, {});
      const config = settled(loaded.config, source);
      using model = describeModel(config, source);
      const needed = estimateMemory(config, source, model);
      checkMemory(needed);
      own += needed.total - needed.copies * needed.copy - needed.data;
      common = Math.max(common, needed.data);
      available = Math.min(available, needed.available);
    } catch (error) {
      throw loaded.locate(error);
    }
  }
  if (own + common <= available) return;
  throw new UserError(
    "training.replicas",
    `the ${replicas.length} networks need about ${bytesText(own + common)} together, ${bytesText(available)} are free`,
    "train fewer at a time, or set runtime.memory_gb to try anyway",
  );
}

/** What each replica has besides what all have: how its progress is shown, and loggers of its own. */
export type ReplicaView = Pick<StartOptions, "observer" | "onModel" | "note" | "warn" | "detail" | "sinks">;

/**
 * Trains replicas at the same time, to the end of each.
 * @param view asked once for each replica
 * @param common for all of them
 * @throws {UserError} where their networks or data are wrong; then none is started
 */
export async function trainReplicas(
  replicas: readonly Replica[],
  view: (replica: Replica) => ReplicaView,
  common: Pick<StartOptions, "commandLine" | "untilEpoch" | "note" | "warn" | "observer" | "memory"> & {
    readonly signals: boolean;
  },
): Promise<ReplicaEnd[]> {
  const { config } = replicas[0]!.target.loaded;
  const { note, warn, observer, memory = null } = common;
  const isNew = replicas.every(({ target }) => target.existing === null);
  const prepared = isNew && memory === null
    ? await prepareFor(config, { note, warn, progress: observer?.preparing })
    : undefined;
  if (isNew) await checkAll(replicas, memory, prepared);
  const turns = Math.max(1, Math.floor(Number(engineInfo().threads ?? 1) / threadCount(config)));
  const feed = new SharedFeed(replicas.length, turns);
  const sessions: Session[] = [];
  let received: StopSignal | null = null;
  using _watch = common.signals
    ? watchSignals((signal) => {
      received = signal;
      for (const session of sessions) session.interrupt(signal);
      note?.(interruptText(signal));
    })
    : null;
  const ends: Promise<ReplicaEnd>[] = [];
  for (const [index, replica] of replicas.entries()) {
    const member = feed.members[index]!;
    const ready = Promise.withResolvers<void>();
    const onSession = (session: Session) => {
      sessions.push(session);
      if (received !== null) session.interrupt(received);
      ready.resolve();
    };
    const { commandLine, untilEpoch } = common;
    const options = { ...replica.target, ...view(replica), commandLine, untilEpoch, prepared, memory };
    const started = startRun({ ...options, shared: member, signals: false, onSession });
    ends.push(
      started.then((end) => ({ replica, ...end }), (error) => ({ replica, error: replica.target.loaded.locate(error) }))
        .finally(() => {
          member.leave();
          ready.resolve();
        }),
    );
    // One after the other, so that what is prepared for the first one is there for the next.
    await ready.promise;
  }
  return await Promise.all(ends);
}

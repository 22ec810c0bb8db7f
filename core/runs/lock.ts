/**
 * run.lock: one writer a run folder. The operating system's lock on the open file is the truth on one machine: it ends
 * with its process, however that ends. The record in the file says who, and serves where another machine holds it.
 */
import { UserError } from "../errors.ts";
import { ioError, systemReason } from "../formats/file.ts";
import { isRecord } from "../formats/json.ts";

interface LockRecord {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
  /** The kernel's boot: the same for all containers of a machine, another after a restart. "" where there is none. */
  readonly boot_id: string;
  /** When the process started, in clock ticks since the boot: tells it from a later one of the same pid. */
  readonly start_ticks: string;
}

export interface Lock extends Disposable {
  /** A line about a lock left by a process that is gone, or null. */
  readonly notice: string | null;
  /** Removes run.lock. Idempotent. */
  release(): void;
}

/**
 * Takes the lock of a run folder.
 * @throws {UserError} naming the holder, if another process holds it.
 */
export async function acquireLock(runDir: string): Promise<Lock> {
  const path = `${runDir}/run.lock`;
  for (;;) {
    const file = await open(path);
    try {
      const record = parseRecord(readAll(file));
      const locked = tryLock(file);
      if (locked === false || (record && isAlive(record, locked === true))) throw inUse(path, record);
      if (!isStillAt(path, file)) { // its holder has just released, and removed, it
        file.close();
        continue;
      }
      writeRecord(path, file);
      return held(path, file, record ? `${path}: taken over from ${describe(record)}, which is gone` : null);
    } catch (error) {
      file.close();
      throw error;
    }
  }
}

/**
 * Whether a process that still lives says that it holds a run folder. Takes no lock, so that it is in nobody's way;
 * {@link acquireLock} decides.
 */
export function isInUse(runDir: string): boolean {
  const record = parseRecord(readOr(`${runDir}/run.lock`, ""));
  return record !== null && isAlive(record, false);
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (cause) {
    throw ioError(path, "open the lock", cause);
  }
}

/** true or false where the file system has locks, null where it has not. */
function tryLock(file: Deno.FsFile): boolean | null {
  try {
    return file.tryLockSync(true);
  } catch {
    return null;
  }
}

/** Whether the record's process may still write, given whether the system's lock says that nobody here does. */
function isAlive(record: LockRecord, lockIsFree: boolean): boolean {
  const here = ownRecord();
  const sameMachine = here.boot_id !== "" && record.boot_id === here.boot_id;
  if (sameMachine && lockIsFree) return false;
  if (record.host !== here.host) return true; // another machine: not to be known from here
  if (!sameMachine && here.boot_id !== "") return false; // this machine, before it was restarted
  return record.start_ticks !== "" && startTicks(record.pid) === record.start_ticks;
}

function readOr(path: string, otherwise: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return otherwise;
  }
}

function ownRecord(): LockRecord {
  return {
    pid: Deno.pid,
    host: Deno.hostname(),
    since: new Date().toISOString(),
    boot_id: readOr("/proc/sys/kernel/random/boot_id", "").trim(),
    start_ticks: startTicks(Deno.pid),
  };
}

/** Field 22 of /proc/PID/stat, "" where there is no such process or no /proc. */
function startTicks(pid: number): string {
  const stat = readOr(`/proc/${pid}/stat`, "");
  // The second field is the program's name in parentheses and may hold anything; count from its end.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function inUse(path: string, record: LockRecord | null): UserError {
  const who = record ? describe(record) : "another process";
  const hint = record && record.host !== Deno.hostname()
    ? "wait for it to end; if that machine is gone, delete the file"
    : "wait for it to end, or stop it";
  return new UserError(path, `the run is in use by ${who}`, hint);
}

function describe({ pid, host, since }: LockRecord): string {
  return `process ${pid} on ${host} since ${since}`;
}

function readAll(file: Deno.FsFile): string {
  const bytes = new Uint8Array(4096);
  return new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0));
}

function parseRecord(text: string): LockRecord | null {
  try {
    const json: unknown = JSON.parse(text);
    if (!isRecord(json) || !Number.isSafeInteger(json.pid)) return null;
    const field = (key: string) => String(json[key] ?? "").replace(/[^\x20-\x7e]/g, "?").slice(0, 255);
    return {
      pid: json.pid as number,
      host: field("host"),
      since: field("since"),
      boot_id: field("boot_id"),
      start_ticks: field("start_ticks"),
    };
  } catch {
    return null; // empty or torn: written by a process that did not live to finish the line
  }
}

function writeRecord(path: string, file: Deno.FsFile): void {
  const bytes = new TextEncoder().encode(JSON.stringify(ownRecord()) + "\n");
  try {
    file.truncateSync(0);
    file.seekSync(0, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
  } catch (cause) {
    throw ioError(path, "write the lock", cause);
  }
}

/** Whether the path still leads to the open file. */
function isStillAt(path: string, file: Deno.FsFile): boolean {
  try {
    const there = Deno.statSync(path);
    const here = file.statSync();
    return there.ino === here.ino && there.dev === here.dev;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw new UserError(path, `cannot look at the lock (${systemReason(cause)})`, undefined, 1);
  }
}

function held(path: string, file: Deno.FsFile, notice: string | null): Lock {
  let open = true;
  const release = () => {
    if (!open) return;
    open = false;
    try {
      if (isStillAt(path, file)) Deno.removeSync(path); // before the system's lock goes: nobody else can be at it
    } catch {
      /* The folder went away: there is nothing left to lock. */
    } finally {
      file.close();
    }
  };
  return { notice, release, [Symbol.dispose]: release };
}

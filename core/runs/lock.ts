/**
 * run.lock: only one process writes a run folder. On one machine the operating system's lock on the open file decides; it ends
 * with its process, however the process ends. The record in the file says who holds it, and decides if that is another
 * machine.
 */
import { UserError } from "../errors.ts";
import { exists, notRegular } from "../formats/file.ts";
import { ioError, systemReason } from "../formats/io_error.ts";
import { isRecord } from "../formats/json.ts";

interface LockRecord {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
  /** The kernel's boot: the same for all containers of a machine, another after a restart. "" where there is none. */
  readonly boot_id: string;
  /**
   * When the process started, in clock ticks since the boot; this distinguishes it from a later process with the same
   * pid.
   */
  readonly start_ticks: string;
}

export interface Lock extends Disposable {
  /** A message about a lock that a dead process left, or null. */
  readonly notice: string | null;
  /** Removes run.lock. Idempotent. */
  release(): void;
}

/** Who writes a run, as far as this process can know. */
export type LockState =
  /** Nobody: there is no lock, or its holder is certainly gone. */
  | { readonly state: "free"; readonly left: LockRecord | null }
  | { readonly state: "held"; readonly who: string }
  /** Perhaps a process on another machine that shares the folder. */
  | { readonly state: "unknown"; readonly who: string };

/** How often and at which interval a lock is tried again, since another process may hold it only to look at it. */
const TRIES = 4, WAIT_MS = 50;

/**
 * Takes the lock of a run folder, also from a holder that is certainly gone.
 * @throws {UserError} naming the holder, if another process holds the lock or may hold it.
 */
export async function acquireLock(runDir: string): Promise<Lock> {
  const path = `${runDir}/run.lock`;
  for (let tried = 1;; tried++) {
    const file = await open(path);
    try {
      const judged = judge(path, parseRecord(readAll(path, file)), tryLock(file));
      if (judged.state === "held" && tried < TRIES) {
        file.close();
        await new Promise((done) => setTimeout(done, WAIT_MS));
        continue;
      }
      if (judged.state !== "free") throw inUse(path, judged);
      if (!isStillAt(path, file)) { // its holder has just released, and removed, it
        file.close();
        continue;
      }
      writeRecord(path, file);
      return held(path, file, judged.left ? `${path}: taken over from ${describe(judged.left)}, which is gone` : null);
    } catch (error) {
      file.close();
      throw error;
    }
  }
}

/**
 * Who writes a run folder. The lock is taken for a moment, since only the system knows the processes of other containers.
 */
export function lockState(runDir: string): LockState {
  const path = `${runDir}/run.lock`;
  let file: Deno.FsFile;
  try {
    // Asked first: a pipe would not open until somebody writes to it.
    if (!Deno.statSync(path).isFile) {
      return { state: "unknown", who: `another process (${path} is not a regular file)` };
    }
    file = Deno.openSync(path, { read: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return { state: "free", left: null };
    return { state: "unknown", who: `another process (${path}: ${systemReason(cause)})` };
  }
  try {
    return judge(path, parseRecord(readAll(path, file)), tryLock(file));
  } catch (cause) {
    return { state: "unknown", who: `another process (${path}: ${systemReason(cause)})` };
  } finally {
    file.close();
  }
}

/** Whether a process writes, or may write, a run folder. */
export function isInUse(runDir: string): boolean {
  return lockState(runDir).state !== "free";
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    if (await exists(path) && !(await Deno.stat(path)).isFile) throw notRegular(path);
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (cause) {
    throw ioError(path, "open the lock", cause);
  }
}

/** true or false if the file system has locks, null if it has none. */
function tryLock(file: Deno.FsFile): boolean | null {
  try {
    return file.tryLockSync(true);
  } catch {
    return null;
  }
}

/**
 * Decides from the record and the system's lock.
 * @param locked whether the system gave us the lock; null where the file system has no locks
 */
function judge(path: string, record: LockRecord | null, locked: boolean | null): LockState {
  const who = record ? describe(record) : "another process";
  if (locked === false) return { state: "held", who };
  if (record === null) return { state: "free", left: null };
  const here = ownRecord();
  const known = here.boot_id !== "" && record.boot_id !== "";
  const sameBoot = known && record.boot_id === here.boot_id;
  const gone: LockState = { state: "free", left: record };
  // The same kernel knows the locks of all processes, also of those in containers with other host names.
  if (sameBoot && locked === true) return gone;
  if (record.host === here.host) {
    if (known && !sameBoot) return gone; // this machine, before it was restarted
    return record.start_ticks !== "" && startTicks(record.pid) === record.start_ticks ? { state: "held", who } : gone;
  }
  // Only this machine uses the disk, so the holder wrote to it before the restart.
  if (known && !sameBoot && !isShared(path, readOr("/proc/self/mountinfo", ""))) return gone;
  return { state: "unknown", who };
}

/** Kinds of file systems that only one machine can mount. */
const LOCAL = new Set([
  "ext2",
  "ext3",
  "ext4",
  "xfs",
  "btrfs",
  "zfs",
  "f2fs",
  "bcachefs",
  "tmpfs",
  "ramfs",
  "overlay",
  "vfat",
]);

/**
 * Whether a path may lie on a file system that other machines write to as well; true if the kind is not known.
 * @param mounts what /proc/self/mountinfo says
 */
export function isShared(path: string, mounts: string): boolean {
  let real: string;
  try {
    real = Deno.realPathSync(path);
  } catch {
    real = path;
  }
  let best = "", kind = "";
  for (const line of mounts.split("\n")) {
    const [left = "", right = ""] = line.split(" - ");
    const at = (left.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)));
    const within = at !== "" && (real === at || real.startsWith(at.endsWith("/") ? at : `${at}/`));
    if (within && at.length >= best.length) [best, kind] = [at, right.split(" ")[0] ?? ""];
  }
  return !LOCAL.has(kind);
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

/**
 * Field 22 of /proc/PID/stat, "" where there is no such process, where it has ended and waits for its parent, or no
 * /proc.
 */
function startTicks(pid: number): string {
  const stat = readOr(`/proc/${pid}/stat`, "");
  // The second field is the program's name in parentheses and may hold anything; count from its end.
  const [state = "", ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return /[ZX]/.test(state) ? "" : fields[18] ?? "";
}

function inUse(path: string, { state, who }: Exclude<LockState, { state: "free" }>): UserError {
  if (state === "held") return new UserError(path, `the run is in use by ${who}`, "wait for it to end, or stop it");
  return new UserError(
    path,
    `the run may be in use by ${who}, and from here it is not certain whether that process still runs`,
    onDoubt(path),
  );
}

/** The hint for a lock whose holder may still run. */
export function onDoubt(path: string): string {
  return `look on that machine; if it does not run any more, delete ${path} and give the command again`;
}

function describe({ pid, host, since }: LockRecord): string {
  return `process ${pid} on ${host} since ${since}`;
}

function readAll(path: string, file: Deno.FsFile): string {
  const bytes = new Uint8Array(4096);
  try {
    return new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0));
  } catch (cause) {
    throw ioError(path, "read the lock", cause);
  }
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
    throw new UserError(path, `cannot read the lock (${systemReason(cause)})`, undefined, 1);
  }
}

function held(path: string, file: Deno.FsFile, notice: string | null): Lock {
  let open = true;
  const release = () => {
    if (!open) return;
    open = false;
    try {
      if (isStillAt(path, file)) Deno.removeSync(path); // before the system's lock is released, so that no other process can have it
    } catch {
      /* The folder went away: there is nothing left to lock. */
    } finally {
      file.close();
    }
  };
  return { notice, release, [Symbol.dispose]: release };
}

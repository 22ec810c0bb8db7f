/**
 * Cuts the logs back to a checkpoint. What a resume replaces (rows, diagnostics, checkpoints and the summary of steps that did
 * not lead to the present weights) is moved to `attempts/NNN/`. After a kill each step can be repeated: rows are copied, the
 * copy gets its name, and only then are the rows cut. A copy that exists already is not made again.
 */
import { join } from "@std/path";
import { exists, syncFolder, uniqueSuffix } from "../formats/file.ts";
import { attempt } from "../formats/io_error.ts";
import { cutLog, type LogTail, tailOf, writeTail } from "./log_tail.ts";

/** The position of the checkpoint; rows up to it stay. */
export interface Position {
  readonly step: number;
  /** Number of completed epochs, and of completed windows in the next one. */
  readonly epoch: number;
  readonly window: number;
}

/** Files and folders that are moved besides rows: their names below the run folder. */
export type LeftBehind = readonly string[];

const LOGS: Readonly<Record<string, (at: Position) => { keys: readonly string[]; last: readonly number[] }>> = {
  "steps.csv": ({ step }) => ({ keys: ["step"], last: [step] }),
  // The row of a window is written when the window is done, that of an epoch likewise.
  "chunks.csv": ({ epoch, window }) => ({ keys: ["epoch", "chunk"], last: [epoch + 1, window - 1] }),
  "epochs.csv": ({ epoch }) => ({ keys: ["epoch"], last: [epoch] }),
};

/**
 * Cuts the logs back to a position.
 * @param others what else is of the course that is left; moved, not copied
 * @returns the folder of what was cut, e.g. `attempts/001`; null where there was nothing
 */
export async function cutBack(runDir: string, position: Position, others: LeftBehind): Promise<string | null> {
  const tails: { name: string; tail: LogTail }[] = [];
  for (const [name, rule] of Object.entries(LOGS)) {
    const { keys, last } = rule(position);
    const tail = await tailOf(join(runDir, name), keys, last);
    if (tail) tails.push({ name, tail });
  }
  if (tails.length === 0 && others.length === 0) return null;
  const attempts = join(runDir, "attempts");
  await attempt(attempts, "create the folder", () => Deno.mkdir(attempts, { recursive: true }));
  await syncFolder(runDir); // otherwise a power loss could undo the copy but not the cut
  const newest = await newestAttempt(attempts);
  let folder = newest === null ? null : attemptName(newest);
  if (folder === null || !await holds(join(attempts, folder), tails)) {
    folder = attemptName((newest ?? 0) + 1);
    await copyTails(attempts, folder, tails);
  }
  for (const name of others) await moveInto(runDir, name, join(attempts, folder));
  for (const { tail } of tails) await cutLog(tail); // last, because until then the folder is recognised by these rows
  await syncFolder(runDir);
  return `attempts/${folder}`;
}

/** `attempts/001` and so on, rising. */
export async function attemptsOf(runDir: string): Promise<string[]> {
  const attempts = join(runDir, "attempts");
  if (!await exists(attempts)) return [];
  const newest = await newestAttempt(attempts) ?? 0;
  const names = Array.from({ length: newest }, (_, i) => attemptName(i + 1));
  const there = await Promise.all(names.map((name) => exists(join(attempts, name))));
  return names.filter((_, i) => there[i]).map((name) => `attempts/${name}`);
}

const attemptName = (number: number) => String(number).padStart(3, "0");

async function newestAttempt(attempts: string): Promise<number | null> {
  let newest: number | null = null;
  for await (const { name } of Deno.readDir(attempts)) {
    if (/^\d{3,9}$/.test(name)) newest = Math.max(newest ?? 0, Number(name));
  }
  return newest;
}

/** Whether a folder has exactly these rows, because an earlier session was killed before it had cut all of them. */
async function holds(folder: string, tails: readonly { name: string; tail: LogTail }[]): Promise<boolean> {
  for (const { name, tail } of tails) {
    if (!await tail.isIn(join(folder, name))) return false;
  }
  return tails.length > 0;
}

async function copyTails(
  attempts: string,
  name: string,
  tails: readonly { name: string; tail: LogTail }[],
): Promise<void> {
  for await (const entry of Deno.readDir(attempts)) { // of an unfinished copy, whose rows are all in the logs
    if (!entry.name.startsWith(".tmp-")) continue;
    const left = join(attempts, entry.name);
    await attempt(left, "remove", () => Deno.remove(left, { recursive: true }));
  }
  const temporary = join(attempts, `.tmp-${name}-${uniqueSuffix()}`);
  await attempt(temporary, "create the folder", () => Deno.mkdir(temporary));
  for (const { name, tail } of tails) await writeTail(tail, join(temporary, name));
  await syncFolder(temporary);
  const target = join(attempts, name);
  await attempt(target, "rename the finished folder to it", () => Deno.rename(temporary, target));
  await syncFolder(attempts);
}

/** Moves a file or folder to the same name below the attempt's folder. */
async function moveInto(runDir: string, name: string, folder: string): Promise<void> {
  const from = join(runDir, name);
  if (!await exists(from)) return;
  let to = join(folder, name);
  const parent = join(to, "..");
  await attempt(parent, "create the folder", () => Deno.mkdir(parent, { recursive: true }));
  if (await exists(to)) to = `${to}.${uniqueSuffix()}`;
  await attempt(from, `move it to ${to}`, () => Deno.rename(from, to));
  await syncFolder(parent);
  await syncFolder(join(from, ".."));
}

/** Finds an undamaged checkpoint by "latest", "best" or a path. */
import { basename, dirname, join, resolve } from "@std/path";
import { UserError } from "../errors.ts";
import { exists } from "../formats/file.ts";
import { ioError } from "../formats/io_error.ts";
import { readTextFile } from "../formats/text_file.ts";
import { hintFor } from "../missing.ts";
import { fromUser, toUser, userFolder } from "../paths.ts";
import { commandText } from "../runs/command.ts";
import {
  type CheckpointInfo,
  checkpointsFolder,
  listCheckpoints,
  type PointerName,
  stepOfName,
  verifyCheckpoint,
} from "./layout.ts";

/**
 * The name in a pointer file, or null where there is none.
 * @throws {UserError} if its content is not a checkpoint's name.
 */
export async function readPointer(folder: string, pointer: PointerName): Promise<string | null> {
  const path = join(folder, pointer);
  let text: string;
  try {
    if (!await exists(path)) return null;
    text = await readTextFile(path, "checkpoint", 4096);
  } catch (cause) {
    throw ioError(path, "read", cause);
  }
  const name = text.trim();
  if (stepOfName(name) === null) {
    throw new UserError(path, `${JSON.stringify(name.slice(0, 80))} is not the name of a checkpoint`, undefined, 1);
  }
  return name;
}

/**
 * Finds a checkpoint and checks every byte of it.
 * @param which "latest", "best", the name of a checkpoint of this run, or the path of one
 * @param warn hears one line for each checkpoint that is bad; the one before it is tried then. A checkpoint asked for
 *   by name or path is never replaced by another.
 * @throws {UserError} if none is good.
 */
export async function resolveCheckpoint(
  runDir: string,
  which: string,
  warn: (line: string) => void,
): Promise<CheckpointInfo> {
  if (which !== "latest" && which !== "best") return await resolveNamed(runDir, which, warn);
  const folder = checkpointsFolder(runDir);
  let candidates = (await listCheckpoints(runDir)).reverse();
  const name = await pointed(folder, which, warn);
  if (name !== null) {
    const step = stepOfName(name)!;
    candidates = candidates.filter((candidate) => candidate.step <= step);
    if (candidates[0]?.step !== step) warn(`${join(folder, name)}: it does not exist, but ${which} names it`);
  }
  for (const [i, candidate] of candidates.entries()) {
    try {
      await verifyCheckpoint(candidate.path);
      return candidate;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const next = candidates[i + 1];
      warn(next ? `${error.message}; trying ${next.name}, the one before` : error.message);
    }
  }
  throw new UserError(
    folder,
    candidates.length > 0 ? "no checkpoint is undamaged" : "there is no checkpoint",
    `start a new run with: ${commandText("train", "--config", "F")}`,
  );
}

const POINTERS: readonly PointerName[] = ["latest", "best"];

/** The checkpoint that `latest` or `best` names; a run without a best uses its latest. */
async function pointed(folder: string, which: PointerName, warn: (line: string) => void): Promise<string | null> {
  try {
    const name = await readPointer(folder, which);
    if (name !== null || which === "latest") return name;
    warn(`${join(folder, which)}: no checkpoint is marked as best; using latest`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    warn(`${error.message}; using the ${which === "best" ? "latest" : "newest"}`);
    if (which === "latest") return null;
  }
  return await pointed(folder, "latest", warn);
}

async function resolveNamed(runDir: string, which: string, warn: (line: string) => void): Promise<CheckpointInfo> {
  const given = fromUser(which);
  // A name without a folder is the name of a checkpoint of the run.
  const inRun = dirname(given) === userFolder() ? join(checkpointsFolder(runDir), basename(given)) : null;
  const path = inRun && await exists(inRun) ? inRun : given;
  const pointer = POINTERS.find((name) => resolve(path) === resolve(checkpointsFolder(runDir), name));
  if (!await exists(path)) {
    const missing = inRun ?? path;
    throw new UserError(toUser(missing), "there is no such checkpoint", hintFor(missing));
  }
  if (pointer !== undefined && !(await Deno.stat(path)).isDirectory) {
    return await resolveCheckpoint(runDir, pointer, warn);
  }
  const { step } = await verifyCheckpoint(path);
  return { name: basename(path), path, step };
}

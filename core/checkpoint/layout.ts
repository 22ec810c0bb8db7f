/**
 * The files of checkpoints, and the check of whether one is undamaged.
 *
 *     RUN/checkpoints/step-000001234/{model.safetensors, optimizer.safetensors, state.json, manifest.json}
 *     RUN/checkpoints/latest, best      text files naming a checkpoint
 *
 * Beside them, after a crash: `step-N.old` (the one being replaced by another save of the same step; as good as its
 * manifest says), `.unclear-*` (never touched), `.tmp-*` (a save that was cut short; the next session removes it) and
 * `.deleted-*` (a deletion that was cut short).
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { exists, InputFile } from "../formats/file.ts";
import { ioError } from "../formats/io_error.ts";
import { isRecord, readJson } from "../formats/json.ts";

export const CHECKPOINT_FILES = ["model.safetensors", "optimizer.safetensors", "state.json"] as const;
export type CheckpointFile = (typeof CHECKPOINT_FILES)[number];
export type PointerName = "latest" | "best";

export interface FileRecord {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** manifest.json: written last; its presence with matching files makes a checkpoint. */
export interface Manifest {
  readonly format: "narrows-checkpoint";
  readonly version: 1;
  /** The version of the program that saved it. */
  readonly narrows: string;
  readonly step: number;
  readonly files: Readonly<Record<CheckpointFile, FileRecord>>;
}

export interface CheckpointInfo {
  readonly name: string;
  readonly path: string;
  readonly step: number;
}

const NAME = /^step-(\d{9})(\.old)?$/;
const MANIFEST_BYTES_MAX = 1 << 16;
const HASH_SLICE_BYTES = 4 << 20;

export function checkpointsFolder(runDir: string): string {
  return join(runDir, "checkpoints");
}

/** `step-000001234`. @param step 0 to 999,999,999 */
export function checkpointName(step: number): string {
  if (!(Number.isInteger(step) && step >= 0 && step < 1e9)) throw new RangeError(`step ${step} has no checkpoint name`);
  return `step-${String(step).padStart(9, "0")}`;
}

/** The step of a checkpoint's name (`.old` ones too), or null for any other name. */
export function stepOfName(name: string): number | null {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Folders with a checkpoint's name and a manifest, by rising step; whether they are good is for verifyCheckpoint. */
export async function listCheckpoints(runDir: string): Promise<CheckpointInfo[]> {
  const folder = checkpointsFolder(runDir);
  const found: CheckpointInfo[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      const step = stepOfName(entry.name);
      if (step === null || !entry.isDirectory) continue;
      const path = join(folder, entry.name);
      if (await exists(join(path, "manifest.json"))) found.push({ name: entry.name, path, step });
    }
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw ioError(folder, "list the checkpoints", cause);
  }
  // step-7.old comes before step-7, which replaced it.
  return found.sort((a, b) => a.step - b.step || b.name.length - a.name.length);
}

/**
 * Checks a checkpoint against its manifest.
 * @param depth lengths only, or every byte's hash as well
 * @throws {UserError} naming the file, or the manifest's field, that is wrong.
 */
export async function verifyCheckpoint(dir: string, depth: "lengths" | "full" = "full"): Promise<Manifest> {
  const manifest = await readManifest(dir);
  for (const name of CHECKPOINT_FILES) {
    const path = join(dir, name);
    const expected = manifest.files[name];
    using file = await InputFile.open(path);
    if (file.size !== expected.bytes) {
      throw new UserError(path, `has ${file.size} bytes, but the manifest says ${expected.bytes}`, undefined, 1);
    }
    if (depth === "full" && await sha256Of(file) !== expected.sha256) {
      throw new UserError(path, "its SHA-256 differs from the manifest's: the content has changed", undefined, 1);
    }
  }
  return manifest;
}

async function sha256Of(file: InputFile): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(HASH_SLICE_BYTES, file.size));
  for (let offset = 0; offset < file.size; offset += buffer.length) {
    const slice = buffer.subarray(0, Math.min(buffer.length, file.size - offset));
    await file.readAt(offset, slice);
    hash.update(slice);
  }
  return hash.digest("hex");
}

async function readManifest(dir: string): Promise<Manifest> {
  const path = join(dir, "manifest.json");
  const bad = (what: string) => new UserError(path, what, undefined, 1);
  const json = await readJson(path, MANIFEST_BYTES_MAX);
  if (!isRecord(json)) throw bad("not an object");
  if (json.format !== "narrows-checkpoint") throw bad("format: not narrows-checkpoint");
  if (json.version !== 1) throw bad(`version: ${JSON.stringify(json.version)} is not 1, the one known here`);
  if (typeof json.narrows !== "string") throw bad("narrows: not a version");
  if (!Number.isSafeInteger(json.step) || json.step as number < 0) throw bad("step: not a count");
  if (!isRecord(json.files)) throw bad("files: not an object");
  for (const name of CHECKPOINT_FILES) {
    const record = json.files[name];
    if (!isRecord(record)) throw bad(`files, ${name}: missing`);
    if (!Number.isSafeInteger(record.bytes) || record.bytes as number < 0) {
      throw bad(`files, ${name}, bytes: not a size`);
    }
    if (typeof record.sha256 !== "string" || !/^[0-9a-f]{64}$/.test(record.sha256)) {
      throw bad(`files, ${name}, sha256: not 64 hex digits`);
    }
  }
  return json as unknown as Manifest;
}

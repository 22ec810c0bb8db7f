/**
 * Saves checkpoints. Everything is written beside the target, made durable, and then renamed to it, so that a kill or a full
 * disk at any moment leaves the earlier checkpoints unchanged. SAVE_STEPS is the order that ensures this.
 */
import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import { UserError } from "../errors.ts";
import {
  exists,
  OutputFile,
  removeIfThere,
  removeQuietly,
  syncFolder,
  uniqueSuffix,
  writeAtomically,
} from "../formats/file.ts";
import { attempt } from "../formats/io_error.ts";
import { encodeJson } from "../formats/json.ts";
import { encodeSafetensors } from "../formats/safetensors.ts";
import { tensorSizes, type TensorSource } from "../formats/tensor.ts";
import { VERSION } from "../version.ts";
import {
  CHECKPOINT_FILES,
  type CheckpointFile,
  type CheckpointInfo,
  checkpointName,
  checkpointsFolder,
  type FileRecord,
  type Manifest,
  type PointerName,
  verifyCheckpoint,
} from "./layout.ts";
import { readPointer } from "./resolve.ts";
import { applyRetention, discard } from "./retention.ts";

export interface SaveRequest {
  /** Number of optimizer steps made. */
  readonly step: number;
  /** The tensors of model.safetensors: parameters and buffers. */
  readonly parameters: readonly TensorSource[];
  /** The tensors of optimizer.safetensors. */
  readonly optimizer: readonly TensorSource[];
  /** The content of state.json: the state of training. A NaN or infinity in it is an error. */
  readonly state: unknown;
  /** Whether `best` names this checkpoint from now on. */
  readonly best?: boolean;
  /** The number of newest checkpoints that are kept, besides latest and best; without it, nothing is deleted. */
  readonly keep?: number;
  /** How the written files are checked before `latest` names them: their lengths, or every byte. */
  readonly verify?: "lengths" | "full";
}

/** The data that the steps of a save share. */
interface Save {
  readonly request: SaveRequest;
  readonly folder: string;
  readonly name: string;
  readonly target: string;
  readonly temporary: string;
  readonly files: Partial<Record<CheckpointFile, FileRecord>>;
  /** The folder that an earlier save of this very step was moved to. */
  replaced: string | null;
  committed: boolean;
}

type SaveStep = (save: Save) => Promise<void>;

/** The steps of a save in order. Tests check that other orders fail. */
export const SAVE_STEPS = {
  create: (save) => attempt(save.temporary, "create the folder", () => Deno.mkdir(save.temporary)),
  write: writeFiles,
  commit,
  verify,
  point,
  retain,
} satisfies Record<string, SaveStep>;

export type SaveStepName = keyof typeof SAVE_STEPS;
const SAVE_ORDER = Object.keys(SAVE_STEPS) as SaveStepName[];

/**
 * Saves a checkpoint as RUN/checkpoints/step-NNNNNNNNN and names it in `latest`. A good one of this step with the same
 * content is kept; one with other content is replaced, and is there until the new one is good.
 * @throws {UserError} with path and the system's reason; the checkpoints from before are as they were.
 */
export async function saveCheckpoint(
  runDir: string,
  request: SaveRequest,
  order: readonly SaveStepName[] = SAVE_ORDER,
): Promise<CheckpointInfo> {
  const folder = checkpointsFolder(runDir);
  const name = checkpointName(request.step);
  const save: Save = {
    request,
    folder,
    name,
    target: join(folder, name),
    temporary: join(folder, `.tmp-${name}-${uniqueSuffix()}`),
    files: {},
    replaced: null,
    committed: false,
  };
  try {
    await createCheckpointsFolder(runDir);
    const same = await isAlreadySaved(save);
    for (const step of same ? (["point", "retain"] as const) : order) await SAVE_STEPS[step](save);
  } catch (error) {
    if (!save.committed) await removeQuietly(save.temporary);
    throw error;
  }
  return { name, path: save.target, step: request.step };
}

async function createCheckpointsFolder(runDir: string): Promise<void> {
  const folder = checkpointsFolder(runDir);
  if (await exists(folder)) return;
  await attempt(folder, "create the folder", () => Deno.mkdir(folder));
  await syncFolder(runDir);
}

/** The pieces of a file of the checkpoint. */
function encode({ request }: Save, file: CheckpointFile): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  const metadata = { format: "pt", narrows: VERSION, step: String(request.step) };
  switch (file) {
    case "model.safetensors":
      return encodeSafetensors(request.parameters.map(finiteOnly), metadata);
    case "optimizer.safetensors":
      return encodeSafetensors(request.optimizer.map(finiteOnly), metadata);
    case "state.json":
      return [encodeJson(request.state)];
  }
}

/** Whether the target exists, is undamaged and has exactly these bytes. Nothing is written. */
async function isAlreadySaved(save: Save): Promise<boolean> {
  const manifest = await verifyCheckpoint(save.target).catch(() => null);
  if (manifest?.step !== save.request.step) return false;
  for (const file of CHECKPOINT_FILES) {
    const hash = createHash("sha256");
    for await (const piece of encode(save, file)) hash.update(piece);
    if (hash.digest("hex") !== manifest.files[file].sha256) return false;
  }
  return true;
}

/** Files are made durable while the next one is written; the manifest is written when all of them are. */
async function writeFiles(save: Save): Promise<void> {
  const durable: Promise<void>[] = [];
  try {
    for (const name of CHECKPOINT_FILES) {
      const { record, finished } = await writeHashed(join(save.temporary, name), encode(save, name));
      finished.catch(() => {}); // it is told below
      durable.push(finished);
      save.files[name] = record;
    }
  } finally {
    await Promise.allSettled(durable); // an error of the loop is told once nothing writes any more
  }
  await Promise.all(durable);
  const manifest: Manifest = {
    format: "narrows-checkpoint",
    version: 1,
    narrows: VERSION,
    step: save.request.step,
    files: save.files as Record<CheckpointFile, FileRecord>,
  };
  await (await writeHashed(join(save.temporary, "manifest.json"), [encodeJson(manifest)])).finished;
  await syncFolder(save.temporary);
}

/** Bytes that are hashed at once: hashing holds up everything else, also the training between two calls of the engine. */
const HASH_BYTES = 1 << 20;

/**
 * Writes a file; hashes each piece while the system writes it.
 * @returns `finished` resolves when the file is durable
 */
async function writeHashed(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<{ record: FileRecord; finished: Promise<void> }> {
  const file = await OutputFile.create(path);
  try {
    const hash = createHash("sha256");
    for await (const piece of pieces) {
      for (let begin = 0; begin < piece.length; begin += HASH_BYTES) {
        const part = piece.subarray(begin, begin + HASH_BYTES);
        await Promise.all([file.write(part), hash.update(part)]);
      }
    }
    return { record: { bytes: file.bytes, sha256: hash.digest("hex") }, finished: file.finish() };
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Renames the temporary folder to its final name. A folder that has this name is first renamed to one that is still
 * found.
 */
async function commit(save: Save): Promise<void> {
  const { target, temporary, folder, name } = save;
  if (await exists(target)) {
    const good = await verifyCheckpoint(target).then(() => true, () => false);
    let aside = join(folder, `.unclear-${name}-${uniqueSuffix()}`);
    if (good) {
      aside = `${target}.old`;
      await discard(folder, `${name}.old`);
      save.replaced = `${name}.old`;
    }
    await attempt(target, "move it aside", () => Deno.rename(target, aside));
  }
  await attempt(target, "rename the finished folder to it", () => Deno.rename(temporary, target));
  save.committed = true;
  await syncFolder(folder);
}

async function verify({ target, request }: Save): Promise<void> {
  await verifyCheckpoint(target, request.verify ?? "lengths");
}

/** Makes `latest`, and `best` if it is the best, name the checkpoint; `best` names none that was replaced by one that is not. */
async function point({ folder, name, request, replaced }: Save): Promise<void> {
  for (const pointer of request.best ? ["latest", "best"] as const : ["latest"] as const) {
    await writePointer(folder, pointer, name);
  }
  if (replaced && !request.best && await pointee(folder, "best") === name) await removeIfThere(join(folder, "best"));
}

/** What a pointer names, or null where it names nothing that can be read. */
const pointee = (folder: string, pointer: PointerName) => readPointer(folder, pointer).catch(() => null);

async function writePointer(folder: string, pointer: PointerName, name: string): Promise<void> {
  await writeAtomically(join(folder, pointer), (file) => file.write(new TextEncoder().encode(`${name}\n`)));
}

/** Makes `latest` name an existing checkpoint, before a run is resumed from it. */
export async function pointLatest(runDir: string, name: string): Promise<void> {
  await writePointer(checkpointsFolder(runDir), "latest", name);
}

/**
 * Has `best` name the checkpoint of a step, as a resumed run knows it: the pointer may be of a course that the run has
 * left, or not yet written. Without a step, or a checkpoint of it, there is no best.
 */
export async function pointBest(runDir: string, step: number | null): Promise<void> {
  const folder = checkpointsFolder(runDir);
  const name = step === null ? null : checkpointName(step);
  if (name !== null && await exists(join(folder, name, "manifest.json"))) {
    await writePointer(folder, "best", name);
  } else {
    await removeIfThere(join(folder, "best"));
  }
}

async function retain({ folder, replaced, request }: Save): Promise<void> {
  if (replaced) await discard(folder, replaced);
  if (request.keep !== undefined) await applyRetention(dirname(folder), request.step, request.keep);
}

/** A tensor has a value that is no number. */
export class NotFinite extends UserError {
  constructor(tensor: string, row: number) {
    const hint = "resume from the last good checkpoint with a lower learning rate or training.gradient_clip";
    super(tensor, `row ${row} is NaN or infinite, so it was not saved`, hint, 1);
  }
}

/** The same tensor, refused with its place if it holds a NaN or an infinity: such weights must not be saved as good. */
function finiteOnly(source: TensorSource): TensorSource {
  if (source.dtype !== "F32" && source.dtype !== "F64") return source;
  // The exponent's bits are all ones in NaN and infinity; they lie in the upper (last) word of a double.
  const [stride, exponent] = source.dtype === "F32" ? [1, 0x7f800000] : [2, 0x7ff00000];
  const { name, dtype, shape } = source;
  return {
    name,
    dtype,
    shape,
    async read(firstRow, rows, into) {
      await source.read(firstRow, rows, into);
      const words = new Uint32Array(into.buffer, into.byteOffset, into.byteLength / 4);
      for (let i = stride - 1; i < words.length; i += stride) {
        if ((words[i]! & exponent) !== exponent) continue;
        const row = firstRow + Math.floor(i * 4 / tensorSizes(source).rowBytes);
        throw new NotFinite(name, row);
      }
    },
  };
}

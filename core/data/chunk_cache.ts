/**
 * Keeps chunks open between epochs. Opening a file inflates and checks all of it, which takes longer than an epoch of a small
 * data set. Either all files of a source are kept open or none, so that a large source needs the memory of its windows only.
 */
import { elementBytes } from "../../ffi/arrays.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { stampOf } from "./content.ts";
import type { ChunkFile } from "./source.ts";

/** Sources whose arrays take no more than this, inflated or mapped, are kept. */
export const KEPT_BYTES = 256e6;

/** The memory of a chunk's arrays, according to its header. */
export function chunkBytes({ info }: ChunkFile): number {
  return info.nnz * (elementBytes(info.dataType) + elementBytes(info.indicesType)) +
    (info.rows + 1) * elementBytes(info.indptrType);
}

/** Whether {@linkcode keepOpen} keeps the files of a source. */
export function isKept(files: readonly ChunkFile[]): boolean {
  return files.reduce((sum, file) => sum + chunkBytes(file), 0) <= KEPT_BYTES;
}

interface Entry {
  readonly stamp: string;
  readonly chunk: Promise<Chunk>;
  users: number;
  /** Whether the file has changed or is no longer kept; the chunk is then closed with its last user. */
  dropped: boolean;
}

/** A chunk in use. */
export interface Lease {
  readonly chunk: Chunk;
  /** Called once, when no more batch creators will use the chunk. */
  release(): void;
}

const entries = new WeakMap<ChunkFile, Entry>();
const kept = new WeakSet<ChunkFile>();

function closeUnused(entry: Entry): void {
  if (entry.dropped && entry.users === 0) entry.chunk.then((chunk) => chunk.close(), () => {});
}

function drop(file: ChunkFile): void {
  const entry = entries.get(file);
  if (!entry) return;
  entries.delete(file);
  entry.dropped = true;
  closeUnused(entry);
}

/**
 * Files of a source stay open from their first use until what is returned is disposed of, if they are small enough together.
 */
export function keepOpen(files: readonly ChunkFile[]): Disposable {
  if (isKept(files)) { for (const file of files) kept.add(file); }
  return {
    [Symbol.dispose]() {
      for (const file of files) {
        kept.delete(file);
        drop(file);
      }
    },
  };
}

/** Of the rows of a file from which on it is read at once, and not row by row. */
const WHOLE_SHARE = 0.25;

/**
 * Opens a file of a source, or finds it open; rows in memory are open as long as their owner keeps them.
 * @param budgetBytes as {@linkcode Chunk.open} has it
 * @param rows of it that will be used
 * @throws {EngineError} as {@linkcode Chunk.open}
 */
export async function lease(file: ChunkFile, budgetBytes: number, rows = file.info.rows): Promise<Lease> {
  if (file.memory) return { chunk: file.memory, release: () => {} };
  const opened = () =>
    file.place
      ? Chunk.openMatrix(file.path, file.place, rows >= WHOLE_SHARE * file.info.rows)
      : Chunk.open(file.path, { budgetBytes });
  if (!kept.has(file) || budgetBytes !== 0) {
    const chunk = await opened();
    return { chunk, release: () => chunk.close() };
  }
  // A file that was written again is opened and checked again; the error of opening it says why there is none.
  const stamp = await stampOf(file.path).catch(() => "");
  let entry = entries.get(file);
  if (entry?.stamp !== stamp || stamp === "") {
    drop(file);
    entry = { stamp, chunk: opened(), users: 0, dropped: false };
    entries.set(file, entry);
  }
  const used = entry;
  used.users++;
  const release = () => {
    used.users--;
    closeUnused(used);
  };
  try {
    return { chunk: await used.chunk, release };
  } catch (error) {
    if (entries.get(file) === used) entries.delete(file);
    release();
    throw error;
  }
}

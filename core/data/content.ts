/**
 * By what the content of a data file is told from another. An `.npz` file has checksums of its arrays, which change with any
 * stored value. An `.npy` file has none: either all of its bytes are hashed, or SAMPLES evenly spread blocks, the first and the last
 * among them. Rows in memory are hashed completely. While a process reads a file, the content that it had at the start is kept here.
 */
import { createHash } from "node:crypto";
import { elementBytes } from "../../ffi/arrays.ts";
import { Chunk, type MatrixPlace } from "../../ffi/chunk.ts";
import { InputFile } from "../formats/file.ts";
import { attempt } from "../formats/io_error.ts";
import { BadData, type ChunkFile } from "./source.ts";

const SAMPLES = 64, SAMPLE_BYTES = 1 << 16, BLOCK_BYTES = 1 << 20;

/** Begin and length of the blocks of a file that are hashed. */
function blocks(size: number, whole: boolean): { at: number; length: number }[] {
  const length = whole ? BLOCK_BYTES : SAMPLE_BYTES;
  const count = Math.ceil(size / length);
  if (whole || count <= SAMPLES) {
    return Array.from({ length: count }, (_, i) => ({ at: i * length, length: Math.min(length, size - i * length) }));
  }
  const step = (size - length) / (SAMPLES - 1);
  return Array.from({ length: SAMPLES }, (_, i) => ({ at: Math.round(i * step), length }));
}

/** @param whole whether all bytes of a file without checksums of its own are read */
export async function contentOf({ path, info, memory, place }: ChunkFile, whole: boolean): Promise<string> {
  if (memory) return `sha256:${memory.digest()}`;
  if (!info.dense) {
    return `crc32:${Array.from(Chunk.checksums(path), (sum) => sum.toString(16).padStart(8, "0")).join("-")}`;
  }
  using file = await InputFile.open(path);
  const hash = createHash("sha256");
  const [from, size] = place ? [place.offset, placeBytes(place)] : [0, file.size];
  for (const { at, length } of blocks(size, whole)) {
    const bytes = new Uint8Array(length);
    await file.readAt(from + at, bytes);
    hash.update(bytes);
  }
  return `${whole ? "sha256" : "sample"}:${hash.digest("hex")}`;
}

/** The modification time of a file; rows in memory have none. */
export async function statOf({ path, memory, place }: ChunkFile): Promise<{ size: number; mtime: Date | null }> {
  if (memory) return { size: memory.info.bytesHeld, mtime: null };
  const { size, mtime } = await Deno.stat(path);
  return { size: place ? placeBytes(place) : size, mtime };
}

const placeBytes = ({ rows, columns, type }: MatrixPlace) => rows * columns * elementBytes(type);

/** A text that changes with the file. @throws {UserError} where it cannot be looked at */
export async function stampOf(path: string): Promise<string> {
  const { ino, size, mtime, ctime } = await attempt(path, "read", () => Deno.stat(path));
  return `${ino} ${size} ${mtime?.getTime()} ${ctime?.getTime()}`;
}

interface Kept {
  readonly stamp: string;
  readonly content: string;
  readonly whole: boolean;
}

const kept = new WeakMap<ChunkFile, Kept>();

/** The content of a file, which {@linkcode requireSame} compares later. */
export async function keptContent(file: ChunkFile, whole: boolean): Promise<string> {
  if (file.memory) return await contentOf(file, whole);
  const stamp = await stampOf(file.path);
  const content = await contentOf(file, whole);
  kept.set(file, { stamp, content, whole });
  return content;
}

/**
 * Compares a file that was written to since {@linkcode keptContent} read it. One that was only copied or touched is the same.
 * @throws {UserError} where it has other content
 */
export async function requireSame(file: ChunkFile): Promise<void> {
  const was = kept.get(file);
  if (was === undefined) return;
  const stamp = await stampOf(file.path);
  if (stamp === was.stamp) return;
  if (await contentOf(file, was.whole) === was.content) return void kept.set(file, { ...was, stamp });
  throw new BadData(
    file.path,
    "was changed since the start: it has other values",
    "restore it, and do not change data while a run reads them",
  );
}

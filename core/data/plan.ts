/** The order in which an epoch reads its chunks, and the number of its steps. */
import { countText } from "../figures.ts";
import type { DataConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import type { ChunkFile, Part, Source } from "./source.ts";

/** Chunks whose rows are shuffled together. */
export interface Window {
  /** Position within the epoch. */
  readonly index: number;
  readonly files: readonly ChunkFile[];
  readonly rows: number;
  readonly batches: number;
  /**
   * For each file, its rows in this window; by default all of the part. Under `last_batch: drop` two windows may share
   * a file.
   */
  readonly picked?: readonly Uint32Array<ArrayBuffer>[];
}

/** A 64-bit mix (splitmix64's finaliser) of some numbers: an order that looks random and is a function of them. */
function mix(...numbers: readonly number[]): bigint {
  let state = 0n;
  for (const number of numbers) {
    state = BigInt.asUintN(64, state + BigInt(number) + 0x9E3779B97F4A7C15n);
    state = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xBF58476D1CE4E5B9n);
    state = BigInt.asUintN(64, (state ^ (state >> 27n)) * 0x94D049BB133111EBn);
    state ^= state >> 31n;
  }
  return state;
}

/** The number of batches that `rows` rows make. */
export function batchCount(rows: number, data: Pick<DataConfig, "batch_size" | "last_batch">): number {
  return data.last_batch === "drop" ? Math.floor(rows / data.batch_size) : Math.ceil(rows / data.batch_size);
}

function windows(files: readonly ChunkFile[], part: Part, size: number, batchSize: number): Window[] {
  const list: Window[] = [];
  const keep = { batch_size: batchSize, last_batch: "keep" } as const;
  for (let first = 0; first < files.length; first += size) {
    const members = files.slice(first, first + size);
    const rows = members.reduce((sum, file) => sum + file.parts[part].length, 0);
    list.push({ index: list.length, files: members, rows, batches: batchCount(rows, keep) });
  }
  return list;
}

interface Piece {
  readonly file: ChunkFile;
  readonly rows: Uint32Array<ArrayBuffer>;
}

const rowCount = (pieces: readonly Piece[]) => pieces.reduce((sum, { rows }) => sum + rows.length, 0);

/** The last `count` rows of some pieces, and the rows before them. */
function cutOff(pieces: readonly Piece[], count: number): { before: Piece[]; after: Piece[] } {
  const before = [...pieces], after: Piece[] = [];
  while (count > 0) {
    const { file, rows } = before.pop()!;
    const kept = Math.max(0, rows.length - count);
    if (kept > 0) before.push({ file, rows: rows.subarray(0, kept) });
    after.unshift({ file, rows: rows.subarray(kept) });
    count -= rows.length - kept;
  }
  return { before, after };
}

/**
 * Windows of full batches. Rows that do not fill a batch are passed on to the next window, so that an epoch leaves out less
 * than one batch. `rowsOf` orders a file's rows; the last ones are passed on.
 */
function fullWindows(
  files: readonly ChunkFile[],
  size: number,
  batchSize: number,
  rowsOf: (file: ChunkFile) => Uint32Array<ArrayBuffer>,
): Window[] {
  const list: Window[] = [];
  let waiting: Piece[] = [];
  for (let first = 0; first < files.length; first += size) {
    const pieces = [...waiting, ...files.slice(first, first + size).map((file) => ({ file, rows: rowsOf(file) }))];
    const isLast = first + size >= files.length;
    const { before, after } = cutOff(pieces, isLast ? 0 : rowCount(pieces) % batchSize);
    waiting = after;
    const rows = rowCount(before), batches = Math.floor(rows / batchSize);
    if (batches === 0) continue;
    const picked = before.map((piece) => piece.rows);
    list.push({ index: list.length, files: before.map(({ file }) => file), rows, batches, picked });
  }
  return list;
}

/** The training windows of an epoch: chunk order is a function of (data.seed, epoch). */
export function trainingPlan(source: Source, data: DataConfig, epoch: number): Window[] {
  const { seed } = data;
  const files = source.files.filter((file) => file.parts.train.length > 0);
  if (data.shuffle) {
    const key = new Map(files.map((file) => [file.index, mix(seed, epoch, file.key)]));
    files.sort((a, b) => {
      const x = key.get(a.index)!, y = key.get(b.index)!;
      return x < y ? -1 : x > y ? 1 : a.index - b.index;
    });
  }
  const size = data.shuffle ? data.shuffle_window : 1;
  if (data.last_batch === "keep") return windows(files, "train", size, data.batch_size);
  return fullWindows(files, size, data.batch_size, (file) => {
    const rows = file.parts.train;
    if (!data.shuffle) return rows;
    const start = Number(mix(seed, epoch, file.key, 1) % BigInt(rows.length)); // each epoch passes on others
    const turned = new Uint32Array(rows.length);
    turned.set(rows.subarray(start));
    turned.set(rows.subarray(0, start), rows.length - start);
    return turned;
  });
}

/** A message on what `last_batch: drop` leaves out; null if it leaves out nothing. */
export function leftOutNote(source: Source, data: DataConfig): string | null {
  const rows = source.partRows.train;
  const over = data.last_batch === "drop" ? rows % data.batch_size : 0;
  if (over === 0) return null;
  const which = data.shuffle ? "others in each epoch" : "always the same ones, the last rows of the last file";
  return `data.last_batch: drop leaves out ${countText(over)} of ${
    countText(rows)
  } training rows in each epoch (${which})`;
}

/** @throws {UserError} if `last_batch: drop` leaves nothing to train on. */
export function requireSteps(source: Source, data: DataConfig): void {
  if (stepsOf(trainingPlan(source, data, 1)) > 0) return;
  throw new UserError(
    "data.last_batch",
    `drop leaves no batch: ${source.partRows.train} training rows are fewer than a full batch of ${data.batch_size}`,
    "lower data.batch_size, or set data.last_batch: keep",
  );
}

/** Every row of a part once, in file order. */
export function readingPlan(source: Source, part: Part, data: DataConfig): Window[] {
  return windows(source.files.filter((file) => file.parts[part].length > 0), part, 1, data.batch_size);
}

/** The number of steps of an epoch. It depends on which chunks share a window, so it can differ from epoch to epoch. */
export function stepsOf(plan: readonly Window[]): number {
  return plan.reduce((sum, window) => sum + window.batches, 0);
}

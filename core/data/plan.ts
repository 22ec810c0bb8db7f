/** In which order an epoch reads its chunks, and how many steps that makes. */
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

/** How many batches `rows` rows make. */
export function batchCount(rows: number, data: Pick<DataConfig, "batch_size" | "last_batch">): number {
  return data.last_batch === "drop" ? Math.floor(rows / data.batch_size) : Math.ceil(rows / data.batch_size);
}

function windows(files: readonly ChunkFile[], part: Part, size: number, data: DataConfig, drop: boolean): Window[] {
  const list: Window[] = [];
  for (let first = 0; first < files.length; first += size) {
    const members = files.slice(first, first + size);
    const rows = members.reduce((sum, file) => sum + file.parts[part].length, 0);
    const batches = batchCount(rows, drop ? data : { batch_size: data.batch_size, last_batch: "keep" });
    list.push({ index: list.length, files: members, rows, batches });
  }
  return list.filter((window) => window.batches > 0).map((window, index) => ({ ...window, index }));
}

/** The training windows of an epoch: chunk order is a function of (seed, epoch). */
export function trainingPlan(source: Source, data: DataConfig, seed: number, epoch: number): Window[] {
  const files = source.files.filter((file) => file.parts.train.length > 0);
  if (data.shuffle) {
    const key = new Map(files.map((file) => [file.index, mix(seed, epoch, file.index)]));
    files.sort((a, b) => {
      const x = key.get(a.index)!, y = key.get(b.index)!;
      return x < y ? -1 : x > y ? 1 : a.index - b.index;
    });
  }
  return windows(files, "train", data.shuffle ? data.shuffle_window : 1, data, true);
}

/** @throws {UserError} where `last_batch: drop` leaves nothing to train on. */
export function requireSteps(source: Source, data: DataConfig, seed: number): void {
  if (stepsOf(trainingPlan(source, data, seed, 1)) > 0) return;
  throw new UserError(
    "data.last_batch",
    `drop leaves no batch: ${source.partRows.train} rows for training in ${source.files.length} file(s), which make no ` +
      `full batch of ${data.batch_size}`,
    "lower data.batch_size, raise data.shuffle_window, or set data.last_batch: keep",
  );
}

/** Every row of a part once, in file order. */
export function readingPlan(source: Source, part: Part, data: DataConfig): Window[] {
  return windows(source.files.filter((file) => file.parts[part].length > 0), part, 1, data, false);
}

/**
 * Steps of an epoch. With several chunks a window and `last_batch: drop` it depends on which chunks share a window, so it
 * is asked for each epoch.
 */
export function stepsOf(plan: readonly Window[]): number {
  return plan.reduce((sum, window) => sum + window.batches, 0);
}

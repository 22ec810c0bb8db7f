/**
 * The windows of a plan in order, each as a running batch creator. While one window is trained on, the next one's chunks are
 * opened and its first batches are made, so that memory holds at most two windows and two queues.
 */
import { BatchCreator, type BatchQueue } from "../../ffi/batches.ts";
import type { Chunk } from "../../ffi/chunk.ts";
import { isRandom } from "../config/transforms.ts";
import type { DataConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { type Lease, lease } from "./chunk_cache.ts";
import { requireSame } from "./content.ts";
import { type ChunkFile, dataError, type Part } from "./source.ts";
import type { Window } from "./plan.ts";

export interface FeedOptions {
  readonly data: DataConfig;
  /** The epoch, which determines the order of rows and the masking noise, as a function of `data.seed`. */
  readonly epoch: number;
  readonly part: Part;
  /**
   * In training: rows shuffled, last batch as configured, masking noise and random transforms. Otherwise: every row in file
   * order, without either.
   */
  readonly training: boolean;
  /** For a resume: the first window, and the number of its batches that are skipped. */
  readonly firstWindow?: number;
  readonly firstBatch?: number;
  /** Only these rows of each file (by file index), instead of all of the part. */
  readonly rows?: ReadonlyMap<number, Uint32Array<ArrayBuffer>>;
  readonly budgetBytes?: number;
  /** Opens a window; by default for this feed alone. */
  readonly open?: OpenBatches;
}

/** Opens a window from a batch on. The caller closes the batches. */
export type OpenBatches = (window: Window, options: FeedOptions, firstBatch: number) => Promise<BatchQueue>;

export interface OpenWindow {
  readonly window: Window;
  readonly batches: BatchQueue;
  /** Milliseconds that the caller waited until this window was open. */
  readonly openWaitMs: number;
}

/** The rows of one of a window's files. */
const rowsOf = ({ files, picked }: Window, options: FeedOptions, index: number) =>
  options.rows ? options.rows.get(files[index]!.index) : picked?.[index] ?? files[index]!.parts[options.part];

function windowRows(window: Window, options: FeedOptions): Uint32Array<ArrayBuffer> {
  const lists = window.files.map((_, index) => rowsOf(window, options, index));
  const rows = new Uint32Array(lists.reduce((sum, list) => sum + (list?.length ?? 0), 0));
  let base = 0, at = 0;
  window.files.forEach((file, index) => {
    for (const row of lists[index] ?? []) rows[at++] = base + row;
    base += file.info.rows;
  });
  return rows;
}

/** What each row of all files has, one file after another; undefined where rows have none. */
function ofAllRows<T extends Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
  { files }: Window,
  all: (rows: number) => T,
  of: (file: ChunkFile) => T | undefined,
): T | undefined {
  if (files[0] === undefined || of(files[0]) === undefined) return undefined;
  const values = all(files.reduce((sum, { info }) => sum + info.rows, 0));
  let at = 0;
  for (const file of files) {
    values.set(of(file)!, at);
    at += file.info.rows;
  }
  return values;
}

/** Checks that a file still has the shape from which its rows were assigned to parts at the start. */
function requireUnchanged({ path, info }: ChunkFile, chunk: Chunk): void {
  if (chunk.rows === info.rows && chunk.columns === info.columns && chunk.info.dense === info.dense) return;
  throw new UserError(
    path,
    `now has ${chunk.rows} rows x ${chunk.columns} columns, but had ${info.rows} x ${info.columns} at the start`,
    "do not change data while a run reads them",
    1,
  );
}

/** Opens the chunks of a window, at most `data.workers` at a time, and returns them in order. */
async function openChunks(window: Window, options: FeedOptions, leases: Lease[]): Promise<void> {
  const { files } = window;
  let next = 0;
  const open = async () => {
    while (next < files.length) {
      const index = next++;
      const rows = rowsOf(window, options, index)?.length ?? 0;
      leases[index] = await lease(files[index]!, options.budgetBytes ?? 0, rows);
      requireUnchanged(files[index]!, leases[index].chunk);
      await requireSame(files[index]!);
    }
  };
  const opening = await Promise.allSettled(Array.from({ length: options.data.workers }, open));
  for (const result of opening) if (result.status === "rejected") throw result.reason;
}

export async function openWindow(window: Window, options: FeedOptions, firstBatch: number): Promise<BatchCreator> {
  const leases: Lease[] = [];
  try {
    await openChunks(window, options, leases);
    const chunks = leases.map(({ chunk }) => chunk);
    const { data, training } = options;
    return new BatchCreator(chunks, data.preload_batches, data.workers, {
      rows: windowRows(window, options),
      rowOffsets: window.files.map((file) => file.key),
      batchSize: data.batch_size,
      shuffle: training && data.shuffle,
      dropLast: training && data.last_batch === "drop",
      seed: training ? data.seed : 0,
      epoch: options.epoch,
      stream: window.index,
      firstBatch,
      transforms: training ? data.transforms : data.transforms.filter((each) => !isRandom(each)),
      inputTransforms: training ? data.input_transforms : data.input_transforms.filter((each) => !isRandom(each)),
      rowShape: data.shape ?? window.files[0]?.shape,
      maskRate: training ? data.mask_rate : 0,
      columnMap: window.files[0]?.columnMap,
      rowWeights: ofAllRows(window, (rows) => new Float32Array(rows), ({ weights }) => weights),
      rowCategories: ofAllRows(window, (rows) => new Uint32Array(rows), ({ categories }) => categories),
    });
  } catch (error) {
    throw dataError(error, options.data.format);
  } finally {
    leases.forEach((open) => open.release()); // the batch creator keeps its own reference
  }
}

/** Runs through the plan; each window is closed when the next one is asked for, or when the loop is left. */
export async function* feed(plan: readonly Window[], options: FeedOptions): AsyncGenerator<OpenWindow> {
  const first = options.firstWindow ?? 0;
  const open = (index: number) => {
    const window = plan[index];
    if (!window) return null;
    const opening = (options.open ?? openWindow)(window, options, index === first ? options.firstBatch ?? 0 : 0);
    opening.catch(() => {}); // the error is thrown where it is awaited; a loop that is left early does not await it
    return opening;
  };
  let next = open(first);
  try {
    for (let index = first; next !== null; index++) {
      const asked = performance.now();
      const opening: Promise<BatchQueue> = next;
      next = null;
      const batches = await opening;
      const openWaitMs = performance.now() - asked;
      next = open(index + 1);
      try {
        yield { window: plan[index]!, batches, openWaitMs };
      } finally {
        batches.close();
      }
    }
  } finally {
    if (next) await next.then((batches) => batches.close(), () => {});
  }
}

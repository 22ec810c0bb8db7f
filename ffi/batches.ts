/** The engine's batch creator: worker threads make batches of the rows of chunks and put them into a bounded queue. */
import type { Chunk } from "./chunk.ts";
import { EngineError, errorRecord, unwrap } from "./error.ts";
import { engine, objects } from "./library.ts";
import { MAX_U32, seedOf, whole, within } from "./numbers.ts";

/** Transforms of the stored values of a row, applied in order when a batch is made. Zeros stay zeros, but for random ones. */
export type Transform =
  /** Scales the row so that its values sum to `target`; a row that sums to 0 stays. */
  | { readonly kind: "library_size"; readonly target: number }
  | { readonly kind: "log1p" }
  | { readonly kind: "scale"; readonly factor: number }
  /** min <= 0 <= max. */
  | { readonly kind: "clip"; readonly min: number; readonly max: number }
  /** 1 where the value is above the threshold (>= 0), else it is dropped. */
  | { readonly kind: "binarize"; readonly threshold: number }
  /** Random changes of dense rows, as a function of (seed, epoch, row); they know the row's axes by `rowShape`. */
  | { readonly kind: "flip"; readonly axis: "horizontal" | "vertical" }
  | { readonly kind: "shift"; readonly height: number; readonly width: number }
  | { readonly kind: "gain"; readonly low: number; readonly high: number }
  | { readonly kind: "noise"; readonly deviation: number }
  | { readonly kind: "polarity" };

export interface BatchOptions {
  readonly batchSize: number;
  /** The rows of the concatenated chunks; all by default. Their order is kept unless `shuffle` is set. */
  readonly rows?: Uint32Array<ArrayBuffer>;
  /** The key of each chunk's first row, from which its other rows count on; by default all rows count from 0. */
  readonly rowOffsets?: readonly number[];
  /** Whether the order of the rows is random, as a function of (seed, epoch, stream). */
  readonly shuffle?: boolean;
  /** Whether a last batch with fewer rows is left out. */
  readonly dropLast?: boolean;
  readonly seed?: number | bigint;
  readonly epoch?: number;
  /** The number of the window within the epoch. */
  readonly stream?: number;
  /** Number of batches skipped at the start, to continue where another creator ended. */
  readonly firstBatch?: number;
  readonly transforms?: readonly Transform[];
  /** The shape of a dense row, channels first, which random transforms need: `[3, 32, 32]`; by default it is one signal. */
  readonly rowShape?: readonly number[];
  /** Applied after these to the input only; the target is without them. */
  readonly inputTransforms?: readonly Transform[];
  /** Share of the stored values dropped from the input, in [0, 1); the target keeps them. */
  readonly maskRate?: number;
  /** The batch's column of each column of the chunks, a permutation; by default they stay where they are. */
  readonly columnMap?: Uint32Array<ArrayBuffer>;
  /** What the loss of each row of the concatenated chunks is multiplied by, 0 or more; by default 1. */
  readonly rowWeights?: Float32Array<ArrayBuffer>;
  /** The number of the category of each row of the concatenated chunks, for networks that need it. */
  readonly rowCategories?: Uint32Array<ArrayBuffer>;
}

/**
 * A batch in CSR, copied out of the engine: it stays valid for ever. Columns rise strictly within a row. Of dense data
 * every value is an entry.
 */
export interface BatchView {
  readonly number: number;
  readonly rows: number;
  readonly nnz: number;
  /** rows + 1. */
  readonly rowPtr: Uint32Array;
  /** nnz, as `target` and `input`. */
  readonly columns: Uint32Array;
  readonly target: Float32Array;
  /** The target after input transforms and masking noise. */
  readonly input: Float32Array;
  /** Keys of the rows, one a row: as `rowOffsets` has them. */
  readonly rowIds: BigUint64Array;
}

export interface BatchesInfo {
  /** Total number of batches, counted from batch 0. */
  readonly batches: number;
  readonly nextBatch: number;
  readonly rows: number;
  readonly columns: number;
  /** Number of batches that are made but not yet taken. */
  readonly ready: number;
  readonly readyBytes: number;
  /** Number of batches made so far. */
  readonly cut: number;
  /** Time that the consumer has waited so far. */
  readonly waitedMs: number;
}

const SHUFFLE = 1, DROP_LAST = 2;
const FOR_EVER = -1;

/** Kind, p0, p1 as narrows.h has them. */
function encode(transform: Transform): [number, number, number] {
  switch (transform.kind) {
    case "library_size":
      return [0, transform.target, 0];
    case "log1p":
      return [1, 0, 0];
    case "scale":
      return [2, transform.factor, 0];
    case "clip":
      return [3, transform.min, transform.max];
    case "binarize":
      return [4, transform.threshold, 0];
    case "flip":
      return [6, transform.axis === "vertical" ? 0 : 1, 0.5];
    case "shift":
      return [7, transform.height, transform.width];
    case "gain":
      return [8, transform.low, transform.high];
    case "noise":
      return [9, transform.deviation, 0];
    case "polarity":
      return [10, 0.5, 0];
  }
}

/** The transforms as narrows.h has them, with the shape of the rows before them where it is known. */
function encodeAll(transforms: readonly Transform[] = [], shape: readonly number[] | undefined) {
  const isRandom = transforms.some((transform) => encode(transform)[0] >= 6);
  const [height, width] = shape === undefined ? [] : shape.length >= 3 ? shape.slice(-2) : [1, shape.at(-1)!];
  const before = isRandom && height !== undefined ? [5, height, width!] : [];
  return Float64Array.from([...before, ...transforms.flatMap(encode)]);
}

function offsetsOf(chunks: readonly Chunk[], given: readonly number[] | undefined): Float64Array<ArrayBuffer> {
  if (given === undefined) {
    let next = 0;
    return Float64Array.from(chunks, (chunk) => (next += chunk.rows) - chunk.rows);
  }
  if (given.length !== chunks.length) {
    throw new EngineError(
      "invalid_argument",
      `rowOffsets: must be one for each of the ${chunks.length} chunks, got ${given.length}`,
    );
  }
  return Float64Array.from(given, (offset) => whole(offset, "rowOffsets", 0, Number.MAX_SAFE_INTEGER));
}

function columnMapOf(chunks: readonly Chunk[], map: Uint32Array<ArrayBuffer> | undefined) {
  if (map === undefined) return null;
  const columns = chunks[0]?.columns ?? 0;
  const seen = new Uint8Array(columns);
  for (const to of map) if (to < columns) seen[to] = 1;
  if (map.length !== columns || !seen.every((one) => one === 1)) {
    throw new EngineError("invalid_argument", `columnMap: must be a permutation of the ${columns} columns`);
  }
  return map;
}

/** @throws {EngineError} if there is not one value for each row */
function forEachRow<T extends Float32Array | Uint32Array>(
  chunks: readonly Chunk[],
  values: T | undefined,
  what: string,
) {
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  if (values === undefined || values.length === rows) return values ?? null;
  throw new EngineError("invalid_argument", `${what}: must be one for each of the ${rows} rows, got ${values.length}`);
}

function allRows(chunks: readonly Chunk[]): Uint32Array<ArrayBuffer> {
  const count = whole(chunks.reduce((sum, chunk) => sum + chunk.rows, 0), "rows of the chunks", 0, MAX_U32);
  return Uint32Array.from({ length: count }, (_, row) => row);
}

/** The bytes at an address of the engine, copied. */
function copy(address: bigint, bytes: number): ArrayBuffer {
  const pointer = Deno.UnsafePointer.create(address);
  const out = new ArrayBuffer(bytes);
  if (pointer !== null && bytes > 0) Deno.UnsafePointerView.copyInto(pointer, new Uint8Array(out));
  return out;
}

/** What is laid out by column, `stride` values from one to the next, by row. */
function byRow(rows: number, columns: number, stride: number, values: Float32Array): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) out[at] = values[column * stride + row]!;
  }
  return out;
}

function denseView(view: BigUint64Array): BatchView {
  const [rows, nnz, stride] = [Number(view[0]), Number(view[1]), Number(view[3])];
  const columns = nnz / rows;
  const values = (address: bigint) =>
    byRow(rows, columns, stride, new Float32Array(copy(address, columns * stride * 4)));
  return {
    number: Number(view[7]),
    rows,
    nnz,
    rowPtr: Uint32Array.from({ length: rows + 1 }, (_, row) => row * columns),
    columns: Uint32Array.from({ length: nnz }, (_, at) => at % columns),
    target: values(view[4]!),
    input: values(view[5]!),
    rowIds: new BigUint64Array(copy(view[6]!, 8 * rows)),
  };
}

/** The keys of rows without a target that is not 0: of sparse batches rows without entries. */
function emptyOf(view: BigUint64Array): bigint[] {
  const rows = Number(view[0]);
  const keys = [...new BigUint64Array(copy(view[6]!, 8 * rows))];
  if (view[2] !== 0n) {
    const rowPtr = new Uint32Array(copy(view[2]!, 4 * (rows + 1)));
    return keys.filter((_, row) => rowPtr[row] === rowPtr[row + 1]);
  }
  const columns = rows === 0 ? 0 : Number(view[1]) / rows, stride = Number(view[3]);
  const values = new Float32Array(copy(view[4]!, columns * stride * 4));
  const isEmpty = keys.map(() => true);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) if (values[column * stride + row] !== 0) isEmpty[row] = false;
  }
  return keys.filter((_, row) => isEmpty[row]);
}

function copyOf(view: BigUint64Array): BatchView {
  const [rows, nnz] = [Number(view[0]), Number(view[1])];
  if (view[2] === 0n && rows > 0) return denseView(view);
  return {
    number: Number(view[7]),
    rows,
    nnz,
    rowPtr: new Uint32Array(copy(view[2]!, 4 * (rows + 1))),
    columns: new Uint32Array(copy(view[3]!, 4 * nnz)),
    target: new Float32Array(copy(view[4]!, 4 * nnz)),
    input: new Float32Array(copy(view[5]!, 4 * nnz)),
    rowIds: new BigUint64Array(copy(view[6]!, 8 * rows)),
  };
}

/** Batches in an order: of a {@link BatchCreator}, or a reader of one that several share. */
export class BatchQueue implements Disposable {
  #handle: Deno.PointerObject | null;
  readonly #held = new Set<Promise<unknown>>();
  #taking = false;

  /** @param address of the engine's handle, for ffi/ only */
  constructor(address: bigint) {
    this.#handle = Deno.UnsafePointer.create(address);
    objects.made();
  }

  /** The engine's handle, for ffi/ only; a call that runs on another thread takes it from {@linkcode hold}. */
  get pointer(): Deno.PointerObject {
    if (this.#handle === null) throw new EngineError("closed", "the batch creator has been closed");
    return this.#handle;
  }

  /** Runs a nonblocking call on the handle, for ffi/ only: closing the creator meanwhile waits for its end. */
  async hold<T>(call: (pointer: Deno.PointerObject) => Promise<T>): Promise<T> {
    const running = call(this.pointer);
    this.#held.add(running);
    try {
      return await running;
    } finally {
      this.#held.delete(running);
    }
  }

  /**
   * What `read` makes of the engine's view of the next batch, which is good until the next one is taken; null after the
   * last.
   */
  async #take<T>(timeoutMs: number | undefined, read: (view: BigUint64Array) => T): Promise<T | null> {
    if (this.#taking) throw new EngineError("busy", "a batch is being taken by another call");
    const limit = timeoutMs === undefined ? FOR_EVER : within(timeoutMs, "timeoutMs", 0, Number.MAX_SAFE_INTEGER);
    const view = new BigUint64Array(8);
    const error = errorRecord();
    this.#taking = true;
    try {
      return await this.hold(async (pointer) => {
        const status = unwrap(await engine().nrw_batches_next(pointer, limit, view, error), error, ["end", "timeout"]);
        if (status === "timeout") throw new EngineError("timeout", `no batch within ${limit} ms`);
        return status === "end" ? null : read(view);
      });
    } finally {
      this.#taking = false;
    }
  }

  /**
   * Takes the next batch without a copy of it: how many rows it has; 0 after the last. As {@linkcode next} otherwise.
   */
  async skip(options: { readonly timeoutMs?: number } = {}): Promise<number> {
    return await this.#take(options.timeoutMs, (view) => Number(view[0])) ?? 0;
  }

  /**
   * Takes the next batch without a copy of it: the keys of its rows whose targets are all 0; null after the last. As
   * {@linkcode next} otherwise.
   */
  emptyRows(options: { readonly timeoutMs?: number } = {}): Promise<bigint[] | null> {
    return this.#take(options.timeoutMs, emptyOf);
  }

  /**
   * The next batch; null after the last.
   * @param options.timeoutMs the longest wait; without it there is no limit
   * @throws {EngineError} `timeout` (the batch comes with a later call); `stopped`; `busy` while another call waits;
   * what a worker met while it cut this batch, such as `format` for a value that is not finite
   */
  next(options: { readonly timeoutMs?: number } = {}): Promise<BatchView | null> {
    return this.#take(options.timeoutMs, copyOf);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BatchView, void, void> {
    for (let batch; (batch = await this.next()) !== null;) yield batch;
  }

  info(): BatchesInfo {
    const info = new Float64Array(8);
    const error = errorRecord();
    unwrap(engine().nrw_batches_info(this.pointer, info, error), error);
    const at = (index: number) => info[index]!;
    return {
      batches: at(0),
      nextBatch: at(1),
      rows: at(2),
      columns: at(3),
      ready: at(4),
      readyBytes: at(5),
      cut: at(6),
      waitedMs: at(7),
    };
  }

  /** Ends the workers soon; a waiting {@linkcode next} and all later ones throw `stopped`. May be called again. */
  stop(): void {
    const error = errorRecord();
    unwrap(engine().nrw_batches_stop(this.pointer, error), error);
  }

  /** Stops the workers and frees the queue, once calls in flight have ended. May be called again. */
  close(): void {
    if (this.#handle === null) return;
    const handle = this.#handle;
    this.stop();
    this.#handle = null;
    const free = () => {
      objects.freed();
      const error = errorRecord();
      unwrap(engine().nrw_batches_close(handle, error), error);
    };
    // A call that has been made may not have begun on its thread: only its end shows that the handle is free.
    if (this.#held.size === 0) free();
    else Promise.allSettled(this.#held).then(free);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Batches over the rows of one or more chunks, in an order that no number of workers changes. The workers begin at once.
 * Take them with {@linkcode next}, with `for await`, or hand the creator to the model. The chunks may be closed.
 */
export class BatchCreator extends BatchQueue {
  /**
   * @param preloadedBatches batches held ready at most, at least 1
   * @param workers threads that cut, at least 1; more than `preloadedBatches` are of no use
   * @throws {EngineError} `invalid_argument`, `out_of_memory`; `closed` if a chunk is
   */
  constructor(chunks: readonly Chunk[], preloadedBatches: number, workers: number, options: BatchOptions) {
    const rows = options.rows ?? allRows(chunks);
    const transforms = encodeAll(options.transforms, options.rowShape);
    const inputTransforms = encodeAll(options.inputTransforms, options.rowShape);
    const out = new BigUint64Array(1);
    const error = errorRecord();
    const code = engine().nrw_batches_create(
      BigUint64Array.from(chunks, (chunk) => Deno.UnsafePointer.value(chunk.pointer)),
      chunks.length,
      offsetsOf(chunks, options.rowOffsets),
      rows,
      whole(rows.length, "rows", 0, MAX_U32),
      whole(options.batchSize, "batchSize", 1, MAX_U32),
      (options.shuffle ? SHUFFLE : 0) | (options.dropLast ? DROP_LAST : 0),
      seedOf(options.seed ?? 0),
      whole(options.epoch ?? 0, "epoch", 0, MAX_U32),
      whole(options.stream ?? 0, "stream", 0, MAX_U32),
      whole(options.firstBatch ?? 0, "firstBatch", 0, MAX_U32),
      whole(preloadedBatches, "preloadedBatches", 1, MAX_U32),
      whole(workers, "workers", 1, 1024),
      transforms,
      transforms.length / 3,
      inputTransforms,
      inputTransforms.length / 3,
      within(options.maskRate ?? 0, "maskRate", 0, 1),
      columnMapOf(chunks, options.columnMap),
      forEachRow(chunks, options.rowWeights, "rowWeights"),
      forEachRow(chunks, options.rowCategories, "rowCategories"),
      out,
      error,
    );
    unwrap(code, error);
    super(out[0]!);
  }

  /**
   * Several readers of the batches that are left, for networks that train on the same ones: each has all of them, and they are
   * made once. The next batch comes when no reader uses the present one any more, so each is taken from in parallel; what
   * is closed is not waited for. The creator is the first reader.
   * @param firstBatches for each reader, the number of the first batch that it takes
   * @param turns as many networks train at the same time
   * @throws {EngineError} `invalid_argument`, `out_of_memory`
   */
  share(firstBatches: readonly number[], turns: number): [BatchCreator, ...BatchQueue[]] {
    const firsts = Uint32Array.from(firstBatches, (first) => whole(first, "firstBatches", 0, MAX_U32));
    const out = new BigUint64Array(Math.max(1, firsts.length - 1));
    const error = errorRecord();
    const most = whole(turns, "turns", 1, MAX_U32);
    unwrap(engine().nrw_batches_share(this.pointer, firsts, firsts.length, most, out, error), error);
    return [this, ...Array.from(out.subarray(0, firsts.length - 1), (address) => new BatchQueue(address))];
  }
}

/**
 * Matrices, CSR or dense, out of files (`.npz`, `.npy`) or copied from a caller's arrays: checked and held by the engine, never copied
 * into JavaScript.
 */
import { arrayBytes, elementBytes, type ElementType, type MatrixArrays, TYPES } from "./arrays.ts";
import { createHash } from "node:crypto";
import { EngineError, errorRecord, unwrap } from "./error.ts";
import { engine, objects, utf8 } from "./library.ts";
import { MAX_U32, whole } from "./numbers.ts";

export type { ElementType };
const NO_ARRAY = 255;
/** Bytes hashed at a time. */
const DIGEST_BLOCK = 1 << 26;

/** Facts from a file's headers. */
export interface ChunkHeader {
  readonly rows: number;
  readonly columns: number;
  /** Stored entries: duplicates and explicit zeros are counted, and of a dense array all values. */
  readonly nnz: number;
  readonly dataType: ElementType;
  /** Whether it is a dense array, without indices and indptr. */
  readonly dense: boolean;
  /** 32 or 64 bits wide; null where the array is dense. */
  readonly indicesType: ElementType | null;
  readonly indptrType: ElementType | null;
}

/** A header and how the arrays are held. */
export interface ChunkInfo extends ChunkHeader {
  /** The number of the three arrays that are in the mapped file; the others were inflated. */
  readonly mapped: number;
  readonly bytesHeld: number;
}

/** A dense matrix that lies in a file, row by row and little-endian. */
export interface MatrixPlace {
  /** Bytes before the first value. */
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly type: ElementType;
  /** The number that messages give the first row. */
  readonly firstRow: number;
}

function readInfo(info: Float64Array): ChunkInfo {
  const at = (index: number) => info[index]!;
  return {
    rows: at(0),
    columns: at(1),
    nnz: at(2),
    dataType: TYPES[at(3)]!,
    dense: at(4) === NO_ARRAY,
    indicesType: TYPES[at(4)] ?? null,
    indptrType: TYPES[at(5)] ?? null,
    mapped: at(6),
    bytesHeld: at(7),
  };
}

/**
 * A file of `scipy.sparse.save_npz`, a `.npy` file of a dense matrix, or a copy of either in memory; read-only. Close
 * it when no batch creator is to be made over it any more.
 */
export class Chunk implements Disposable {
  #handle: Deno.PointerObject | null;
  readonly #info: ChunkInfo;

  /** @param path of the file, or the name of what was copied */
  private constructor(handle: Deno.PointerObject, readonly path: string) {
    this.#handle = handle;
    const info = new Float64Array(8);
    const error = errorRecord();
    unwrap(engine().nrw_chunk_info(handle, info, error), error);
    this.#info = readInfo(info);
  }

  /**
   * Opens a matrix off the main thread: maps stored members, inflates deflated ones, checks sizes, checksums and
   * structure. The file must not be cut short while the chunk is open.
   * @param options.budgetBytes the most memory it may take for inflated arrays; 0 (the default) for no limit
   * @throws {EngineError} `io`, `format` or `out_of_memory`, naming file, member and field
   */
  static async open(path: string, { budgetBytes = 0 }: { readonly budgetBytes?: number } = {}): Promise<Chunk> {
    const budget = whole(budgetBytes, "budgetBytes", 0, Number.MAX_SAFE_INTEGER);
    const bytes = utf8(path);
    const out = new BigUint64Array(1);
    const error = errorRecord();
    objects.made(); // before it is open, so that the library stays meanwhile
    try {
      unwrap(await engine().nrw_chunk_open(bytes, bytes.length, budget, out, error), error);
      return new Chunk(Deno.UnsafePointer.create(out[0]!)!, path);
    } catch (error) {
      objects.freed();
      throw error;
    }
  }

  /**
   * Maps a dense matrix that lies in a file of any format, off the main thread. The file must not be cut short while the chunk is
   * open.
   * @param isWhole whether most rows will be used soon, so that all pages are read at once
   * @throws {EngineError} `io`; `format` where the file is too short
   */
  static async openMatrix(path: string, place: MatrixPlace, isWhole = false): Promise<Chunk> {
    const bytes = utf8(path);
    const size = (name: keyof MatrixPlace, most: number) => whole(place[name] as number, name, 0, most);
    const offset = size("offset", Number.MAX_SAFE_INTEGER), firstRow = size("firstRow", Number.MAX_SAFE_INTEGER);
    const rows = size("rows", MAX_U32), columns = size("columns", MAX_U32), type = TYPES.indexOf(place.type);
    const out = new BigUint64Array(1);
    const error = errorRecord();
    objects.made(); // before it is open, so that the library stays meanwhile
    try {
      const opened = engine().nrw_chunk_open_matrix(
        ...[bytes, bytes.length, offset, rows, columns, type, firstRow, Number(isWhole), out, error] as const,
      );
      unwrap(await opened, error);
      return new Chunk(Deno.UnsafePointer.create(out[0]!)!, path);
    } catch (error) {
      objects.freed();
      throw error;
    }
  }

  /**
   * A copy of a matrix in memory, checked as a file is. The arrays are the caller's again when this returns.
   * @param name what messages call it, in the place of a path
   * @throws {EngineError} `invalid_argument`, `format` or `out_of_memory`, naming array and row
   */
  static fromArrays(arrays: MatrixArrays, name = "memory"): Chunk {
    const dense = "values" in arrays;
    const data = dense ? arrayBytes(arrays.values, `${name}: values`) : arrayBytes(arrays.data, `${name}: data`);
    const none = { type: NO_ARRAY, bytes: new Uint8Array(0) };
    const indices = dense ? none : arrayBytes(arrays.indices, `${name}: indices`);
    const indptr = dense ? none : arrayBytes(arrays.indptr, `${name}: indptr`);
    const columns = whole(arrays.columns, `${name}: columns`, 1, MAX_U32);
    const stated = dense ? arrays.values.length / columns : arrays.indptr.length - 1;
    const rows = whole(arrays.rows ?? Math.max(0, Math.floor(stated)), `${name}: rows`, 0, MAX_U32);
    const text = utf8(name);
    const out = new BigUint64Array(1);
    const error = errorRecord();
    objects.made();
    try {
      const code = engine().nrw_chunk_from_arrays(
        text,
        text.length,
        rows,
        columns,
        data.type,
        data.bytes,
        data.bytes.length,
        indices.type,
        indices.bytes,
        indices.bytes.length,
        indptr.type,
        indptr.bytes,
        indptr.bytes.length,
        out,
        error,
      );
      unwrap(code, error);
      return new Chunk(Deno.UnsafePointer.create(out[0]!)!, name);
    } catch (error) {
      objects.freed();
      throw error;
    }
  }

  /** Rows, columns, entries and types of a file, without reading its data or indices. @throws {EngineError} */
  static peek(path: string): ChunkHeader {
    const bytes = utf8(path);
    const info = new Float64Array(8);
    const error = errorRecord();
    unwrap(engine().nrw_chunk_peek(bytes, bytes.length, info, error), error);
    const { mapped: _, bytesHeld: __, ...header } = readInfo(info);
    return header;
  }

  /**
   * The checksums that an `.npz` file has of its data, indices and indptr, without reading them. @throws {EngineError}
   */
  static checksums(path: string): Uint32Array {
    const bytes = utf8(path);
    const out = new Uint32Array(3);
    const error = errorRecord();
    unwrap(engine().nrw_chunk_checksums(bytes, bytes.length, out, error), error);
    return out;
  }

  get info(): ChunkInfo {
    return this.#info;
  }
  get rows(): number {
    return this.#info.rows;
  }
  get columns(): number {
    return this.#info.columns;
  }
  get nnz(): number {
    return this.#info.nnz;
  }
  get closed(): boolean {
    return this.#handle === null;
  }

  /** The engine's handle, for ffi/ only. @throws {EngineError} `closed` */
  get pointer(): Deno.PointerObject {
    if (this.#handle === null) throw new EngineError("closed", `${this.path}: the chunk has been closed`);
    return this.#handle;
  }

  /** SHA-256 of its arrays, their types and shape, in hexadecimal: changes with every value. */
  digest(): string {
    const addresses = new BigUint64Array(3);
    const error = errorRecord();
    unwrap(engine().nrw_chunk_pointers(this.pointer, addresses, error), error);
    const { rows, columns, nnz, dataType, indicesType, indptrType } = this.#info;
    const hash = createHash("sha256");
    hash.update(JSON.stringify([rows, columns, nnz, dataType, indicesType, indptrType]));
    const lengths = [
      nnz * elementBytes(dataType),
      nnz * elementBytes(indicesType),
      (rows + 1) * elementBytes(indptrType),
    ];
    lengths.forEach((bytes, index) => {
      const view = Deno.UnsafePointer.create(addresses[index]!);
      for (let at = 0; view && at < bytes; at += DIGEST_BLOCK) {
        const length = Math.min(DIGEST_BLOCK, bytes - at);
        hash.update(new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(view, length, at)));
      }
    });
    return hash.digest("hex");
  }

  /** Gives up the chunk; batch creators over it keep what they need. May be called again. */
  close(): void {
    const handle = this.#handle;
    this.#handle = null;
    if (handle === null) return;
    objects.freed();
    const error = errorRecord();
    unwrap(engine().nrw_chunk_close(handle, error), error);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The three arrays of a chunk in engine memory, perhaps not aligned to the size of their elements. */
export interface CsrArrayPointers {
  /** nnz elements. */
  readonly data: Deno.PointerObject;
  /** nnz elements. */
  readonly indices: Deno.PointerObject;
  /** rows + 1 elements. */
  readonly indptr: Deno.PointerObject;
  readonly dataType: ElementType;
  readonly indicesType: ElementType;
  readonly indptrType: ElementType;
  readonly rows: number;
  readonly columns: number;
  readonly nnz: number;
}

/**
 * Where the engine holds the chunk's arrays. No copy is made: the pointers live until the chunk and the last batch
 * creator over it are closed.
 * @throws {EngineError} `closed`; `invalid_argument` if the chunk is dense
 */
export function getNpzChunkCsrArrayPointers(chunk: Chunk): CsrArrayPointers {
  const { dense, indicesType, indptrType, dataType, rows, columns, nnz } = chunk.info;
  if (dense || indicesType === null || indptrType === null) {
    throw new EngineError("invalid_argument", `${chunk.path}: is a dense array: it has no indices`);
  }
  const addresses = new BigUint64Array(3);
  const error = errorRecord();
  unwrap(engine().nrw_chunk_pointers(chunk.pointer, addresses, error), error);
  const [data, indices, indptr] = Array.from(addresses, (address) => Deno.UnsafePointer.create(address)!);
  return { data: data!, indices: indices!, indptr: indptr!, dataType, indicesType, indptrType, rows, columns, nnz };
}

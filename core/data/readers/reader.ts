/**
 * A reader knows one format of files: what is in one of them, and its rows in order. It executes nothing that a file says,
 * and it holds no more in memory than one block of rows and the names.
 */
import type { ElementType } from "../../../ffi/arrays.ts";
import { UserError } from "../../errors.ts";

/** What a user may say about a source; a reader refuses in words what it cannot use. */
export interface ReaderOptions {
  /** `data.member`: the name or path of the array in a file of several. */
  readonly member?: string;
  /** `data.reader`: further settings by name, such as a binary file's value type. Each reader checks its own. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** `data.shape`: what the config says that a row is, for hints. */
  readonly rowShape?: readonly number[];
  /** Rows are sorted while they are read, since an earlier attempt ended with {@link OutOfOrder}. */
  readonly anyOrder?: boolean;
  /** A folder for what does not fit into memory while rows are sorted; by default a temporary one. */
  readonly scratch?: string;
}

/** Thrown by `read` where rows do not come in their order, as the reader expected: the source is read again with `anyOrder`. */
export class OutOfOrder extends Error {}

/** An array that a file holds, for `data inspect` and for messages that list what could be meant. */
export interface Member {
  readonly name: string;
  readonly shape: readonly number[];
  /** Its type in words, such as `float32`. */
  readonly type: string;
  readonly sparse: boolean;
}

/** Thrown where it is left open which array is meant, or what its axes are: with all arrays, so that they can be shown. */
export class OpenChoice extends UserError {
  constructor({ where, what, hint, exitCode }: UserError, readonly members: readonly Member[]) {
    super(where, what, hint, exitCode);
  }
}

/** Rows in order: as stored entries (CSR), or all values one row after another. */
export type Block =
  | {
    readonly rows: number;
    /** rows + 1 positions in `indices` and `data`, from 0. */
    readonly indptr: Float64Array;
    /** Columns, rising within a row, each at most once. */
    readonly indices: Uint32Array;
    readonly data: Float32Array;
  }
  | { readonly rows: number; readonly values: Float32Array };

/** Some rows of a source. */
export interface KeptRows {
  readonly of: number;
  /** Their numbers, rising. */
  readonly rows: readonly number[];
}

/** A matrix of whole rows in a file. */
export interface RowPlace {
  readonly path: string;
  /** Bytes before the first value. */
  readonly offset: number;
  readonly rows: number;
  readonly type: ElementType;
}

export interface OpenSource {
  readonly rows: number;
  /** Values of a row: the product of `shape`, where there is one. */
  readonly columns: number;
  /** Whether blocks are stored entries. */
  readonly sparse: boolean;
  /** The shape of a dense row, channels first, without the batch: `[3, 32, 32]`. */
  readonly shape?: readonly number[];
  /**
   * Where dense rows lie as they are, one after another, in files: matrices of the rows in their order, little-endian. Such rows
   * need not be copied. Absent where they have to be made of what the files hold.
   */
  readonly places?: readonly RowPlace[];
  /** Samples a second of a signal, in Hz, where the file says so. */
  readonly rate?: number;
  readonly rowNames: readonly string[] | null;
  readonly columnNames: readonly string[] | null;
  /** Columns of text about the rows (`cell_type`, `class`), by name; candidates for labels and groups. */
  readonly rowTables: ReadonlyMap<string, readonly string[]>;
  /** Which rows of how many are left, where a step left rows out. */
  readonly keptRows?: KeptRows;
  /** All arrays of the file, the chosen one among them. */
  readonly members: readonly Member[];
  /** What was concluded about the file and was not said: `data.member` and `data.reader` that read it in the same way. */
  readonly concluded?: { readonly member: string; readonly settings: Readonly<Record<string, unknown>> };
  /** What a user should know: orientation that was concluded, values that were converted. One sentence each. */
  readonly notes: readonly string[];
  /** The rows in blocks of at most `blockRows`, and of about 32 MB at most. May be called once. */
  read(blockRows: number): AsyncIterable<Block>;
  close(): void;
}

export interface Reader {
  /** The value of `data.format` that names it, such as `h5ad`. */
  readonly format: string;
  /** What such a file is, with its article: "an AnnData file". */
  readonly about: string;
  /** Whether a folder or a glob of such files is one source, which is opened by its path; otherwise each file is one. */
  readonly together?: true;
  /** Whether the file or folder is of this format. @param head its first 4096 bytes; empty for a folder */
  claims(path: string, head: Uint8Array): boolean;
  /** The files that are read for a path, by which a change is noticed; by default the file, or all files below a folder. */
  files?(path: string): readonly string[];
  /** @throws {UserError} in one line where the file is damaged, has nothing to train on, or leaves a choice open */
  open(path: string, options: ReaderOptions): Promise<OpenSource>;
}

/** Rows that a script gives in memory instead of files. */
import type { MatrixArrays } from "../../ffi/arrays.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { EngineError } from "../../ffi/error.ts";
import { UserError } from "../errors.ts";

/**
 * Some rows, as one file would contain. The name replaces the file's name in messages; by default it is `memory:0`, `memory:1`,
 * ...
 */
export type RowChunk = MatrixArrays & { readonly name?: string };

export interface MemoryData {
  /** One matrix, or several with the same columns, whose rows are numbered through. */
  readonly rows: RowChunk | readonly RowChunk[];
  /** One name per column. */
  readonly columnNames?: readonly string[];
  /** One label per row, for all matrices in order; used in plots and tables, never in training. */
  readonly labels?: ArrayLike<string | number | bigint>;
  /** One name per row, for all matrices in order. */
  readonly rowNames?: readonly string[];
  /** The category of each row, as a file of `data.batch` would have it. */
  readonly batch?: ArrayLike<string | number | bigint>;
}

export interface RowTables {
  readonly columnNames: readonly string[] | null;
  readonly rowNames: readonly string[] | null;
  readonly labels: readonly string[] | null;
  readonly batch: readonly string[] | null;
}

function namesOf(rows: readonly RowChunk[]): string[] {
  const names = rows.map(({ name }, index) => name ?? `memory:${index}`);
  names.forEach((name, index) => {
    if (typeof name !== "string" || name === "") {
      throw new UserError(`data.rows[${index}].name`, "must be a non-empty text", 'name: "batch A"');
    }
    const first = names.indexOf(name);
    if (first < index) {
      throw new UserError(
        `data.rows[${index}].name`,
        `${name} is also the name of data.rows[${first}]`,
        "give each matrix a name of its own",
      );
    }
  });
  return names;
}

function texts(values: ArrayLike<unknown> | undefined, field: string, wanted: number, what: string): string[] | null {
  if (values === undefined) return null;
  if (values.length === wanted) return Array.from(values, String);
  throw new UserError(
    `data.${field}`,
    `has ${values.length} entries for ${wanted} ${what}`,
    "give one for each, in their order",
  );
}

/** Holds the engine's copies of a script's arrays, from their first use until this is disposed of. */
export class MemoryRows implements Disposable {
  #chunks: Chunk[] | null = null;

  constructor(readonly data: MemoryData) {}

  /** @throws {UserError} with the matrix, array and row that are wrong */
  open(): readonly Chunk[] {
    if (this.#chunks) return this.#chunks;
    const { rows } = this.data;
    const list: readonly RowChunk[] = Array.isArray(rows) ? rows : [rows];
    if (list.length === 0) throw new UserError("data.rows", "is an empty list", "give at least one matrix");
    list.forEach((arrays, index) => requireMatrix(arrays, Array.isArray(rows) ? `data.rows[${index}]` : "data.rows"));
    const names = namesOf(list);
    const chunks: Chunk[] = [];
    try {
      list.forEach((arrays, index) => chunks.push(chunkOf(arrays, names[index]!)));
    } catch (error) {
      chunks.forEach((chunk) => chunk.close());
      throw error;
    }
    return this.#chunks = chunks;
  }

  /** Names and labels. @throws {UserError} if they are not as many as columns and rows */
  names({ rows, columns }: { readonly rows: number; readonly columns: number }): RowTables {
    const { columnNames, rowNames, labels, batch } = this.data;
    return {
      columnNames: texts(columnNames, "columnNames", columns, "columns"),
      rowNames: texts(rowNames, "rowNames", rows, "rows"),
      labels: texts(labels, "labels", rows, "rows"),
      batch: texts(batch, "batch", rows, "rows"),
    };
  }

  [Symbol.dispose](): void {
    this.#chunks?.forEach((chunk) => chunk.close());
    this.#chunks = null;
  }
}

function requireMatrix(arrays: unknown, field: string): void {
  if (typeof arrays === "object" && arrays !== null && (Object.hasOwn(arrays, "values") || "indptr" in arrays)) return;
  throw new UserError(
    field,
    "is not a matrix",
    "give { indptr, indices, data, columns } for a sparse one, { values, columns } for a dense one",
  );
}

function chunkOf(arrays: RowChunk, name: string): Chunk {
  try {
    return Chunk.fromArrays(arrays, name);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.status === "out_of_memory") throw new UserError("", error.message, "give fewer rows", 1);
    if (error.status !== "format" && error.status !== "invalid_argument") throw error;
    throw new UserError("", error.message, "correct the array; its layout must be that of NumPy and SciPy");
  }
}

/** Principal components of rows that come in batches. */
import type { BatchCreator } from "./batches.ts";
import { errorRecord, unwrap } from "./error.ts";
import { Handle } from "./handle.ts";
import { engine, objects } from "./library.ts";
import { MAX_U32, seedOf, whole } from "./numbers.ts";

export interface PcaOptions {
  readonly columns: number;
  readonly components: number;
  /** Columns of the basis beyond the components; both together are at most the columns. */
  readonly more: number;
  readonly seed: number;
  readonly threads: number;
}

export interface PcaResult {
  /** One value a column. */
  readonly mean: Float32Array<ArrayBuffer>;
  /** components x columns, orthonormal; 0 beyond the rank of the rows. Each one's largest value is positive. */
  readonly components: Float32Array<ArrayBuffer>;
  /** Of the rows along each component, falling. */
  readonly variances: Float64Array<ArrayBuffer>;
  /** The mean over the rows of the sum of a row's absolute values. */
  readonly meanAbsolute: number;
  /** The mean over the rows of the sum of a row's squares. */
  readonly meanSquare: number;
}

export class Pca implements Disposable {
  readonly #handle: Handle;

  constructor(readonly options: PcaOptions) {
    const { columns, components, more, seed, threads } = options;
    const out = new BigUint64Array(1);
    const error = errorRecord();
    unwrap(
      engine().nrw_pca_create(
        whole(columns, "columns", 1, MAX_U32),
        whole(components, "components", 1, columns),
        whole(more, "more", 0, columns),
        seedOf(seed),
        whole(threads, "threads", 1, MAX_U32),
        out,
        error,
      ),
      error,
    );
    this.#handle = new Handle(Deno.UnsafePointer.create(out[0]!)!, "PCA", (pointer) => {
      objects.freed();
      const error = errorRecord();
      unwrap(engine().nrw_pca_close(pointer, error), error);
    });
    objects.made();
  }

  /** The batches left become part of the present pass over the rows. */
  async add(batches: Pick<BatchCreator, "hold">): Promise<void> {
    const error = errorRecord();
    const status = await this.#handle.hold((pointer) =>
      batches.hold((source) => engine().nrw_pca_add(pointer, source, error))
    );
    unwrap(status, error);
  }

  /** All rows of a pass were added, and another pass follows. The first one makes the mean. */
  async nextPass(): Promise<void> {
    const error = errorRecord();
    unwrap(await this.#handle.hold((pointer) => engine().nrw_pca_next_pass(pointer, error)), error);
  }

  /** After the last pass, which is not the first. */
  async result(): Promise<PcaResult> {
    const { columns, components: count } = this.options;
    const mean = new Float32Array(columns), components = new Float32Array(count * columns);
    const variances = new Float64Array(count), sizes = new Float64Array(2);
    const error = errorRecord();
    const status = await this.#handle.hold((pointer) =>
      engine().nrw_pca_result(pointer, mean, components, variances, sizes, error)
    );
    unwrap(status, error);
    return { mean, components, variances, meanAbsolute: sizes[0]!, meanSquare: sizes[1]! };
  }

  close(): void {
    this.#handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

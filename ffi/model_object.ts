/** A network of the engine as an object: its handle, its calls, what it is. */
import type { BatchCreator } from "./batches.ts";
import { errorRecord, unwrap } from "./error.ts";
import { Handle } from "./handle.ts";
import { engine, objects } from "./library.ts";
import type { Description, LayerInfo } from "./model_types.ts";
import { readText } from "./text.ts";

/** Where batches come from: a {@link BatchCreator}. They are used up. */
export type Batches = Pick<BatchCreator, "hold">;

const sizesOf = ({ columns, latent }: Description) => ({ columns, latentSize: latent.size });

export class ModelObject implements Disposable {
  protected readonly handle: Handle;
  readonly columns: number;
  /** Numbers of one latent vector. */
  readonly latentSize: number;

  /**
   * @param out the engine's handle, which the model closes, also where it cannot be made
   * @param like a model with the same layers
   */
  protected constructor(out: BigUint64Array, like?: ModelObject) {
    this.handle = new Handle(Deno.UnsafePointer.create(out[0]!)!, "model", (pointer) => {
      objects.freed();
      const error = errorRecord();
      unwrap(engine().nrw_model_close(pointer, error), error);
    });
    objects.made();
    try {
      const { columns, latentSize } = like ?? sizesOf(this.describe());
      this.columns = columns;
      this.latentSize = latentSize;
    } catch (error) {
      this.handle.close();
      throw error;
    }
  }

  /** Shapes, parameters and the table of layers. Before or after {@linkcode build}. */
  describe(): Description {
    const pointer = this.handle.pointer;
    const description: Description = JSON.parse(
      readText((text, capacity, written, error) =>
        engine().nrw_model_describe(pointer, text, capacity, written, error)
      ),
    );
    const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
    const layers = description.layers.map((layer) => {
      return { ...layer, inputs: sizeOf(layer.input), outputs: sizeOf(layer.output) };
    });
    return { ...description, layers };
  }

  /** The table of layers, encoder first. Before or after {@linkcode build}. */
  layers(): readonly LayerInfo[] {
    return this.describe().layers;
  }

  /** Ends the call in flight after its batch, and later ones at once, until {@linkcode clearStop}. */
  stop(): void {
    this.call((pointer, error) => engine().nrw_model_stop(pointer, 1, error));
  }

  clearStop(): void {
    this.call((pointer, error) => engine().nrw_model_stop(pointer, 0, error));
  }

  protected call(call: (pointer: Deno.PointerObject, error: Uint8Array<ArrayBuffer>) => number): void {
    const error = errorRecord();
    unwrap(call(this.handle.pointer, error), error);
  }

  protected async start(
    call: (pointer: Deno.PointerObject, error: Uint8Array<ArrayBuffer>) => Promise<number>,
    accept: Parameters<typeof unwrap>[2] = [],
  ): Promise<ReturnType<typeof unwrap>> {
    const error = errorRecord();
    return unwrap(await this.handle.hold((pointer) => call(pointer, error)), error, accept);
  }

  /** Calls with batches, which stay open meanwhile. */
  protected run(
    batches: Batches,
    call: (
      pointer: Deno.PointerObject,
      batches: Deno.PointerObject,
      error: Uint8Array<ArrayBuffer>,
    ) => Promise<number>,
    accept: Parameters<typeof unwrap>[2] = [],
  ): Promise<ReturnType<typeof unwrap>> {
    return batches.hold((source) => this.start((pointer, error) => call(pointer, source, error), accept));
  }

  /** Frees the network; a call in flight ends first, after its batch. May be called again. */
  close(): void {
    if (!this.handle.closed) this.stop();
    this.handle.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

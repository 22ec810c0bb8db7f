/** How functions of the engine's network are called: its handle, errors, batches, and choices of columns. */
import type { BatchQueue } from "./batches.ts";
import { EngineError, errorRecord, unwrap } from "./error.ts";
import type { Handle } from "./handle.ts";
import { MAX_U32, whole } from "./numbers.ts";

/** Where batches come from. They are used up. */
export type Batches = Pick<BatchQueue, "hold">;

export abstract class ModelCalls {
  protected abstract readonly handle: Handle;
  abstract readonly columns: number;
  /** Numbers of one latent vector. */
  abstract readonly latentSize: number;

  /** An empty choice would arrive in the engine as none, which is all. */
  protected chosen(columns: Uint32Array<ArrayBuffer> | undefined): {
    readonly chosen: Uint32Array<ArrayBuffer> | null;
    readonly count: number;
    readonly width: number;
  } {
    if (columns?.length === 0) throw new EngineError("invalid_argument", "columns: at least one is needed");
    const count = whole(columns?.length ?? 0, "columns: length", 0, MAX_U32);
    return { chosen: columns ?? null, count, width: columns ? count : this.columns };
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
}

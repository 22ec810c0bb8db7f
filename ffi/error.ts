/** Turns a status of the engine into a value or an {@link EngineError}. */

/** Names of `nrw_status`. */
export const STATUS = [
  "ok",
  "invalid_argument",
  "io",
  "format",
  "out_of_memory",
  "busy",
  "stopped",
  "non_finite",
  "closed",
  "unsupported",
  "end",
  "timeout",
  "internal",
] as const;
export type Status = typeof STATUS[number];

/** What the engine refused and why, in one line. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  constructor(readonly status: Status, message: string) {
    super(message);
  }
}

const RECORD_BYTES = 512;

/** A fresh error record for one call: pass it as the last argument, then give it to {@link unwrap}. */
export function errorRecord(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(RECORD_BYTES);
}

/** Throws {@link EngineError} unless the status is 0 or in `accept`; returns the status. */
export function unwrap(code: number, record: Uint8Array, accept: readonly Status[] = []): Status {
  const status = STATUS[code] ?? "internal";
  if (status === "ok" || accept.includes(status)) return status;
  const end = record.indexOf(0, 4);
  const text = new TextDecoder().decode(record.subarray(4, end < 0 ? RECORD_BYTES : end));
  throw new EngineError(status, text || `the engine failed with status ${code}`);
}

/** Texts of any length that the engine writes. */
import { errorRecord, unwrap } from "./error.ts";

/**
 * The text that a function of the engine writes: asked for its length first, then for its bytes.
 * @param write the function, with the capacity of the text and where its length goes
 */
export function readText(
  write: (
    text: Uint8Array<ArrayBuffer>,
    capacity: number,
    written: Uint32Array<ArrayBuffer>,
    error: Uint8Array<ArrayBuffer>,
  ) => number,
): string {
  const written = new Uint32Array(1);
  const call = (capacity: number) => {
    const error = errorRecord();
    const text = new Uint8Array(Math.max(1, capacity)); // an empty array would arrive as NULL
    unwrap(write(text, capacity, written, error), error);
    return text;
  };
  call(0);
  const text = call(written[0]!);
  return new TextDecoder().decode(text.subarray(0, written[0]));
}

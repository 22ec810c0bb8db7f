/** Messages on a stream of bytes: 8 bytes with the length of a message, then the message as V8 writes it. */
import { deserialize, serialize } from "node:v8";

const LENGTH_BYTES = 8;

/** Writes whole messages. One at a time. */
export async function writeFrame(to: WritableStreamDefaultWriter<Uint8Array>, message: unknown): Promise<void> {
  const bytes = serialize(message);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setFloat64(0, bytes.length);
  await to.write(length);
  await to.write(bytes);
}

/** Reads messages, into memory of their size. */
export class FrameReader {
  readonly #from: ReadableStreamBYOBReader;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#from = stream.getReader({ mode: "byob" });
  }

  /** The next message; null where the stream ends. */
  async next(): Promise<unknown> {
    const length = await this.#bytes(LENGTH_BYTES);
    if (length === null) return null;
    const bytes = await this.#bytes(new DataView(length.buffer).getFloat64(0));
    return bytes && deserialize(bytes);
  }

  async #bytes(count: number): Promise<Uint8Array<ArrayBuffer> | null> {
    let bytes = new Uint8Array(count);
    for (let at = 0; at < count;) {
      const { done, value } = await this.#from.read(bytes.subarray(at));
      if (done || value === undefined) return null;
      bytes = new Uint8Array(value.buffer);
      at += value.byteLength;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#from.cancel();
  }
}

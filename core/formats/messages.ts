/**
 * Messages between two processes over a pipe: JSON with bytes beside it. A message is the length of its JSON and of its bytes
 * (two 32-bit numbers, the lowest byte first), the JSON in UTF-8, and the bytes.
 */
export interface Message {
  readonly head: unknown;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class MessageError extends Error {}

const LENGTHS = 8;
/** Of the JSON and of the bytes at most. */
const JSON_MAX = 64 << 20, BYTES_MAX = 1 << 28;

/** The pieces of a message, in order. @throws {MessageError} if it is too large to be read */
export function messagePieces(head: unknown, bytes: Uint8Array = new Uint8Array()): Uint8Array[] {
  const json = new TextEncoder().encode(JSON.stringify(head)), lengths = new Uint8Array(LENGTHS);
  requireSizes(json.length, bytes.length);
  const view = new DataView(lengths.buffer);
  view.setUint32(0, json.length, true);
  view.setUint32(4, bytes.length, true);
  return bytes.length > 0 ? [lengths, json, bytes] : [lengths, json];
}

function requireSizes(json: number, bytes: number): void {
  if (json <= JSON_MAX && bytes <= BYTES_MAX) return;
  const mega = (size: number) => `${Math.ceil(size / (1 << 20))} MB`;
  const [what, size, most] = json > JSON_MAX ? ["JSON", json, JSON_MAX] as const : ["bytes", bytes, BYTES_MAX] as const;
  throw new MessageError(`a message has ${mega(size)} of ${what}, and ${mega(most)} is the most`);
}

/** The messages of a stream until its end. @throws {MessageError} if it ends within one, or one is too large or not JSON */
export async function* messagesIn(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Message, void> {
  const reader = stream.getReader();
  let rest = new Uint8Array();
  /** The next `size` bytes; null at the end of the stream, where nothing is left. */
  const take = async (size: number): Promise<Uint8Array<ArrayBuffer> | null> => {
    const taken = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      if (rest.length === 0) {
        const { value, done } = await reader.read();
        if (done) {
          if (at === 0) return null;
          throw new MessageError("the stream has ended within a message");
        }
        rest = value;
        continue;
      }
      const some = rest.subarray(0, size - at);
      taken.set(some, at);
      at += some.length;
      rest = rest.subarray(some.length);
    }
    return taken;
  };
  try {
    for (let lengths; (lengths = await take(LENGTHS)) !== null;) {
      const view = new DataView(lengths.buffer);
      const [json, bytes] = [view.getUint32(0, true), view.getUint32(4, true)];
      requireSizes(json, bytes);
      const text = await take(json), beside = await take(bytes);
      if (text === null || beside === null) throw new MessageError("the stream has ended within a message");
      let head: unknown;
      try {
        head = JSON.parse(new TextDecoder().decode(text));
      } catch {
        throw new MessageError("a message is not JSON");
      }
      yield { head, bytes: beside };
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

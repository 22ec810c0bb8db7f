/**
 * The process in which a TypeScript file of the user's asks its question of a trained network. Requests go out over the file
 * descriptor 3 and answers come in over standard input, in the order of the requests; what the file prints goes into its log.
 * The process has no import map, so what is imported here needs none.
 */
import { Buffer } from "node:buffer";
import type { Chosen } from "./diagnostic.ts";
import { PNG_SIDE_MAX } from "./own_limits.ts";
import { messagePieces, messagesIn } from "../formats/messages.ts";
import { pngOf } from "../formats/png.ts";
import { failWith, loadModule, said } from "../user_module.ts";
import type { OwnAnswer, OwnContext, OwnFacts, OwnPart } from "./own_types.ts";

interface Reply {
  readonly error?: string;
  readonly value?: unknown;
  /** Whether the bytes are the answer: numbers of 32 bits. */
  readonly numbers?: boolean;
}

const [path = ""] = Deno.args;
const out = Deno.openSync("/dev/fd/3", { write: true });
const messages = messagesIn(Deno.stdin.readable);

function send(head: unknown, bytes?: Uint8Array): void {
  for (const piece of messagePieces(head, bytes)) {
    for (let done = 0; done < piece.length;) done += out.writeSync(piece.subarray(done));
  }
}

let last: Promise<unknown> = Promise.resolve();

/** One request at a time: the answer to each is the next message. */
function ask<T>(call: string, args: readonly unknown[], numbers?: Float32Array<ArrayBuffer>): Promise<T> {
  const mine = last.catch(() => {}).then(async () => {
    send({ call, args }, numbers && new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
    const { value: message } = await messages.next();
    if (!message) Deno.exit(1); // nobody is there to be asked
    const { error, value, numbers: isNumbers } = message.head as Reply;
    if (error !== undefined) throw new Error(error);
    return (isNumbers ? new Float32Array(message.bytes.buffer) : value) as T;
  });
  last = mine;
  return mine;
}

/** Chosen rows stay where the network is: here they are known by a number. */
const numberOf = new WeakMap<Chosen, number>();

function chosenOf(reply: { id: number; rows: number[] }): Chosen {
  const chosen = Object.freeze({ rows: reply.rows });
  numberOf.set(chosen, reply.id);
  return chosen;
}

function id(chosen: Chosen): number {
  const found = numberOf.get(chosen);
  if (found === undefined) throw new TypeError("rows are those that choose, only or rowNumbered has given");
  return found;
}

function contextOf(facts: OwnFacts): OwnContext {
  return {
    ...facts,
    choose: async (parts, most) => chosenOf(await ask("choose", [parts ?? null, most ?? null])),
    only: async (chosen, at) => chosenOf(await ask("only", [id(chosen), at])),
    rowNumbered: async (row) => {
      const found = await ask<{ id: number; rows: number[] } | null>("rowNumbered", [row]);
      return found && chosenOf(found);
    },
    partsOf: async (chosen) => await ask("partsOf", [id(chosen)]),
    labels: async (chosen) => await ask("labels", [id(chosen)]),
    names: (columns) => ask("names", [columns ?? null]),
    values: async (chosen, columns) => await ask("values", [id(chosen), columns ?? null]),
    reconstruct: async (chosen, columns) => await ask("reconstruct", [id(chosen), columns ?? null]),
    embed: async (chosen) => await ask("embed", [id(chosen)]),
    decode: (latent, columns) => ask("decode", [columns ?? null], Float32Array.from(latent)),
    scores: async (chosen) => await ask("scores", [id(chosen)]),
    layerOutputs: async (chosen, layer) => await ask("layerOutputs", [id(chosen), layer]),
    parameter: (name) => ask("parameter", [name]),
    columns: () => ask("columns", []),
  };
}

/** Arrays of numbers as lists, and the bytes of pictures in base64. */
function plain(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const own = this[key]; // `value` is what a Buffer's toJSON made of it
  if (own instanceof Uint8Array) return Buffer.from(own.buffer, own.byteOffset, own.byteLength).toString("base64");
  return ArrayBuffer.isView(own) ? Array.from(own as Float32Array) : value;
}

/** Pixels as a PNG file, which is what the answer's file holds. */
function withPng(part: OwnPart): OwnPart {
  if (part?.kind !== "picture" || !("pixels" in part)) return part;
  const { kind, caption, width, height, pixels } = part, size = width * height;
  if (!(Number.isInteger(size) && size > 0 && size <= PNG_SIDE_MAX ** 2 && [size, 3 * size].includes(pixels.length))) {
    throw new RangeError(
      `a picture of ${width} x ${height} pixels has ${size} values of grey or ${
        3 * size
      } of colour, got ${pixels.length}`,
    );
  }
  const each = pixels.length / size;
  const rgb = Uint8ClampedArray.from({ length: 3 * size }, (_, i) => pixels[each === 3 ? i : Math.floor(i / 3)]!);
  return { kind, caption, png: pngOf(width, height, new Uint8Array(rgb.buffer)) };
}

const { value: begun } = await messages.next();
if (!begun) Deno.exit(1);
const user = await loadModule(path, "what it may ask");
let answer: OwnAnswer | null;
try {
  answer = await user.default(contextOf(begun.head as OwnFacts));
} catch (error) {
  failWith(path, `failed: ${said(error)}`);
}
try {
  const { parts } = answer ?? {};
  const whole = Array.isArray(parts) ? { ...answer, parts: parts.map(withPng) } : answer;
  send({ answer: JSON.parse(JSON.stringify(whole ?? null, plain)) });
} catch (error) {
  failWith(path, `has an answer that cannot be sent: ${said(error)}`);
}
Deno.exit(0); // whatever timers or connections it has left

/** One page's socket: its questions, checked and bounded, and what it is told. */
import { UserError } from "../../core/errors.ts";
import type { AskName, Asks, Tells } from "../protocol.ts";
import { parseAsk } from "../session/ask.ts";
import { errorOf } from "../session/error.ts";
import type { Listener, Studio } from "../studio.ts";
import { Queue } from "./queue.ts";

/** Bytes of a question, questions that wait for an answer, and questions a second. */
export const TEXT_MAX = 1 << 16, PENDING_MAX = 64, RATE_MAX = 200;

/** Closing codes, of those that RFC 6455 leaves to programs: what is no question, too many of them, and too large ones. */
const UNSUPPORTED = 4003, POLICY = 4008, TOO_BIG = 4009;

export class Client implements Listener {
  readonly #queue: Queue;
  #pending = 0;
  /** Questions that may be asked at once; it fills up with time. */
  #allowance = RATE_MAX;
  #asked = performance.now();

  constructor(readonly studio: Studio, readonly socket: WebSocket) {
    this.#queue = new Queue(socket);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => studio.add(this);
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onclose = socket.onerror = () => {
      studio.remove(this);
      this.#queue.close();
    };
  }

  tell<K extends keyof Tells>(kind: K, value: Tells[K]): void {
    this.#queue.tell(kind, value);
  }

  #take(data: unknown): void {
    if (this.socket.readyState !== WebSocket.OPEN) return; // it is being closed
    if (typeof data !== "string") return this.socket.close(UNSUPPORTED, "questions are JSON text");
    if (data.length > TEXT_MAX || new TextEncoder().encode(data).length > TEXT_MAX) {
      return this.socket.close(TOO_BIG, `a question may have ${TEXT_MAX} bytes`);
    }
    const now = performance.now();
    this.#allowance = Math.min(RATE_MAX, this.#allowance + (now - this.#asked) / 1000 * RATE_MAX) - 1;
    this.#asked = now;
    // Answers that lie here count as well: who asks and does not read is not served without end.
    if (this.#allowance < 0 || this.#pending + this.#queue.answers >= 4 * PENDING_MAX) {
      return this.socket.close(POLICY, `at most ${RATE_MAX} questions a second, and ${PENDING_MAX} at once`);
    }
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      return this.socket.close(UNSUPPORTED, "questions are JSON text");
    }
    const { id, taken } = typeof value === "object" && value !== null
      ? value as { readonly id?: unknown; readonly taken?: unknown }
      : {};
    if (id === undefined && taken === "values") return this.#queue.taken();
    if (typeof id !== "number" || !Number.isSafeInteger(id)) {
      return this.socket.close(UNSUPPORTED, "a question needs an id, a whole number");
    }
    this.#answer(id, value);
  }

  async #answer(id: number, value: unknown): Promise<void> {
    let reply: { readonly answer: Asks[AskName]["answer"] } | { readonly error: ReturnType<typeof errorOf> };
    this.#pending++;
    try {
      if (this.#pending > PENDING_MAX) {
        throw new UserError("ask", `${PENDING_MAX} questions wait for their answers`, "ask again later", 1);
      }
      reply = { answer: await this.studio.answer(parseAsk(value), this) };
    } catch (error) {
      reply = { error: errorOf(error) };
    } finally {
      this.#pending--;
    }
    if (this.socket.readyState === WebSocket.OPEN) {
      this.#queue.answer({ id, stood: this.studio.training.stood, ...reply });
    }
  }
}

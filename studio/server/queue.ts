/**
 * What waits for one listener that may not keep up: of each kind that is told only the newest, and answers, edits and notes in
 * their order. Nothing is sent while more than {@link BUFFERED_MAX} bytes lie in the socket.
 */
import { pack } from "../frame.ts";
import type { Message, Tells } from "../protocol.ts";

/** Bytes that the socket may hold before the next message waits here. */
export const BUFFERED_MAX = 1 << 20;
/** Edits and notes that wait. */
const WAITING_MAX = 1000;
/** Milliseconds between two looks at a socket that is full. */
const LOOK_MS = 20;

/** The part of a WebSocket that a queue uses. */
export interface Sending {
  readonly bufferedAmount: number;
  readonly readyState: number;
  send(data: string | ArrayBufferView<ArrayBuffer>): void;
}

const IN_ORDER: readonly (keyof Tells)[] = ["edit", "note"];
const OPEN = 1;

export class Queue {
  #ordered: Message[] = [];
  readonly #newest = new Map<keyof Tells, Message>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #left = 0;
  #answers = 0;

  constructor(readonly socket: Sending) {}

  /** Answers that wait. */
  get answers(): number {
    return this.#answers;
  }

  answer(message: Message): void {
    this.#ordered.push(message);
    this.#answers++;
    this.#send();
  }

  tell<K extends keyof Tells>(kind: K, value: Tells[K]): void {
    const message = { tell: kind, value } as Message;
    if (!IN_ORDER.includes(kind)) this.#newest.set(kind, message);
    else if (this.#ordered.length - this.#answers < WAITING_MAX) this.#ordered.push(message);
    else this.#left++;
    this.#send();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#ordered = [];
    this.#newest.clear();
  }

  #next(): Message | null {
    const first = this.#ordered.shift();
    if (first && "id" in first) this.#answers--;
    if (first) return first;
    if (this.#left > 0) {
      const text = `${this.#left} messages were left out, since this page did not keep up`;
      this.#left = 0;
      return { tell: "note", value: { text, warning: true } };
    }
    for (const [kind, message] of this.#newest) {
      this.#newest.delete(kind);
      return message;
    }
    return null;
  }

  #send(): void {
    if (this.#timer !== null) return;
    const { socket } = this;
    while (socket.readyState === OPEN && socket.bufferedAmount <= BUFFERED_MAX) {
      const message = this.#next();
      if (message === null) return;
      socket.send(pack(message));
    }
    if (socket.readyState !== OPEN || (this.#ordered.length === 0 && this.#newest.size === 0)) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#send();
    }, LOOK_MS);
  }
}

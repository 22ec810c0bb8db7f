/**
 * What waits for one listener that may not keep up: of each kind that is told only the newest, of steps and epochs all of them as one
 * message, and answers, edits and notes in their order. Nothing is sent while more than {@link BUFFERED_MAX} bytes lie in the socket,
 * values wait until those before are taken, and what comes all the time is told together, a few times a second.
 */
import { pack } from "../frame.ts";
import type { Message, Tells } from "../protocol.ts";

/** Bytes that the socket may hold before the next message waits here. */
export const BUFFERED_MAX = 1 << 20;
/** Edits and notes that wait, and epochs. */
const WAITING_MAX = 1000;
/** Milliseconds between two looks at a socket that is full. */
const LOOK_MS = 20;
/** Milliseconds between two times at which a page is told of these: each message takes a processor from training for a moment. */
export const TOGETHER_MS = 200;
const TOGETHER: readonly (keyof Tells)[] = ["steps", "state", "epochs"];

/** The part of a WebSocket that a queue uses. */
export interface Sending {
  readonly bufferedAmount: number;
  readonly readyState: number;
  send(data: string | ArrayBufferView<ArrayBuffer>): void;
}

/** What becomes of two messages of a kind of which the first was not sent yet; of other kinds the second stands for both. */
const JOINED: { readonly [K in keyof Tells]?: (first: Tells[K], second: Tells[K]) => Tells[K] } = {
  steps: (first, second) => {
    const count = first.count + second.count;
    return { ...second, count, loss: (first.loss * first.count + second.loss * second.count) / count };
  },
  epochs: (first, second) => [...first, ...second].slice(-WAITING_MAX),
};

const IN_ORDER: readonly (keyof Tells)[] = ["edit", "note"];
const OPEN = 1;

export class Queue {
  #ordered: Message[] = [];
  readonly #newest = new Map<keyof Tells, Message>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #left = 0;
  #answers = 0;
  /** When those that are told together are told again, and whether that time has come. */
  #next = 0;
  #isTime = false;
  /** Whether values were sent that are not taken yet. */
  #isLent = false;

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
    if (!IN_ORDER.includes(kind)) this.#newest.set(kind, this.#joined(kind, value));
    else if (this.#ordered.length - this.#answers < WAITING_MAX) this.#ordered.push(message);
    else this.#left++;
    this.#send();
  }

  #joined<K extends keyof Tells>(kind: K, value: Tells[K]): Message {
    const waiting = this.#newest.get(kind) as { readonly value: Tells[K] } | undefined, join = JOINED[kind];
    return { tell: kind, value: waiting && join ? join(waiting.value, value) : value } as Message;
  }

  /** The listener has taken the values that it was told. */
  taken(): void {
    this.#isLent = false;
    this.#send();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#ordered = [];
    this.#newest.clear();
  }

  #following(): Message | null {
    const first = this.#ordered.shift();
    if (first && "id" in first) this.#answers--;
    if (first) return first;
    if (this.#left > 0) {
      const text = `${this.#left} messages were left out, since this page did not keep up`;
      this.#left = 0;
      return { tell: "note", value: { text, warning: true } };
    }
    for (const [kind, message] of this.#newest) {
      if (kind === "values" && this.#isLent || !this.#isTime && TOGETHER.includes(kind)) continue;
      this.#isLent ||= kind === "values";
      this.#newest.delete(kind);
      return message;
    }
    return null;
  }

  #send(): void {
    const { socket } = this, now = performance.now();
    this.#isTime = now >= this.#next;
    let isFull = false, isTold = false;
    while (socket.readyState === OPEN) {
      isFull = socket.bufferedAmount > BUFFERED_MAX;
      const message = isFull ? null : this.#following();
      if (message === null) break;
      isTold ||= "tell" in message && TOGETHER.includes(message.tell);
      socket.send(pack(message));
    }
    if (isTold) this.#next = now + TOGETHER_MS;
    const isWaiting = this.#ordered.length > 0 ||
      [...this.#newest.keys()].some((kind) => kind !== "values" || !this.#isLent);
    if (socket.readyState !== OPEN || !isWaiting) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#send();
    }, isFull ? LOOK_MS : Math.max(1, this.#next - now));
  }
}

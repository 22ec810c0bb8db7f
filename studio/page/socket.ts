/** The page's end of the WebSocket: questions as promises, what is told as events, and a new connection where one is lost. */
import { unpack } from "../frame.ts";
import type { AskName, Asks, Message, Taken, Tells } from "../protocol.ts";

/** A question that was refused or got no answer, in one line. */
export class AskError extends Error {
  override readonly name = "AskError";
}

type Waiting = { readonly resolve: (answer: never) => void; readonly reject: (error: Error) => void };
type Listener = (value: never) => void;

const SHORTEST_WAIT = 250;
const LONGEST_WAIT = 4000;
const SEVERAL_ASKS = 64;

export class Connection {
  #socket: WebSocket | null = null;
  /** Milliseconds for which training has stood still for questions, as the last reply says. */
  stood = 0;
  #id = 0;
  #wait = SHORTEST_WAIT;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, Listener[]>();
  readonly #newest = new Map<string, { running: boolean; next: (() => void) | null }>();

  /** @param opened called at each connection, the first one included; `lost` when one is lost */
  constructor(readonly address: URL, readonly opened: () => void, readonly lost: () => void) {
    this.#connect();
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #connect(): void {
    const socket = this.#socket = new WebSocket(this.address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#wait = SHORTEST_WAIT;
      this.opened();
    };
    socket.onmessage = ({ data }) => this.#take(unpack(data as string | ArrayBuffer) as Message);
    socket.onclose = () => {
      for (const { reject } of this.#waiting.values()) reject(new AskError("the connection was lost"));
      this.#waiting.clear();
      this.lost();
      setTimeout(() => this.#connect(), this.#wait);
      this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
    };
  }

  #take(message: Message): void {
    if ("tell" in message) {
      if (message.tell === "values") this.#sayTaken();
      for (const listener of this.#listeners.get(message.tell) ?? []) listener(message.value as never);
      return;
    }
    this.stood = message.stood;
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    this.#waiting.delete(message.id);
    if ("answer" in message) return waiting.resolve(message.answer as never);
    const { where, what, hint } = message.error;
    waiting.reject(new AskError(`${where}: ${what}${hint === undefined ? "" : `; ${hint}`}`));
  }

  /** @throws {AskError} where the server refuses, or the connection is lost */
  ask<N extends AskName>(name: N, parameters: Asks[N]["asks"]): Promise<Asks[N]["answer"]> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new AskError("there is no connection to the studio; it is tried again"));
      if (this.#waiting.size >= SEVERAL_ASKS) return reject(new AskError("too many questions wait for an answer"));
      const id = ++this.#id;
      this.#waiting.set(id, { resolve, reject });
      this.#socket!.send(JSON.stringify({ id, ask: name, ...parameters }));
    });
  }

  /**
   * Asks so that of each `subject` one question is under way at most, and of those that come meanwhile only the newest is asked.
   * @returns null where a newer question took its place
   */
  newest<N extends AskName>(subject: string, name: N, parameters: Asks[N]["asks"]): Promise<Asks[N]["answer"] | null> {
    const turn = this.#newest.get(subject) ?? { running: false, next: null };
    this.#newest.set(subject, turn);
    turn.next?.();
    return new Promise((resolve, reject) => {
      const run = () => {
        turn.running = true;
        turn.next = null;
        this.ask(name, parameters).then(resolve, reject).finally(() => {
          turn.running = false;
          const next = queued.get(turn);
          queued.delete(turn);
          next?.();
        });
      };
      if (!turn.running) return run();
      turn.next = () => {
        queued.delete(turn);
        resolve(null);
      };
      queued.set(turn, run);
    });
  }

  /** Says that more values can be drawn. A page that nobody sees draws nothing, and is told none. */
  #sayTaken(): void {
    requestAnimationFrame(() => {
      if (this.isOpen) this.#socket!.send(JSON.stringify({ taken: "values" } satisfies Taken));
    });
  }

  on<K extends keyof Tells>(kind: K, listener: (value: Tells[K]) => void): void {
    this.#listeners.set(kind, [...this.#listeners.get(kind) ?? [], listener as Listener]);
  }
}

/** What runs when the question under way has been answered. */
const queued = new WeakMap<object, () => void>();

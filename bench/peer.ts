/** A peer in a process of its own. Each request and each answer is one line of JSON. */
import { fromFileUrl } from "@std/path";
import { lines } from "../core/build/lines.ts";

const SCRIPT = fromFileUrl(new URL("./peer/peer.py", import.meta.url));

export class Peer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncIterator<string>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#answers = lines(child.stdout)[Symbol.asyncIterator]();
  }

  /** @param device where the peer's models run, as PyTorch names it */
  static start(python: string, device = "cpu"): Peer {
    const command = new Deno.Command(python, {
      args: [SCRIPT, device],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    });
    return new Peer(command.spawn());
  }

  /** @throws {Error} with the peer's message */
  async ask<T>(op: string, options: Readonly<Record<string, unknown>> = {}): Promise<T> {
    await this.#writer.write(new TextEncoder().encode(JSON.stringify({ op, ...options }) + "\n"));
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the peer ended during ${op}`);
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(`the peer failed in ${op}: ${answer.error}`);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#child.status;
    await this.#answers.return?.();
  }
}

/** Milliseconds per step of the peer's model, over `count` steps. */
export async function peerStep(peer: Peer, count: number): Promise<number> {
  return (await peer.ask<{ step_ms: number }>("steps", { count })).step_ms;
}

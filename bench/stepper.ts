/** Training steps in a process of its own, for comparing two libraries. Each request and each answer is a line of JSON. */
import { fromFileUrl } from "@std/path";
import { lines } from "../core/build/lines.ts";
import type { Autoencoder } from "./narrows.ts";

interface Answer {
  /** Milliseconds per step: waiting for batches and computing. */
  readonly step: number;
  /** Computation only. */
  readonly compute: number;
  readonly losses: readonly number[];
}

export class Stepper implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncIterator<string>;

  /** @param library the engine's library that the process opens */
  constructor(library: string, net: Autoencoder) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", fromFileUrl(import.meta.url), JSON.stringify(net)],
      env: { NARROWS_LIBRARY: library },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#answers = lines(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** @throws {Error} if the process has ended */
  async steps(count: number): Promise<Answer> {
    await this.#writer.write(new TextEncoder().encode(`${count}\n`));
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("a process that trains steps ended early");
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#child.status;
    await this.#answers.return?.();
  }
}

if (import.meta.main) {
  const { Training } = await import("./narrows.ts");
  await using training = Training.start(JSON.parse(Deno.args[0]!));
  for await (const line of lines(Deno.stdin.readable)) {
    const { step, forward, backward, losses } = await training.steps(Number(line));
    console.log(JSON.stringify({ step, compute: forward + backward, losses }));
  }
}

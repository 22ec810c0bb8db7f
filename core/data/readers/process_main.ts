/**
 * A process in which sources are read, in its worker. It can be ended whatever a damaged file does to the library in it, and it
 * ends itself with the process that started it.
 */
import { FrameReader, writeFrame } from "./frames.ts";
import { type Answer, type Asked, failureOf } from "./messages.ts";
import { ReaderWorker } from "./worker_client.ts";

/** Answers what standard input asks on standard output, until standard input ends. @param args how many ms an answer may take */
export async function serveReaders([patience]: readonly string[]): Promise<never> {
  // Signals for the whole group of processes are the business of the one that asks.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, () => {});
  const worker = new ReaderWorker(Number(patience));
  const asking = new FrameReader(Deno.stdin.readable), out = Deno.stdout.writable.getWriter();
  const answer = async (asked: Asked) => {
    const answer: Answer = await worker.ask(asked).catch((error) => ({ failure: failureOf(error) }));
    await writeFrame(out, answer);
  };
  // The next question is waited for while one is answered, since the end of the questions is the end of this process.
  for (let asked; (asked = await asking.next()) !== null;) answer(asked as Asked).catch(() => Deno.exit(1));
  Deno.exit(0);
}

if (import.meta.main) await serveReaders(Deno.args);

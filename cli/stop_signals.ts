/** Signals that end a command which serves a page. */
export interface Stopped extends Disposable {
  readonly stopped: Promise<"SIGINT" | "SIGTERM">;
}

/** The first signal that ends it, as a promise. */
export function untilStopped(): Stopped {
  const signals = Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const;
  const handlers: (() => void)[] = [];
  const stopped = new Promise<"SIGINT" | "SIGTERM">((resolve) => {
    for (const signal of signals) {
      const handler = () => resolve(signal);
      Deno.addSignalListener(signal, handler);
      handlers.push(() => Deno.removeSignalListener(signal, handler));
    }
  });
  return { stopped, [Symbol.dispose]: () => handlers.forEach((remove) => remove()) };
}

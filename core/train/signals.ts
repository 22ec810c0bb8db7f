/** Signals that end a run: the first one asks for a save, the second one ends the process at once. */

/** Exit statuses of the contract: 128 + the signal's number. */
export const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
export type StopSignal = keyof typeof SIGNAL_STATUS;

export interface SignalWatch extends Disposable {
  readonly received: StopSignal | null;
}

/**
 * One Ctrl-C reaches a program more than once where a parent passes on to it what the terminal has sent to all of them, as
 * `deno task` does: what follows within this time is no second one.
 */
const SAME_MS = 500;

/** Whether the program was started with SIGHUP ignored, as nohup does: then it stays ignored. */
export function isHangupIgnored(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return false; // not Linux
  }
}

/** @param onFirst called once, on the first signal */
export function watchSignals(onFirst: (signal: StopSignal) => void): SignalWatch {
  let received: StopSignal | null = null, at = 0;
  const watched = (Object.keys(SIGNAL_STATUS) as StopSignal[]).filter((signal) =>
    signal !== "SIGHUP" || !isHangupIgnored()
  );
  const handlers = watched.map((signal) => {
    const handler = () => {
      if (received === null) {
        received = signal;
        at = performance.now();
        onFirst(signal);
      } else if (performance.now() - at > SAME_MS) Deno.exit(SIGNAL_STATUS[signal]);
    };
    Deno.addSignalListener(signal, handler);
    return { signal, handler };
  });
  return {
    get received() {
      return received;
    },
    [Symbol.dispose]() {
      for (const { signal, handler } of handlers) Deno.removeSignalListener(signal, handler);
    },
  };
}

/** Signals that end a run: the first one asks for a save, the second one ends the process at once. */

/** Exit statuses of the contract: 128 + the signal's number. */
export const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
export type StopSignal = keyof typeof SIGNAL_STATUS;

export interface SignalWatch extends Disposable {
  readonly received: StopSignal | null;
}

/** @param onFirst called once, on the first signal */
export function watchSignals(onFirst: (signal: StopSignal) => void): SignalWatch {
  let received: StopSignal | null = null;
  const handlers = (Object.keys(SIGNAL_STATUS) as StopSignal[]).map((signal) => {
    const handler = () => {
      if (received) Deno.exit(SIGNAL_STATUS[signal]);
      received = signal;
      onFirst(signal);
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

/** Signals that end a run: the first one asks for a save, the second one ends the process at once. */
import { turnedSignals, turnSignal } from "../../ffi/signals.ts";
import { HANGUP_IGNORED } from "../early.ts";

/** The numbers of the signals that schedulers send before the limit of a job. */
const USER_SIGNALS = Deno.build.os === "darwin" ? { SIGUSR1: 30, SIGUSR2: 31 } : { SIGUSR1: 10, SIGUSR2: 12 };

/** Exit statuses: 128 + the signal's number. */
export const SIGNAL_STATUS = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
  SIGUSR1: 128 + USER_SIGNALS.SIGUSR1,
  SIGUSR2: 128 + USER_SIGNALS.SIGUSR2,
} as const;
export type StopSignal = keyof typeof SIGNAL_STATUS;

export interface SignalWatch extends Disposable {
  readonly received: StopSignal | null;
}

/**
 * Milliseconds within which another signal counts as the same one. A Ctrl-C reaches the program twice if a parent, such as
 * `deno task`, passes on the signal that the terminal sends to both.
 */
const SAME_MS = 500;

/** What a signal does. Before the first step and after the last one there is nothing to save, and the process ends. */
let hear = (signal: StopSignal): void => Deno.exit(SIGNAL_STATUS[signal]);
let listening = false, debuggerShut = false;

/**
 * Takes SIGUSR1 and SIGUSR2 over for the rest of the process. On SIGUSR1 Deno opens a debugger on a port, whoever else
 * listens, so the engine's handler turns it into a SIGUSR2. Called first by a command that trains, and again when the
 * engine is there; without the engine the signals are heard, and the port is opened.
 */
export function takeUserSignals(): void {
  if (Deno.build.os === "windows") return;
  if (!listening) {
    listening = true;
    // Deno's handler must be there before the engine's, which then stays.
    Deno.addSignalListener("SIGUSR1", () => hear("SIGUSR1"));
    Deno.addSignalListener("SIGUSR2", () => hear(turnedSignals() > 0 ? "SIGUSR1" : "SIGUSR2"));
  }
  debuggerShut ||= turnSignal(USER_SIGNALS.SIGUSR1, USER_SIGNALS.SIGUSR2);
}

/** @param onFirst called once, on the first signal */
export function watchSignals(onFirst: (signal: StopSignal) => void): SignalWatch {
  let received: StopSignal | null = null, at = 0;
  const before = hear;
  hear = (signal) => {
    if (received === null) {
      received = signal;
      at = performance.now();
      onFirst(signal);
    } else if (performance.now() - at > SAME_MS) Deno.exit(SIGNAL_STATUS[signal]);
  };
  takeUserSignals();
  const watched = (["SIGINT", "SIGTERM", "SIGHUP"] as const).filter((signal) =>
    Deno.build.os !== "windows" ? signal !== "SIGHUP" || !HANGUP_IGNORED : signal === "SIGINT"
  );
  const handlers = watched.map((signal) => {
    const handler = () => hear(signal);
    Deno.addSignalListener(signal, handler);
    return { signal, handler };
  });
  return {
    get received() {
      return received;
    },
    [Symbol.dispose]() {
      hear = before;
      for (const { signal, handler } of handlers) Deno.removeSignalListener(signal, handler);
    },
  };
}

/** Until a run listens there is nothing to save: a signal undoes what was begun and ends the process. */
export function leaveOnSignals(undo: () => void): SignalWatch {
  return watchSignals((signal) => {
    undo();
    Deno.exit(SIGNAL_STATUS[signal]);
  });
}

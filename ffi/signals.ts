/**
 * Signals that the process is to hear as another one: the engine's handler takes the place of the one that Deno has.
 */
import { errorRecord, unwrap } from "./error.ts";
import { libraryPath } from "./library.ts";
import { symbols } from "./symbols.ts";

const { nrw_signal_turn, nrw_signal_turned } = symbols;

/**
 * Of the library that has the handler: it stays, whichever the training uses, and is not the one that has yet to be
 * checked.
 */
let library: Deno.DynamicLibrary<
  { nrw_signal_turn: typeof nrw_signal_turn; nrw_signal_turned: typeof nrw_signal_turned }
>;

/**
 * From now on signal number `from` is counted and sent to this process again as `to`.
 * @returns false where there is no engine yet that could do it
 */
export function turnSignal(from: number, to: number): boolean {
  try {
    library ??= Deno.dlopen(libraryPath(), { nrw_signal_turn, nrw_signal_turned });
    const error = errorRecord();
    unwrap(library.symbols.nrw_signal_turn(from, to, error), error);
    return true;
  } catch {
    return false;
  }
}

/** How many signals were turned since the last call. */
export function turnedSignals(): number {
  return library?.symbols.nrw_signal_turned() ?? 0;
}

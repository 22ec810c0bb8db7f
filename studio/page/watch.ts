/** Which row the page is told the values of, and how often: less often where steps are short, and not at all where nobody sees it. */
import type { Store } from "./store.ts";

/** Times a second at most. */
const OFTEN = 12;
/** Each answer interrupts training for about a millisecond, which in networks of shorter steps is the time of several. */
const SELDOM = 3;
const SHORT_STEP_S = 0.002;
/** Steps that were short are no longer so when they take this many times as long: their time varies. */
const LONGER = 3;

/** @param step seconds of a step; null where they are not known @param before what it was before; 0: nothing */
export function valuesPerSecond(step: number | null, before: number): number {
  return step !== null && step < SHORT_STEP_S * (before === SELDOM ? LONGER : 1) ? SELDOM : OFTEN;
}

export function watchRow(store: Store): void {
  let asked = "", per_second = 0;
  const watch = (anew: boolean) => {
    if (store.about === undefined) return;
    per_second = valuesPerSecond(store.state.seconds.step, per_second);
    const of = document.hidden ? null : store.row, text = JSON.stringify([of, per_second]);
    if (text === asked && !anew) return;
    asked = text;
    // Where it is refused there are no values; a row that is not there is said by the part that shows it.
    store.connection.newest("watch", "watch", { of, per_second }).catch(() => {});
  };
  store.on("about", () => watch(true));
  store.on("row", () => watch(false));
  store.on("state", () => watch(false));
  document.addEventListener("visibilitychange", () => watch(false));
}

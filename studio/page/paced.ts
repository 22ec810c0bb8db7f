/** Questions that are asked again and again while a network trains. */
import type { Store } from "./store.ts";

/** Of the time that such a question may take, since training stands still for it. */
const SHARE = 0.05;

/**
 * Asks after epochs, as far as the answers so far leave time for it, and when training no longer goes on.
 * @param ask the question; its promise ends with the answer
 */
export function afterEpochs(store: Store, ask: () => Promise<unknown>): void {
  let isUnderWay = false, from = 0, phase = "";
  const again = () => {
    const begun = performance.now();
    isUnderWay = true;
    ask().finally(() => {
      isUnderWay = false;
      from = performance.now() + (performance.now() - begun) / SHARE;
    });
  };
  store.on("epochs", () => {
    if (!isUnderWay && performance.now() >= from) again();
  });
  store.on("state", (state) => {
    if (state.phase !== phase && state.phase !== "training") again();
    phase = state.phase;
  });
}

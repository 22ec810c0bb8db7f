/** What several sinks make of the same event, such as a picture, is made once. */
import type { RunEvent } from "./types.ts";

const made = new WeakMap<RunEvent, Promise<unknown>>();

/** What `make` gives for an event the first time; it depends on nothing but the event. */
export function onceFor<T>(event: RunEvent, make: () => Promise<T>): Promise<T> {
  const known = made.get(event) as Promise<T> | undefined;
  if (known) return known;
  const making = make();
  made.set(event, making);
  return making;
}

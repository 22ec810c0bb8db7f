/** The sentence in a caption about a log that is too long to be drawn completely. */
import type { RunData } from "../core/runs/types.ts";
import { count } from "./format.ts";

/** Empty if every row was read. `what` names the rows: "steps". */
export function thinnedText(run: RunData, log: "steps" | "chunks" | "epochs", what: string): string {
  const [read, logged] = [run[log].length, run.logged[log]];
  return read > 0 && logged > read
    ? ` The figure is drawn from ${count(read)} of the ${count(logged)} ${what} in ${log}.csv, evenly spread.`
    : "";
}

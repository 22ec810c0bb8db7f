/** What runs have cost: seconds, and seconds times threads. */
import { join } from "@std/path";
import { exists } from "../formats/file.ts";
import { isRecord, readJson } from "../formats/json.ts";
import type { AnalysedRun } from "./runs.ts";

const BYTES_MAX = 16 << 20;

export interface Cost {
  /** Runs whose cost is known: those that have ended. */
  readonly runs: number;
  /** Sums over them: of all sessions, without the time between them. */
  readonly seconds: number;
  /** Seconds times the threads of the last session. Null where a run does not say how many it had. */
  readonly thread_seconds: number | null;
}

async function threadsOf({ path }: AnalysedRun): Promise<number | null> {
  const file = join(path, "environment.json");
  const environment = await exists(file) ? await readJson(file, BYTES_MAX) : null;
  return isRecord(environment) && typeof environment.threads === "number" ? environment.threads : null;
}

export async function costOf(runs: readonly AnalysedRun[]): Promise<Cost> {
  const ended = runs.filter(({ summary }) => summary !== null);
  const threads = await Promise.all(ended.map(threadsOf));
  const seconds = ended.map(({ summary }) => summary!.seconds.total);
  return {
    runs: ended.length,
    seconds: seconds.reduce((sum, value) => sum + value, 0),
    thread_seconds: threads.includes(null) ? null : seconds.reduce((sum, value, i) => sum + value * threads[i]!, 0),
  };
}

/**
 * Which runs may be compared: those of the same data and the same validation and test rows, and, for losses, the same
 * loss.
 */
import type { RunData } from "../core/runs/types.ts";
import { flatten } from "./config_view.ts";
import { byImportance } from "./settings_order.ts";

/** Settings that determine the values on which a run is measured. */
const DATA = ["data.path", "data.format", "data.member", "data.shape", "data.steps", "data.transforms"];
/** The settings among them that data.json states more precisely, if both runs have it. */
const PLACE = ["data.path", "data.format", "data.member", "data.shape"];
const ROWS = ["data.split", "evaluation.validation_max_rows", "evaluation.test_max_rows"];

/** The settings that determine what a run's errors are of, by dotted path, and what the run found in the data. */
function measuredOn(run: RunData): Map<string, string> {
  const facts = new Map<string, string>();
  for (const [key, value] of flatten(run.config)) {
    if (
      DATA.some((k) => key === k || key.startsWith(`${k}.`)) || ROWS.some((k) => key === k || key.startsWith(`${k}.`))
    ) {
      facts.set(key, JSON.stringify(value));
    }
  }
  const columns = run.summary?.columns ?? run.model[0]?.inputs;
  if (columns !== undefined) facts.set("number of columns", String(columns));
  for (const part of ["validation", "test"] as const) {
    if (run.summary) facts.set(`number of ${part} rows`, String(run.summary.rows[part]));
  }
  return facts;
}

function lossOf(run: RunData): Map<string, string> {
  return new Map(
    [...flatten(run.config)].filter(([key]) => key.startsWith("loss.")).map(([k, v]) => [k, JSON.stringify(v)]),
  );
}

/**
 * The names that differ. A name that only one of the two has counts among settings, but not among what was found in the
 * data.
 */
function unlike(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  return byImportance(new Set([...a.keys(), ...b.keys()]))
    .filter((key) =>
      !key.includes(".") ? a.has(key) && b.has(key) && a.get(key) !== b.get(key) : a.get(key) !== b.get(key)
    );
}

/** The files of a run's data with their rows and checksums, in order; null if data.json does not have them. */
function contentOf(run: RunData): string | null {
  const files = run.data?.files;
  if (!Array.isArray(files)) return null;
  const parts = files.map((file) => {
    const { name, rows, content } = (file ?? {}) as Record<string, unknown>;
    return typeof content === "string" ? [name, rows, content] : null;
  });
  return parts.every((part) => part !== null) ? JSON.stringify(parts) : null;
}

/** Differences between the values on which two runs were measured. If there are none, their errors can be compared. */
export function dataDifferences(a: RunData, b: RunData): string[] {
  const [x, y] = [contentOf(a), contentOf(b)];
  const keys = unlike(measuredOn(a), measuredOn(b));
  if (x === null || y === null) return keys;
  // The folder of the files does not matter, since their content is known.
  return [...(x === y ? [] : ["content of the data"]), ...keys.filter((key) => !PLACE.includes(key))];
}

/** These differences and those of the loss. If there are none, the losses can be compared. */
export function lossDifferences(a: RunData, b: RunData): string[] {
  return [...dataDifferences(a, b), ...unlike(lossOf(a), lossOf(b))];
}

/** The indices of the runs in groups; a run belongs to a group if nothing differs from the group's first run. */
export function groupsOfRuns(
  runs: readonly RunData[],
  differences: (a: RunData, b: RunData) => readonly string[],
): readonly (readonly number[])[] {
  const groups: number[][] = [];
  for (const [i, run] of runs.entries()) {
    const group = groups.find((g) => differences(runs[g[0]!]!, run).length === 0);
    if (group) group.push(i);
    else groups.push([i]);
  }
  return groups;
}

/**
 * Whether all runs with a known environment used the same machine and number of threads, so that speeds can be
 * compared.
 */
export function sameMachine(runs: readonly RunData[]): boolean {
  const machines = runs.flatMap(({ environment }) =>
    environment ? [JSON.stringify([environment.host, environment.cpu, environment.threads])] : []
  );
  return new Set(machines).size <= 1 && machines.length === runs.length;
}

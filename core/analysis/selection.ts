/** The runs of a sweep that chose points: their figures are too good for the points that they chose. */
import { dirname, join } from "@std/path";
import { ifThere } from "../formats/file.ts";
import { isRecord, readJson } from "../formats/json.ts";
import type { AnalysedRun } from "./runs.ts";

const BYTES_MAX = 64 << 20;

/** The seeds that chose points in the sweep of a folder; none where it is no sweep's. */
async function selectionSeeds(folder: string): Promise<ReadonlySet<unknown>> {
  const path = join(folder, "sweep.json");
  if (!ifThere(path, "look at it", () => Deno.statSync(path).isFile, false)) return new Set();
  const sweep = await readJson(path, BYTES_MAX);
  return new Set(isRecord(sweep) && Array.isArray(sweep.selection_seeds) ? sweep.selection_seeds : []);
}

/** Divides runs into those that chose the points of their sweep, by their seeds, and the others. */
export async function withoutSelection(
  runs: readonly AnalysedRun[],
): Promise<{ readonly kept: AnalysedRun[]; readonly left: AnalysedRun[] }> {
  const seeds = new Map<string, Promise<ReadonlySet<unknown>>>();
  const kept: AnalysedRun[] = [], left: AnalysedRun[] = [];
  for (const run of runs) {
    const folder = dirname(run.path);
    if (!seeds.has(folder)) seeds.set(folder, selectionSeeds(folder));
    ((await seeds.get(folder)!).has(run.seed) ? left : kept).push(run);
  }
  return { kept, left };
}

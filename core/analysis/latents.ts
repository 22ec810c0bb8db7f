/** The latent spaces of the runs of each group, compared pair by pair over the same rows. */
import { UserError } from "../errors.ts";
import { chooseRows } from "../data/row_choice.ts";
import { readRunData } from "../data/run_data.ts";
import { PARTS } from "../data/source.ts";
import { latentRows, restoreRun } from "../train/restore.ts";
import type { AnalysedRun } from "./runs.ts";
import { mean } from "./statistics.ts";
import { type Latents, similarityOf } from "./similarity.ts";

/** A latent counts as found again where its absolute correlation with its match is at least this. */
export const FOUND_AGAIN = 0.9;

/** Most rows that are taken, evenly spread over the data, and most bytes of the latent vectors of a group. */
const ROWS_MAX = 2000, BYTES_MAX = 256 << 20;
/** Most latents: the singular values and the assignment take the cube of their number. */
const LATENTS_MAX = 512;

export interface LatentPair {
  /** Names of the two runs. */
  readonly runs: readonly [string, string];
  readonly cka: number | null;
  readonly procrustes: number | null;
  /** How many latents there are to match, and how many of them are found again. */
  readonly latents: number;
  readonly found_again: number;
  /** The mean absolute correlation of matched latents. */
  readonly mean_correlation: number;
}

export interface LatentGroup {
  readonly values: readonly (string | null)[];
  readonly runs: number;
  /** The rows that were compared. */
  readonly rows: number;
  readonly pairs: readonly LatentPair[];
  /** Means over the pairs; null where there is none. */
  readonly cka: number | null;
  readonly procrustes: number | null;
  /** The share of latents that are found again. */
  readonly found_again: number | null;
}

/** What has to be the same for rows to be the same. */
async function rowsIdentity(path: string): Promise<string | null> {
  const data = await readRunData(path);
  return data &&
    JSON.stringify(data.files.map(({ name, offset, rows, content }) => [name, offset ?? 0, rows, content]));
}

/** @throws {UserError} if the runs were trained on other data, whose rows cannot be compared */
async function requireSameRows(runs: readonly AnalysedRun[]): Promise<void> {
  const first = await rowsIdentity(runs[0]!.path);
  for (const run of runs) {
    if (first !== null && await rowsIdentity(run.path) === first) continue;
    const what = `its data are not those of ${runs[0]!.name}, so that their rows are not the same`;
    throw new UserError(run.path, what, "group by what tells the data apart, or name other runs", 1);
  }
}

/**
 * Compares the latent spaces of runs.
 * @param note is told what is noticed about a run
 * @throws {UserError} if a run cannot be restored, or the runs have other rows
 */
export async function compareLatents(
  values: readonly (string | null)[],
  runs: readonly AnalysedRun[],
  note?: (text: string) => void,
): Promise<LatentGroup> {
  const none = { values, runs: runs.length, rows: 0, pairs: [], cka: null, procrustes: null, found_again: null };
  if (runs.length < 2) return none;
  await requireSameRows(runs);
  const latents: Latents[] = [];
  let most = ROWS_MAX;
  for (const run of runs) {
    using restored = await restoreRun(run.path, { note });
    const columns = restored.model.latentSize;
    if (columns > LATENTS_MAX) {
      throw new UserError(
        run.path,
        `has ${columns} latents; up to ${LATENTS_MAX} can be compared`,
        "leave out --latent",
        1,
      );
    }
    // The same rows of all runs: as many as fit with the first one's latents, with room for larger ones.
    if (latents.length === 0) most = Math.min(ROWS_MAX, Math.floor(BYTES_MAX / (4 * LATENTS_MAX * runs.length)));
    const choice = chooseRows(restored.source, PARTS, restored.config.data, Math.max(2, most));
    const rows = choice.rows.length, all = new Float32Array(rows * columns);
    let at = 0;
    for await (const part of latentRows(restored, choice)) {
      all.set(part, at);
      at += part.length;
    }
    latents.push({ values: all, rows, columns });
  }
  if (latents[0]!.rows < 2) return none;
  const pairs: LatentPair[] = [];
  for (let i = 0; i < runs.length; i++) {
    for (let j = i + 1; j < runs.length; j++) {
      const { cka, procrustes, matched } = similarityOf(latents[i]!, latents[j]!);
      pairs.push({
        runs: [runs[i]!.name, runs[j]!.name],
        cka,
        procrustes,
        latents: matched.length,
        found_again: matched.filter((correlation) => correlation >= FOUND_AGAIN).length,
        mean_correlation: mean(matched),
      });
    }
  }
  const meanOf = (found: readonly (number | null)[]) => {
    const known = found.filter((value) => value !== null);
    return known.length > 0 ? mean(known) : null;
  };
  return {
    ...none,
    rows: latents[0]!.rows,
    pairs,
    cka: meanOf(pairs.map(({ cka }) => cka)),
    procrustes: meanOf(pairs.map(({ procrustes }) => procrustes)),
    found_again: meanOf(pairs.map(({ found_again, latents }) => found_again / latents)),
  };
}

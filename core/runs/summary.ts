/** Writes and reads summary.json. */
import { exists, removeIfThere } from "../formats/file.ts";
import { readJson } from "../formats/json.ts";
import { MalformedError } from "../errors.ts";
import { writeJsonAtomic } from "./atomic.ts";
import { DecodeError } from "./decode.ts";
import type { RunFolder } from "./folder.ts";
import { summary as decode } from "./schema.ts";
import type { Summary } from "./types.ts";

/** Writes the summary, with null for values that do not exist, e.g. R2 of columns that do not vary. */
export async function writeSummary(run: RunFolder, summary: Summary): Promise<void> {
  const figures = <T extends object>(metrics: T | null | undefined) =>
    metrics && Object.fromEntries(
      Object.entries(metrics).map((
        [name, value],
      ) => [name, typeof value === "number" && !Number.isFinite(value) ? null : value]),
    );
  const { metrics: { train, validation, test }, baseline } = summary;
  const metrics = { train: figures(train), validation: figures(validation), test: figures(test) };
  const pca = baseline?.pca && Object.fromEntries(
    Object.entries(baseline.pca).map(([name, value]) => [name, typeof value === "object" ? figures(value) : value]),
  );
  await writeJsonAtomic(run.file("summary.json"), {
    ...summary,
    metrics,
    ...pca ? { baseline: { ...baseline, pca } } : {},
  });
}

/** Removes the summary of a run that is resumed. It has none until it ends again. */
export async function clearSummary(run: RunFolder): Promise<void> {
  const path = run.file("summary.json");
  await removeIfThere(path);
}

const BYTES_MAX = 1 << 20;

/** The summary of a run that has ended; null where there is none, or a malformed one. @throws {UserError} */
export async function readSummary(run: RunFolder): Promise<Summary | null> {
  const path = run.file("summary.json");
  if (!await exists(path)) return null;
  try {
    return decode(await readJson(path, BYTES_MAX), "");
  } catch (error) {
    if (error instanceof MalformedError || error instanceof DecodeError) return null;
    throw error;
  }
}

/** How a run's time was spent, computed from the logs that exist. */
import type { RunData } from "../core/runs/types.ts";
import type { TimePart } from "./charts/time_bar.ts";
import { BATCH_WAIT_COLOR, CHUNK_WAIT_COLOR } from "./charts/chunk_wait.ts";
import { color, seriesColor } from "./theme.ts";
import { sum } from "./series.ts";

export interface TimeBudget {
  readonly total: number;
  readonly parts: readonly TimePart[];
  /** Share of the training time (compute and waits) spent waiting for data; null where the waits are unknown. */
  readonly waitShare: number | null;
}

/** Null if neither the logs nor the summary have times. All values are in seconds. */
export function timeBudget(run: RunData): TimeBudget | null {
  const { chunks, epochs, steps, summary } = run;
  const seconds = (values: readonly number[]) => sum(values.filter(Number.isFinite)) / 1000;
  const forward = seconds(chunks.map((c) => c.forward_ms));
  const backward = seconds(chunks.map((c) => c.backward_ms));
  // An interrupted pass has no row in chunks.csv, and a long log is thinned when it is read, so the summary takes
  // precedence.
  const compute = summary?.seconds.train ??
    Math.max(forward + backward, seconds(epochs.map((e) => e.train_ms)), seconds(steps.map((s) => s.step_ms)));
  const batches = summary?.seconds.wait ??
    Math.max(seconds(chunks.map((c) => c.wait_ms)), seconds(steps.map((s) => s.wait_ms)));
  const opening = Math.max(
    seconds(chunks.map((c) => c.open_wait_ms)),
    seconds(epochs.map((e) => e.wait_ms)) - batches,
  );
  const validation = summary?.seconds.validation ?? seconds(epochs.map((e) => e.validation_ms));
  const checkpoint = summary?.seconds.checkpoint ?? seconds(epochs.map((e) => e.checkpoint_ms));
  const atEnd = Math.min(checkpoint, summary?.seconds.checkpoint_end ?? 0);
  const diagnostics = summary?.seconds.diagnostics ?? seconds(epochs.map((e) => e.diagnostics_ms));
  const evaluation = summary?.seconds.evaluation ?? 0;
  const known = compute + batches + opening + validation + checkpoint + diagnostics + evaluation;
  const elapsed = summary?.seconds.total ?? Math.max(0, epochs.at(-1)?.elapsed_s ?? 0, steps.at(-1)?.elapsed_s ?? 0);
  const total = Math.max(known, elapsed);
  if (!(total > 0)) return null;
  const share = forward / (forward + backward);
  const training = Number.isFinite(share)
    ? [
      { name: "forward", seconds: compute * share, fill: seriesColor(0) },
      { name: "backward and update", seconds: compute * (1 - share), fill: seriesColor(7) },
    ]
    : [{ name: "training steps", seconds: compute, fill: seriesColor(0) }];
  const parts = [
    ...training,
    { name: "waiting for batches", seconds: batches, fill: BATCH_WAIT_COLOR },
    { name: "waiting for chunks", seconds: opening, fill: CHUNK_WAIT_COLOR },
    { name: "validation", seconds: validation, fill: seriesColor(2) },
    { name: "saves", seconds: checkpoint - atEnd, fill: seriesColor(3) },
    { name: "diagnostics", seconds: diagnostics, fill: seriesColor(6) },
    { name: "metrics at the end", seconds: evaluation, fill: seriesColor(5) },
    { name: "save at the end", seconds: atEnd, fill: color("ink") },
    { name: "other", seconds: total - known, fill: color("rule") },
  ].filter((p) => p.seconds > total * 1e-6);
  const trained = compute + batches + opening;
  return { total, parts, waitShare: compute > 0 ? (batches + opening) / trained : null };
}

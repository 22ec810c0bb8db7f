/** Rows per second over a run's time, as means over stretches that are long enough to be timed. Pauses are left out. */
import type { RunData } from "../core/runs/types.ts";
import { type Point, quantile } from "./series.ts";

/** A stretch of training, in seconds since the start. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly rate: number;
  /** Whether it follows the previous one without a pause. */
  readonly joined: boolean;
}

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  readonly seconds: number;
  readonly firstStep: number;
  readonly steps: number;
}

/**
 * Shorter stretches are joined, since they would mainly show the resolution of the clock and pauses of the scheduler.
 */
const LEAST_SECONDS = 0.05;
/** The largest number of stretches that are drawn. */
const DRAWN = 160;
/** The largest number of stretches that are kept. */
const STRETCHES = 4 * DRAWN;
/** Time without training between two pieces is a pause from this share of the whole on. */
const PAUSE_SHARE = 0.01;
/** How many times the usual number of steps without a row is a gap in the log. */
const GAP = 3;

function pieces(run: RunData): { pieces: Piece[]; by: string } {
  const byChunk = run.chunks.length >= 8;
  const rows = byChunk
    ? run.chunks.map((c) => ({
      to: c.elapsed_s,
      rows: c.rows,
      seconds: c.rows / c.samples_per_second,
      firstStep: c.first_step,
      steps: c.steps,
    }))
    : run.steps.map((s) => ({
      to: s.elapsed_s,
      rows: s.rows,
      seconds: (s.wait_ms + s.step_ms) / 1000,
      firstStep: s.step,
      steps: 1,
    }));
  return {
    by: byChunk ? "pass over a chunk" : "step",
    pieces: rows.filter((r) => Number.isFinite(r.to) && r.seconds >= 0 && Number.isFinite(r.seconds))
      .map((r) => ({ ...r, from: r.to - r.seconds })),
  };
}

/** @returns what was measured, and whether by chunk or by step */
export function throughput(run: RunData): { stretches: Stretch[]; by: string } {
  const { pieces: all, by } = pieces(run);
  const stretches = all.length === 0 ? [] : cut(all, true);
  // If there are more pauses than a chart can show, they are not drawn.
  return { stretches: stretches.length > STRETCHES ? cut(all, false) : stretches, by };
}

/** Joins pieces to stretches, which end at a pause if `atPauses` is set. */
function cut(all: readonly Piece[], atPauses: boolean): Stretch[] {
  const total = all.at(-1)!.to - all[0]!.from;
  const least = Math.max(LEAST_SECONDS, total / DRAWN);
  /** Steps between two pieces that have no row. */
  const skipped = (before: Piece, piece: Piece) => Math.max(0, piece.firstStep - before.firstStep - before.steps);
  const usual = quantile(all.slice(1).map((p, i) => skipped(all[i]!, p)), 0.5);
  const stretches: Stretch[] = [];
  let open: Piece[] = [];
  let joined = false;
  const close = () => {
    if (open.length === 0) return;
    const seconds = open.reduce((s, p) => s + p.seconds, 0);
    const rows = open.reduce((s, p) => s + p.rows, 0);
    // A stretch that took no measurable time has no rate.
    if (seconds > 0) stretches.push({ from: open[0]!.from, to: open.at(-1)!.to, rate: rows / seconds, joined });
    open = [];
  };
  for (const [i, piece] of all.entries()) {
    const before = all[i - 1];
    const paused = atPauses && before !== undefined && (
      skipped(before, piece) > GAP * Math.max(1, usual) ||
      piece.from - before.to - skipped(before, piece) * piece.seconds / piece.steps > PAUSE_SHARE * total
    );
    if (paused) close();
    if (open.length === 0) joined = before !== undefined && !paused;
    open.push(piece);
    if (piece.to - open[0]!.from >= least) close();
  }
  close();
  return stretches;
}

/** A line that is level over each stretch and broken at pauses. */
export function throughputLine(stretches: readonly Stretch[], unitSeconds: number): Point[] {
  return stretches.flatMap((s) => [
    ...(s.joined ? [] : [{ x: s.from / unitSeconds, y: NaN }]),
    { x: s.from / unitSeconds, y: s.rate },
    { x: s.to / unitSeconds, y: s.rate },
  ]);
}

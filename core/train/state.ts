/**
 * The state of a run: everything but tensors that the next step depends on. It is saved as state.json of a checkpoint.
 */
import type { DataConfig } from "../config/types.ts";
import type { PcaBaseline } from "../baseline/pca.ts";
import type { Diverged } from "../runs/types.ts";
import type { Steered } from "../steer/state.ts";
import type { PlateauState } from "./schedule.ts";

/** Sums over some steps. */
export interface Totals {
  steps: number;
  rows: number;
  nnz: number;
  /** Sum over steps of loss x rows. */
  loss_rows: number;
  grad_norm_max: number;
  open_wait_ms: number;
  wait_ms: number;
  forward_ms: number;
  /** Forward, backward and update. */
  compute_ms: number;
}

/** With what a network began. */
export interface Started {
  readonly kind: "pca" | "random";
  /** Factors of the learning rate by layer, where they are not 1. */
  readonly rates: Readonly<Record<string, number>>;
  /** What PCA explains, where it was evaluated at the start. */
  readonly pca: PcaBaseline | null;
}

/** The state as state.json has it: JSON has no NaN, so an R2 that is none, as of a part of one row, is null. */
export function writtenState(state: TrainState): unknown {
  const { start } = state;
  if (start?.pca == null) return state;
  const written = Object.entries(start.pca).map(([key, value]) => [
    key,
    value !== null && typeof value === "object" && Number.isNaN(value.r2) ? { ...value, r2: null } : value,
  ]);
  return { ...state, start: { ...start, pca: Object.fromEntries(written) } };
}

export const RANDOM_START: Started = { kind: "random", rates: {}, pca: null };

export interface TrainState {
  readonly version: 1;
  /** Null until the starting weights are there. */
  start: Started | null;
  /** Numbers of the data, which must be the same if the epoch is resumed. */
  data: string;
  /** Number of updates made. */
  step: number;
  /** Number of completed epochs. */
  epoch: number;
  /** Within the present epoch: number of completed windows, and of completed batches in the next window. */
  window: number;
  batch: number;
  epoch_totals: Totals;
  window_totals: Totals;
  plateau: PlateauState;
  /** The lowest loss an epoch has had (validation, or training without validation rows). */
  best: { epoch: number; step: number; loss: number } | null;
  /** The best loss of early stopping, which differs because an improvement must be at least `min_delta`. */
  stopping: { best: number | null; bad_epochs: number };
  /** Wall clock of all sessions of this run together, in seconds. */
  elapsed_s: number;
  seconds: {
    train: number;
    wait: number;
    validation: number;
    /** Seconds for which training stood still for saves, and seconds of writing beside it. */
    checkpoint: number;
    checkpoint_beside: number;
    diagnostics: number;
    /** Seconds of the evaluation at the end. */
    evaluation: number;
  };
  /** Milliseconds since the last row of epochs.csv. */
  since_row: { checkpoint_ms: number; diagnostics_ms: number };
  started_at: string;
  resumed: number;
  /** The training loss of the run's first step, once it is made. */
  first_loss?: number;
  /** The epoch in which training was first seen to diverge. */
  diverged?: Diverged;
  /** What commands have changed; there from the first one on. */
  steering?: Steered;
}

export function noTotals(): Totals {
  return {
    steps: 0,
    rows: 0,
    nnz: 0,
    loss_rows: 0,
    grad_norm_max: 0,
    open_wait_ms: 0,
    wait_ms: 0,
    forward_ms: 0,
    compute_ms: 0,
  };
}

export function freshState(data: string): TrainState {
  return {
    version: 1,
    start: null,
    data,
    step: 0,
    epoch: 0,
    window: 0,
    batch: 0,
    epoch_totals: noTotals(),
    window_totals: noTotals(),
    plateau: { factor: 1, best: null, badEpochs: 0 },
    best: null,
    stopping: { best: null, bad_epochs: 0 },
    elapsed_s: 0,
    seconds: {
      train: 0,
      wait: 0,
      validation: 0,
      checkpoint: 0,
      checkpoint_beside: 0,
      diagnostics: 0,
      evaluation: 0,
    },
    since_row: { checkpoint_ms: 0, diagnostics_ms: 0 },
    started_at: new Date().toISOString(),
    resumed: 0,
  };
}

/** The config's data settings with the batch size of the present epoch and the masking that commands have set. */
export const dataOfEpoch = (data: DataConfig, { steering }: TrainState): DataConfig => ({
  ...data,
  batch_size: steering?.batch_size ?? data.batch_size,
  mask_rate: steering?.mask_rate ?? data.mask_rate,
});

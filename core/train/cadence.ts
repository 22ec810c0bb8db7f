/** When a save is due if `checkpoint.every_epochs` is null, and what saves cost. */
import type { CheckpointConfig } from "../config/types.ts";
import type { TrainState } from "./state.ts";

export interface SaveCost {
  /** Seconds of the run so far. */
  readonly elapsed: number;
  /**
   * Seconds of that time that count as saves: training stood still, and the share of a core that writing beside it
   * took.
   */
  readonly spent: number;
  /** Expected seconds of what is to be saved next. */
  readonly next: number;
}

/** Assumed seconds per byte before the first save: a disk that writes 200 MB/s. */
const SECONDS_A_BYTE = 5e-9;

/** Whether the time in saves stays below its share after what is to be saved next. */
export function isAffordable({ elapsed, spent, next }: SaveCost, maxShare: number): boolean {
  return spent + next <= maxShare * elapsed;
}

/**
 * Seconds of training that a save costs.
 * @param stopped seconds in which training stood still
 * @param beside seconds of writing beside it: one of so many cores was not training's
 */
export function saveCost(stopped: number, beside: number, cores: number): number {
  return stopped + beside / Math.max(1, cores);
}

export interface CadenceOptions {
  readonly config: Pick<CheckpointConfig, "max_share" | "every_minutes">;
  /** Seconds of the run's saves so far, which change as training goes on. */
  readonly seconds: Pick<TrainState["seconds"], "checkpoint" | "checkpoint_beside">;
  readonly cores: number;
  /** Bytes of a checkpoint's tensors. */
  readonly bytes: number;
  /** Whether checkpoints are written beside the training. */
  readonly beside: boolean;
  /** Seconds since the run began. */
  elapsed(): number;
}

/** The times of a session's saves. */
export class Cadence {
  /** Seconds that one more checkpoint may cost, by the last ones. */
  #cost: number;
  /** When the newest state saved was the present one. */
  #savedAt: number;

  constructor(readonly options: CadenceOptions) {
    const seconds = options.bytes * SECONDS_A_BYTE;
    this.#cost = options.beside ? saveCost(0, seconds, options.cores) : seconds;
    this.#savedAt = options.elapsed();
  }

  /** Whether the time in saves stays within its share after so many more checkpoints. */
  affords(checkpoints: number): boolean {
    const { seconds, config, elapsed, cores } = this.options;
    const spent = saveCost(seconds.checkpoint, seconds.checkpoint_beside, cores);
    return isAffordable({ elapsed: elapsed(), spent, next: checkpoints * this.#cost }, config.max_share);
  }

  /** Whether `every_minutes` have gone by since the newest state saved. */
  get overdue(): boolean {
    return this.options.elapsed() - this.#savedAt >= this.options.config.every_minutes * 60;
  }

  /** Some checkpoints were written: training stood still for `stopped` seconds, and `beside` went by beside it. */
  measured(checkpoints: number, stopped: number, beside: number): void {
    this.#cost = saveCost(stopped, beside, this.options.cores) / checkpoints;
  }

  /** A state of a time of {@linkcode CadenceOptions.elapsed} is saved, or is being saved. */
  saved(at: number): void {
    this.#savedAt = at;
  }
}

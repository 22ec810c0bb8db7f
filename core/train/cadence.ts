/** When a save is due if `checkpoint.every_epochs` is null. */

export interface SaveCost {
  /** Seconds of the run so far. */
  readonly elapsed: number;
  /**
   * Seconds of that time that count as saves: training stood still, and the share of a core that writing beside it
   * took.
   */
  readonly spent: number;
  /** Expected seconds of the next save, as measured at the last one. */
  readonly next: number;
}

/** Assumed seconds per byte before the first save: a disk that writes 200 MB/s. */
export const SECONDS_A_BYTE = 5e-9;

/** Whether the time in saves stays below its share after one more save. */
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

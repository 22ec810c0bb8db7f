/** When a save is due by itself: where `checkpoint.every_epochs` is auto. */

export interface SaveCost {
  /** Seconds of the run so far. */
  readonly elapsed: number;
  /** Of them in saves: training stood still, and what the writing beside it took from it. */
  readonly spent: number;
  /** What the next save will take, by the last one. */
  readonly next: number;
}

/** A save counts this much a byte until one has been made: a disk of 200 MB/s. */
export const SECONDS_A_BYTE = 5e-9;

/** Whether one more save leaves the time in saves below its share. */
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

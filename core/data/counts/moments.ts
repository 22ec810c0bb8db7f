/** Means and variances of columns, zeros included. */
import type { Pass } from "./step.ts";

export interface Moments {
  readonly rows: number;
  readonly mean: Float64Array;
  /** With the divisor rows - 1; 0 where there is one row. */
  readonly variance: Float64Array;
}

/**
 * Two passes: means, then squared differences from them, so that nothing cancels. The zeros of a column, which are not stored, add
 * mean squared each.
 */
export async function momentsOf({ columns, blocks }: Pick<Pass, "columns" | "blocks">): Promise<Moments> {
  const mean = new Float64Array(columns), stored = new Float64Array(columns), variance = new Float64Array(columns);
  let rows = 0;
  for await (const block of blocks()) {
    rows += block.rows;
    for (let at = 0; at < block.data.length; at++) {
      const column = block.indices[at]!;
      mean[column]! += block.data[at]!;
      stored[column]!++;
    }
  }
  for (let column = 0; column < columns; column++) mean[column]! /= Math.max(1, rows);
  for await (const { indices, data } of blocks()) {
    for (let at = 0; at < data.length; at++) variance[indices[at]!]! += (data[at]! - mean[indices[at]!]!) ** 2;
  }
  for (let column = 0; column < columns; column++) {
    variance[column] = (variance[column]! + (rows - stored[column]!) * mean[column]! ** 2) / Math.max(1, rows - 1);
  }
  return { rows, mean, variance };
}

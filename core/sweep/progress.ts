/** How far a run has come, read from its folder. */
import { join } from "@std/path";
import { readCsv } from "../runs/csv_read.ts";
import { readJson } from "../formats/json.ts";
import { EPOCH_COLUMNS, summary } from "../runs/schema.ts";
import type { EpochRow, Summary } from "../runs/types.ts";

const ROWS_MAX = 1_000_000;

/**
 * The loss of a run when an epoch was done: that of the validation rows, else of the training rows. It is the smallest one so
 * far where the run keeps the weights of its best epoch, and otherwise the last one.
 * @returns null where the epoch is not done
 */
export async function lossAfter(path: string, epoch: number, keepsBest: boolean): Promise<number | null> {
  const rows = await readCsv(join(path, "epochs.csv"), EPOCH_COLUMNS, ROWS_MAX).then(({ rows }) => rows, () => []);
  if (!rows.some((row) => row.epoch >= epoch)) return null;
  return lossOf(rows.filter((row) => row.epoch <= epoch), keepsBest);
}

/** The same of a run that has come to its own end, perhaps before the epoch. */
export async function lossAtMost(path: string, epoch: number, keepsBest: boolean): Promise<number | null> {
  const { rows } = await readCsv(join(path, "epochs.csv"), EPOCH_COLUMNS, ROWS_MAX);
  return lossOf(rows.filter((row) => row.epoch <= epoch), keepsBest);
}

/** The last epoch of a run that is logged; null before the first one. */
export async function lastEpoch(path: string): Promise<EpochRow | null> {
  const { rows } = await readCsv(join(path, "epochs.csv"), EPOCH_COLUMNS, 2).catch(() => ({ rows: [] }));
  return rows.at(-1) ?? null;
}

/** How a run has ended, as its summary says, whatever its lock says: it may be that of a machine that is gone. */
export async function summaryOf(path: string): Promise<Summary | null> {
  try {
    return summary(await readJson(join(path, "summary.json"), 16 << 20), "");
  } catch {
    return null; // it is not there, or is just being replaced
  }
}

type Row = { readonly epoch: number; readonly train_loss: number; readonly validation_loss: number | null };

function lossOf(rows: readonly Row[], keepsBest: boolean): number | null {
  // Without validation rows the loss of epoch 0, which is of the starting weights, is not that of an epoch's steps.
  const losses = rows.flatMap(({ epoch, train_loss, validation_loss }) =>
    validation_loss ?? (epoch > 0 ? train_loss : [])
  );
  if (losses.length === 0) return null;
  return keepsBest ? Math.min(...losses) : losses.at(-1)!;
}

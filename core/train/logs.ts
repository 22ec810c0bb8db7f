/**
 * The three CSV logs of a run. The engine writes steps.csv; this module writes chunks.csv and epochs.csv. No row is
 * written twice.
 */
import type { Model } from "../../ffi/model.ts";
import { UserError } from "../errors.ts";
import { EngineError } from "../../ffi/error.ts";
import type { Config } from "../config/types.ts";
import { CsvLog } from "../runs/csv_log.ts";
import type { RunFolder } from "../runs/folder.ts";
import { CHUNK_COLUMNS, columnNames, EPOCH_COLUMNS } from "../runs/schema.ts";
import { inspectSteps } from "../runs/csv_log.ts";
import type { ChunkRow, EpochRow } from "../runs/types.ts";
import type { TrainState } from "./state.ts";

export interface RunLogs {
  chunk(row: ChunkRow): Promise<void>;
  epoch(row: EpochRow): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the logs, which have been cut back to the state. */
export async function openLogs(run: RunFolder, model: Model, config: Config, state: TrainState): Promise<RunLogs> {
  const steps = await inspectSteps(run.file("steps.csv"));
  try {
    model.openLog(run.file("steps.csv"), steps.lastStep, config.logging.every_steps, state.elapsed_s);
  } catch (error) { // not an error of the data, which is what others of the engine are before the first step
    throw error instanceof EngineError ? new UserError("", error.message, undefined, 1) : error;
  }
  const chunks = await CsvLog.open<ChunkRow>(run.file("chunks.csv"), columnNames(CHUNK_COLUMNS), ["epoch", "chunk"]);
  const epochs = await CsvLog.open<EpochRow>(run.file("epochs.csv"), columnNames(EPOCH_COLUMNS), ["epoch"]);
  return {
    chunk: async (row) => void await chunks.append(row),
    epoch: async (row) => void await epochs.append(row),
    sync: async () => {
      await model.syncLog();
      await chunks.sync();
      await epochs.sync();
    },
    close: async () => {
      chunks[Symbol.dispose]();
      epochs[Symbol.dispose]();
      await model.closeLog();
    },
  };
}

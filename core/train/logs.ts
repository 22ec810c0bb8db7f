/** The three CSV logs of a run: steps.csv by the engine, chunks.csv and epochs.csv from here. Each row once, ever. */
import type { Model } from "../../ffi/model.ts";
import type { Config } from "../config/types.ts";
import { CsvLog } from "../runs/csv_log.ts";
import type { RunFolder } from "../runs/folder.ts";
import { inspectSteps } from "../runs/steps.ts";
import type { ChunkRow, EpochRow } from "../runs/types.ts";
import type { TrainState } from "./state.ts";

export interface RunLogs {
  chunk(row: ChunkRow): void;
  epoch(row: EpochRow): void;
  sync(): void;
  close(): void;
}

const CHUNK_COLUMNS = [
  "epoch",
  "chunk",
  "file",
  "first_step",
  "steps",
  "rows",
  "nnz",
  "loss",
  "samples_per_second",
  "open_wait_ms",
  "wait_ms",
  "forward_ms",
  "backward_ms",
  "elapsed_s",
] as const;

const EPOCH_COLUMNS = [
  "epoch",
  "train_loss",
  "validation_loss",
  "learning_rate",
  "samples_per_second",
  "elapsed_s",
  "steps",
  "rows",
  "wait_ms",
  "train_ms",
  "validation_ms",
  "checkpoint_ms",
  "diagnostics_ms",
  "grad_norm_max",
] as const;

/** Opens the logs; what an earlier session wrote past the checkpoint stays and is not written again. */
export async function openLogs(run: RunFolder, model: Model, config: Config, state: TrainState): Promise<RunLogs> {
  const steps = await inspectSteps(run.file("steps.csv"));
  model.openLog(run.file("steps.csv"), steps.lastStep, config.logging.every_steps, state.elapsed_s);
  const chunks = await CsvLog.open<ChunkRow>(run.file("chunks.csv"), CHUNK_COLUMNS, ["epoch", "chunk"]);
  const epochs = await CsvLog.open<EpochRow>(run.file("epochs.csv"), EPOCH_COLUMNS, ["epoch"]);
  return {
    chunk: (row) => chunks.append(row),
    epoch: (row) => epochs.append(row),
    sync: () => {
      chunks.sync();
      epochs.sync();
    },
    close: () => {
      chunks.close();
      epochs.close();
    },
  };
}

export async function closeLogs(logs: RunLogs, model: Model): Promise<void> {
  logs.close();
  await model.closeLog();
}

/**
 * Narrows as a library: what the command line does, from code.
 * @module
 */
export { loadConfig, type LoadedConfig } from "./core/config/mod.ts";
export type { Config, Layer, Transform } from "./core/config/types.ts";
export { openSource, type Part, type Source } from "./core/data/source.ts";
export { train, type TrainOptions } from "./core/train/train.ts";
export { embedTo, reconstructTo, type Restored, restoreRun } from "./core/train/restore.ts";
export { evaluatePart, metricsOf } from "./core/train/evaluate.ts";
export { dryRun } from "./core/train/dry_run.ts";
export type { TrainObserver } from "./core/train/trainer.ts";
export { readRun } from "./core/runs/read.ts";
export type { RunData, Summary } from "./core/runs/types.ts";
export { UserError } from "./core/errors.ts";
export { writeReport } from "./reports/mod.ts";
export { BatchCreator } from "./ffi/batches.ts";
export { Chunk, getNpzChunkCsrArrayPointers } from "./ffi/chunk.ts";
export { engineInfo } from "./ffi/info.ts";
export { Model } from "./ffi/model.ts";
export { VERSION } from "./core/version.ts";

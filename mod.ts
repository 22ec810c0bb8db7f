/**
 * Narrows as a library: what the command line does, from code.
 * @module
 */
export { loadConfig, type LoadedConfig } from "./core/config/mod.ts";
export type { Config, Layer, Transform } from "./core/config/types.ts";
export { openData } from "./core/data/open.ts";
export { openSource, type Part, type Source } from "./core/data/source.ts";
export type { MemoryData, RowChunk } from "./core/data/memory.ts";
export { train, type Trained, type TrainOptions } from "./core/train/train.ts";
export { type TrainedReplica, trainReplicas, type TrainReplicasOptions } from "./core/train/train_replicas.ts";
export { type Restored, type RestoreOptions, restoreRun } from "./core/train/restore.ts";
export { embedTo } from "./core/results/embed.ts";
export { reconstructTo } from "./core/results/reconstruct.ts";
export { type Exported, type ExportFormat, type ExportOptions, exportRun } from "./core/export/export.ts";
export { embed, evaluate, reconstruct, type ResultOptions, type RowMatrix } from "./core/train/results.ts";
export { evaluatePart, metricsOf } from "./core/evaluation/evaluate.ts";
export { dryRun } from "./core/train/dry_run.ts";
export { Desk } from "./core/steer/desk.ts";
export type { Command } from "./core/steer/command.ts";
export type { Edit } from "./core/steer/journal.ts";
export type { TrainObserver } from "./core/train/trainer.ts";
export type { Held, Position, RunEvent, Sink, StartEvent, Tell } from "./core/events/mod.ts";
export type { OwnAnswer, OwnContext, OwnDiagnostic, OwnPart } from "./core/diagnostics/own_types.ts";
export { readRun } from "./core/runs/read.ts";
export type { RunData, SplitMetrics, Summary } from "./core/runs/types.ts";
export { UserError } from "./core/errors.ts";
export { writeReport } from "./reports/mod.ts";
export type { CsrArrays, DenseArrays, IndexArray, MatrixArrays, ValueArray } from "./ffi/arrays.ts";
export { BatchCreator } from "./ffi/batches.ts";
export { Chunk, getNpzChunkCsrArrayPointers } from "./ffi/chunk.ts";
export { engineInfo } from "./ffi/info.ts";
export { Model } from "./ffi/model.ts";
export { VERSION } from "./core/version.ts";

/** `train --dry-run`: does everything that a run does up to its first step, without a run folder. */
import { choiceText, chooseEngine } from "../build/choose.ts";
import type { Config } from "../config/types.ts";
import { checkAnnotations } from "../data/annotations.ts";
import { checkValues } from "../data/check.ts";
import { keepOpen } from "../data/chunk_cache.ts";
import { type MemoryData, MemoryRows } from "../data/memory.ts";
import { batchCount, requireSteps, stepsOf, trainingPlan } from "../data/plan.ts";
import { openData } from "../data/open.ts";
import type { PreparingProgress } from "../data/prepare.ts";
import { dataError, type Part, PARTS } from "../data/source.ts";
import { withRowFiles } from "../data/row_files.ts";
import type { LayerRow } from "../runs/types.ts";
import { requireRunsFolder, runWarnings } from "./run_checks.ts";
import { settled } from "./epochs.ts";
import { estimateMemory } from "./memory.ts";
import { noteData } from "./run_data.ts";
import { type Chosen, chosenFor } from "./chosen.ts";
import { sortedWarning } from "./shuffling.ts";
import { chooseSolver } from "./solver.ts";
import { chooseStart } from "./start_layers.ts";
import { type TriedBatch, tryBatch } from "./try_batch.ts";
import { checkMemory, describeModel, layerRows, type MemoryEstimate, precisionNote, threadCount } from "./network.ts";

export type { TriedBatch };

export interface DryRun {
  readonly dense: boolean;
  readonly files: number;
  readonly rows: number;
  readonly columns: number;
  readonly nnz: number;
  readonly partRows: Readonly<Record<Part, number>>;
  readonly stepsPerEpoch: number;
  readonly steps: number;
  readonly epochs: number;
  readonly layers: readonly LayerRow[];
  readonly parameters: number;
  readonly memory: MemoryEstimate;
  /** The engine library that is used, and why. */
  readonly engine: string;
  readonly threads: number;
  readonly precision: string;
  /** The output layer's solver, and why it was chosen. */
  readonly solver: string;
  /** With what the network begins, and why. */
  readonly start: string;
  /** What `auto` stands for. */
  readonly chosen: readonly Chosen[];
  /** Forward and backward pass of one batch of each part, or of its first rows where a batch would take long. */
  readonly batches: readonly TriedBatch[];
}

/**
 * @param data rows in memory, in the place of the config's files
 * @throws {UserError} for anything that would prevent the run from starting.
 */
export async function dryRun(
  asked: Config,
  note?: (text: string) => void,
  data?: MemoryData,
  progress?: (progress: PreparingProgress) => void,
): Promise<DryRun> {
  using rows = data === undefined ? null : new MemoryRows(data);
  requireRunsFolder(asked);
  const engine = choiceText(chooseEngine(asked, note));
  const source = await withRowFiles(await openData(asked, rows, { note, progress }), asked, { note });
  using _chunks = keepOpen(source.files);
  const config = settled(asked, source);
  requireSteps(source, config.data);
  for (const warning of runWarnings(config, source)) note?.(warning);
  const { labels } = await checkAnnotations(config.data, source, note);
  const sorted = sortedWarning(config, source, labels);
  if (sorted) note?.(`warning: ${sorted}`);
  noteData(config, source, note ?? (() => {}));
  using model = describeModel(config, source);
  const memory = estimateMemory(config, source, model);
  checkMemory(memory);
  const odd = await checkValues(source, config).catch((error) => Promise.reject(dataError(error)));
  for (const line of odd) note?.(`warning: ${line}`);
  model.build();
  const layers = layerRows(model.layers());
  const batches = [];
  for (const part of PARTS) {
    if (batchCount(source.partRows[part], { ...config.data, last_batch: "keep" }) === 0) continue;
    const result = await tryBatch(config, model, source, part, { note });
    if (result) batches.push(result);
  }
  const choice = chooseSolver(config, source), start = chooseStart(config, source);
  const stepsPerEpoch = stepsOf(trainingPlan(source, config.data, 1));
  return {
    dense: source.dense,
    files: source.files.length,
    rows: source.rows,
    columns: source.columns,
    nnz: source.nnz,
    partRows: source.partRows,
    stepsPerEpoch,
    epochs: config.training.epochs,
    steps: Math.min(stepsPerEpoch * config.training.epochs, config.training.max_steps ?? Infinity),
    layers,
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    memory,
    engine,
    threads: threadCount(config),
    precision: precisionNote(config),
    solver: `${choice.solver}: ${choice.reason}`,
    start: `${start.start}: ${start.reason}`,
    chosen: chosenFor(config, source, asked),
    batches,
  };
}

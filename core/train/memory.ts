/** An estimate of a run's memory, made before anything large is allocated. */
import { engineInfo } from "../../ffi/info.ts";
import type { Model } from "../../ffi/model.ts";
import type { Config } from "../config/types.ts";
import { chunkBytes, isKept } from "../data/chunk_cache.ts";
import { trainingPlan } from "../data/plan.ts";
import type { Source } from "../data/source.ts";
import type { MemoryEstimate } from "./network.ts";
import { chooseStart } from "./start_layers.ts";

/** The copies of the tensors for saves beside the training: one that is being written, and one of the best epoch. */
const copiesOf = ({ checkpoint }: Config) => checkpoint.best ? 2 : 1;

/** Whether what enters the network differs from what is reconstructed. */
const hasOwnInput = ({ data }: Config) => data.mask_rate > 0 || data.input_transforms.length > 0;

/**
 * Bytes of principal components at the start: two bases of twice as many columns, the components, and the weights made of them.
 */
function startBytes(config: Config, source: Source, model: Model): number {
  if (chooseStart(config, source).start === "random") return 0;
  return 4 * source.columns * model.latentSize * (2 * 2 + 3);
}

/**
 * Bytes of one batch in the queue: CSR and CSC of its non-zeros, or a dense matrix; the input a second time where it differs.
 */
function batchBytes(config: Config, dense: boolean, rows: number, nnzPerRow: number): number {
  if (dense) {
    return (rows + 47) * nnzPerRow * (hasOwnInput(config) ? 8 : 4) + rows * 8;
  }
  const perEntry = 16 + (hasOwnInput(config) ? 8 : 0);
  return rows * nnzPerRow * perEntry + rows * 12 + Math.min(rows * nnzPerRow, 1e9) * 8;
}

/**
 * Parameters, optimizer state and workspace come from the engine; data is two windows of chunks, or all chunks of a source
 * that is kept open (as they lie in memory: mapped members count as read; rows from memory are there already), and two queues.
 * The number of copies for saves depends on the memory that is left.
 */
export function estimateMemory(config: Config, source: Source, model: Model): MemoryEstimate {
  const { data } = config;
  const nnzPerRow = source.rows > 0 ? source.nnz / source.rows : 0;
  const engine = model.estimate(data.batch_size, nnzPerRow);
  const bytes = (files: Source["files"]) => files.reduce((sum, file) => sum + (file.memory ? 0 : chunkBytes(file)), 0);
  const windows = trainingPlan(source, data, 1).map(({ files }) => bytes(files)).sort((a, b) => b - a);
  const chunks = isKept(source.files) ? bytes(source.files) : (windows[0] ?? 0) + (windows[1] ?? 0);
  const queues = 2 * (data.preload_batches + data.workers + 1) *
    batchBytes(config, source.dense, data.batch_size, nnzPerRow);
  const runtime = 150e6; // Deno itself
  const dataBytes = chunks + queues + runtime;
  const limit = config.runtime.memory_gb > 0 ? config.runtime.memory_gb * 1e9 : Number(engineInfo().memory_available);
  const workspace = Math.max(engine.workspace, startBytes(config, source, model)); // one after the other
  const needed = engine.parameters + engine.optimizer + workspace + dataBytes;
  const copy = engine.parameters + engine.optimizer;
  const copies = Math.min(copiesOf(config), Math.max(0, Math.floor((limit - needed) / copy)));
  return {
    parameters: engine.parameters,
    optimizer: engine.optimizer,
    workspace,
    data: dataBytes,
    copies,
    copy,
    total: needed + copies * copy,
    available: limit,
  };
}

/** summary.json: how a run ended. */
import type { Model } from "../../ffi/model.ts";
import type { Config } from "../config/types.ts";
import { type Part, PARTS, type Source } from "../data/source.ts";
import type { RunStatus, SplitMetrics, Summary } from "../runs/types.ts";
import { evaluatePart, type Evaluation, type EvaluationProgress, metricsOf } from "../evaluation/evaluate.ts";
import type { Session } from "./session.ts";

/** Metrics of every part, and the sums of the part that diagnostics look at. */
export async function finalMetrics(
  model: Model,
  source: Source,
  config: Config,
  progress?: (info: EvaluationProgress) => void,
): Promise<{ metrics: Summary["metrics"]; validation: Evaluation | null }> {
  const metrics: Record<Part, SplitMetrics | null> = { train: null, validation: null, test: null };
  const looked = source.partRows.validation > 0 ? "validation" : "train";
  let validation: Evaluation | null = null;
  for (const part of PARTS) {
    if (source.partRows[part] === 0) continue;
    const evaluation = await evaluatePart(model, source, part, config, { byColumn: true, progress });
    metrics[part] = metricsOf({ ...evaluation, columns: evaluation.columns! }, model);
    if (part === looked) validation = evaluation;
  }
  return { metrics, validation };
}

/** The most memory this process has held, in bytes. */
export function peakMemory(): number {
  try {
    const match = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"));
    if (match) return Number(match[1]) * 1024;
  } catch { /* not Linux */ }
  return Deno.memoryUsage().rss;
}

export function summarise(
  session: Session,
  ending: {
    status: RunStatus;
    reason: string;
    metrics: Summary["metrics"] | null;
    baseline?: Summary["baseline"];
    neighbours?: Summary["neighbours"];
    rowErrors?: Summary["row_errors"];
    evaluated: Summary["evaluated"];
    /** Seconds of the save at the end, without what went on beside it. */
    saved?: number;
  },
): Summary {
  const { state, source, model, options: { config } } = session;
  return {
    name: config.name,
    status: ending.status,
    reason: ending.reason,
    started_at: state.started_at,
    ended_at: new Date().toISOString(),
    steps: state.step,
    epochs: state.epoch,
    best_epoch: state.best?.epoch ?? null,
    best_loss: state.best?.loss ?? null,
    evaluated: ending.evaluated,
    parameters: model.layers().reduce((sum, layer) => sum + layer.parameters, 0),
    columns: source.columns,
    rows: source.partRows,
    metrics: ending.metrics ?? { train: null, validation: null, test: null },
    ...state.diverged ? { diverged: state.diverged } : {},
    ...ending.baseline ? { baseline: ending.baseline } : {},
    ...ending.neighbours ? { neighbours: ending.neighbours } : {},
    ...ending.rowErrors ? { row_errors: ending.rowErrors } : {},
    seconds: { total: session.elapsed(), ...state.seconds, checkpoint_end: ending.saved ?? null },
    peak_memory_bytes: peakMemory(),
    resumed: state.resumed,
  };
}

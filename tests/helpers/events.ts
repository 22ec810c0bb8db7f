/** Events as a session tells them, for tests of sinks. */
import type { EpochEvent, RunEvent, StartEvent, StepsEvent } from "../../core/events/types.ts";
import type { ChunkRow, EpochRow, StepRow } from "../../core/runs/types.ts";

export function stepRow(step: number, epoch: number): StepRow {
  return {
    ...{ step, epoch, chunk: 0, batch: step, rows: 16, loss: Math.fround(1 / step), learning_rate: 0.001 },
    ...{
      grad_norm: Math.fround(step / 7),
      samples_per_second: 1000.5,
      wait_ms: 0.125,
      step_ms: 1.5,
      elapsed_s: step / 10,
    },
  };
}

export function steps(first: number, last: number, epoch: number): StepsEvent {
  const rows = Array.from({ length: last - first + 1 }, (_, i) => stepRow(first + i, epoch));
  const names = Object.keys(rows[0]!) as (keyof StepRow)[];
  const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));
  return { event: "steps", ...columns } as unknown as StepsEvent;
}

export function chunkRow(epoch: number, chunk: number, firstStep: number, count: number): ChunkRow {
  return {
    ...{ epoch, chunk, file: "rows.npz", first_step: firstStep, steps: count, rows: 16 * count, nnz: 99, loss: 0.5 },
    ...{ samples_per_second: 1000, open_wait_ms: 0, wait_ms: 1, forward_ms: 2, backward_ms: 3, elapsed_s: 1 },
  };
}

export function epochRow(epoch: number): EpochRow {
  return {
    ...{
      epoch,
      train_loss: 1 / (3 * epoch),
      validation_loss: epoch === 1 ? null : 1 / (7 * epoch),
      learning_rate: 0.001,
    },
    ...{ samples_per_second: 900, elapsed_s: epoch, steps: 5, rows: 80, wait_ms: 1, train_ms: 2, validation_ms: 3 },
    ...{ checkpoint_ms: 4, diagnostics_ms: 5, grad_norm_max: 0.7 },
  };
}

export const epochDone = (epoch: number, step: number): EpochEvent => ({ event: "epoch", step, ...epochRow(epoch) });

export const START: StartEvent = {
  ...{ event: "start", time: "2026-01-02T03:04:05.678Z", run_started_at: "2026-01-02T03:04:05.600Z" },
  ...{ run: "small-20260102-030405-abcdef", path: "/runs/small", name: "small", title: "A title", description: "Why" },
  ...{ group: "g", tags: ["a", "b"], step: 0, epoch: 0, resumed: 0 },
  config: { name: "small", seed: 7, optimizer: { name: "adam", learning_rate: 0.001 } },
  environment: { narrows: "0.1.0", host: "machine", command_line: ["train", "small.yaml"] },
  model: [],
  parameters: 12,
  data: { rows: { train: 80, validation: 10, test: 10 }, columns: 6 },
};

/** Two epochs of five steps and one window each, a note, a checkpoint and an end. */
export const COURSE: readonly RunEvent[] = [
  START,
  steps(1, 5, 1),
  { event: "chunk", step: 5, ...chunkRow(1, 0, 1, 5) },
  epochDone(1, 5),
  { event: "checkpoint", step: 5, path: "checkpoints/step-000000005", best: true },
  steps(6, 8, 2),
  { event: "note", step: 8, text: "a note" },
  steps(9, 10, 2),
  { event: "chunk", step: 10, ...chunkRow(2, 0, 6, 5) },
  epochDone(2, 10),
];

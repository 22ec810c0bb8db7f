/** What happens in a run, as plain values: the stream that loggers read. */
import { checkpointName } from "../checkpoint/layout.ts";
import type { ChunkRow, EditRow, Environment, EpochRow, LayerRow, StepRow, Summary } from "../runs/types.ts";

/** The first event of a session. */
export interface StartEvent {
  readonly event: "start";
  /** When the session began; ISO 8601, UTC. */
  readonly time: string;
  /** When the run's first session began. */
  readonly run_started_at: string;
  /** The name of the run folder, and its path. */
  readonly run: string;
  readonly path: string;
  readonly name: string;
  readonly title: string | null;
  readonly description: string | null;
  readonly group: string | null;
  readonly tags: readonly string[];
  /** Steps and epochs done before this session: what lies after them no longer counts. */
  readonly step: number;
  readonly epoch: number;
  /** How often the run was resumed; 0 in its first session. */
  readonly resumed: number;
  /** The resolved config, as config.yaml has it. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  /** The table of layers. */
  readonly model: readonly LayerRow[];
  readonly parameters: number;
  readonly data: {
    readonly rows: { readonly train: number; readonly validation: number; readonly test: number };
    readonly columns: number;
  };
}

/** The rows of steps.csv since the event before, by column; all columns have the same length, which is above 0. */
export type StepsEvent = { readonly event: "steps" } & { readonly [C in keyof StepRow]: readonly number[] };

/** A row of chunks.csv. `step`: the number of steps done then. */
export type ChunkEvent = { readonly event: "chunk"; readonly step: number } & ChunkRow;

/** A row of epochs.csv. `step`: the number of steps done then. */
export type EpochEvent = { readonly event: "epoch"; readonly step: number } & EpochRow;

/** A checkpoint is on disk. It is written beside the training, so later steps may stand before it. */
export interface CheckpointEvent {
  readonly event: "checkpoint";
  readonly step: number;
  /** Below the run folder. */
  readonly path: string;
  /** Whether it is of the best epoch so far. */
  readonly best: boolean;
}

/** The data of a diagnostic are on disk. */
export interface DiagnosticEvent {
  readonly event: "diagnostic";
  readonly name: string;
  readonly step: number;
  readonly epoch: number;
  /** Below the run folder. */
  readonly path: string;
  /** Whether it was made at the end of a run, of the weights that its metrics are of. */
  readonly final: boolean;
}

/** A command that a person or a script gave to the run has taken effect before the next step; a line of edits.jsonl. */
export interface EditEvent extends EditRow {
  readonly event: "edit";
}

/** What is printed while training. */
export interface NoteEvent {
  readonly event: "note";
  readonly step: number;
  readonly text: string;
}

/** The last event of a session that was not killed. */
export interface EndEvent {
  readonly event: "end";
  readonly time: string;
  readonly step: number;
  readonly summary: Summary;
}

export type RunEvent =
  | StartEvent
  | StepsEvent
  | ChunkEvent
  | EpochEvent
  | CheckpointEvent
  | DiagnosticEvent
  | EditEvent
  | NoteEvent
  | EndEvent;

/** Rows that an event holds: what a queue's bound is counted in. */
export function rowsOf(event: RunEvent): number {
  return event.event === "steps" ? event.step.length : 1;
}

/** The checkpoint that an event tells: a new one, or the one from which a session goes on; null if there is none. */
export function checkpointOf(event: RunEvent): { readonly step: number; readonly path: string } | null {
  if (event.event === "checkpoint") return event;
  if (event.event !== "start" || event.step === 0) return null;
  return { step: event.step, path: `checkpoints/${checkpointName(event.step)}` };
}

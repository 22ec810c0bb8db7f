/** What a run folder holds, as plain data: what the Trainer writes and what reports and analyses read. */
import type { GraphParts } from "./graph_parts.ts";

/** A row of steps.csv (written by the engine). */
export interface StepRow {
  readonly step: number;
  readonly epoch: number;
  readonly chunk: number;
  readonly batch: number;
  readonly rows: number;
  readonly loss: number;
  readonly learning_rate: number;
  readonly grad_norm: number;
  readonly samples_per_second: number;
  readonly wait_ms: number;
  readonly step_ms: number;
  readonly elapsed_s: number;
}

/** A row of chunks.csv: one pass over one chunk (or shuffle window) in one epoch. */
export interface ChunkRow {
  readonly epoch: number;
  readonly chunk: number;
  /** File name(s) of the window, joined by "+". */
  readonly file: string;
  readonly first_step: number;
  readonly steps: number;
  readonly rows: number;
  readonly nnz: number;
  readonly loss: number;
  readonly samples_per_second: number;
  /** Waiting for the chunk to be open, then for batches, then forward, then backward and update. */
  readonly open_wait_ms: number;
  readonly wait_ms: number;
  readonly forward_ms: number;
  readonly backward_ms: number;
  readonly elapsed_s: number;
}

/** A row of epochs.csv. Epoch 0 has the losses before the first step, where the network begins with computed weights. */
export interface EpochRow {
  readonly epoch: number;
  readonly train_loss: number;
  readonly validation_loss: number | null;
  readonly learning_rate: number;
  readonly samples_per_second: number;
  readonly elapsed_s: number;
  readonly steps: number;
  readonly rows: number;
  readonly wait_ms: number;
  readonly train_ms: number;
  readonly validation_ms: number;
  readonly checkpoint_ms: number;
  readonly diagnostics_ms: number;
  readonly grad_norm_max: number;
}

/** Error of one split. Per-column figures are over the columns that vary. */
export interface SplitMetrics {
  readonly rows: number;
  readonly nnz: number;
  /** The config's loss. */
  readonly loss: number;
  /** Mean over rows and columns. */
  readonly mse: number;
  readonly rmse: number;
  /** 1 - SSE / (sum of squares about this split's column means): explained variance against the mean predictor. */
  readonly r2: number;
  /** SSE of predicting this split's column means, per row and column. */
  readonly mse_mean_predictor: number;
  /** Mean over columns of each column's R2, below -1 taken as -1 (columns of no variance left out). */
  readonly column_r2_mean: number;
  readonly column_r2_median: number;
  readonly columns_varying: number;
  /** What `loss` is weighted by; absent where all rows and columns count alike, as they do in all other figures. */
  readonly weighted?: string | null;
  /** Of a loss that is a negative log-likelihood: with all constants, the mean over rows, and over rows and columns. */
  readonly log_likelihood_per_row?: number | null;
  readonly log_likelihood_per_value?: number | null;
  /** 1 - deviance / deviance of predicting this split's column means, under the model's dispersions. */
  readonly deviance_explained?: number | null;
  /** Of a code of few values: the mean number of its units that are not 0 (L0), and the share that is 0 for all rows. */
  readonly code_active?: number | null;
  readonly code_dead?: number | null;
  /**
   * Of a variational code: the mean KL divergence from the prior in nats a row, and the share of its units that have collapsed to the
   * prior (core/diagnostics/divergence.ts).
   */
  readonly code_kl?: number | null;
  readonly code_collapsed?: number | null;
  /** 1 - r2, as papers on such codes tell it. */
  readonly variance_unexplained?: number | null;
  /** Rows of the whole part where these figures are of a sample of them. */
  readonly sampled_from?: number | null;
  /** Of a fork: how many rows of a part that is held out its weights were trained on before. */
  readonly trained_before?: number | null;
}

/** What a model without training, of the same size and on the same rows, reaches. */
export interface BaselineMetrics {
  readonly rows: number;
  readonly mse: number;
  readonly r2: number;
}

/** How well rows of the same label lie together. */
export interface LabelScores {
  readonly accuracy: number;
  readonly silhouette: number;
}

/** How much reconstructions are like their rows; core/diagnostics/row_measures.ts has the definitions. */
export interface RowMeasures {
  readonly rows: number;
  readonly mse: number;
  readonly snr_db?: number | null;
  readonly psnr_db?: number | null;
  readonly peak: number;
  readonly correlation?: number | null;
  readonly spectral_convergence?: number | null;
}

/** How well the error of a row tells anomalies from ordinary rows. */
export interface AnomalyScores {
  readonly ordinary_rows: number;
  readonly anomalous_rows: number;
  readonly auc: number;
  readonly auc_low: number;
  readonly auc_high: number;
}

/** One session of a run, as sessions.json lists it; which fields there are is for the reader to find out. */
export type Session = Readonly<Record<string, unknown>>;

export type RunStatus = "running" | "finished" | "stopped" | "failed";

/** Training that diverged while its loss was still a number. */
export interface Diverged {
  /** The first epoch in which that was seen, and its training loss. */
  readonly epoch: number;
  readonly loss: number;
  readonly first_loss: number;
}

export interface Summary {
  readonly name: string;
  readonly status: RunStatus;
  /** Why it ended: "epochs", "max_steps", "early_stopping", a signal's name, or the error's line. */
  readonly reason: string;
  readonly started_at: string;
  readonly ended_at: string;
  readonly steps: number;
  readonly epochs: number;
  readonly best_epoch: number | null;
  readonly best_loss: number | null;
  /** Which weights the metrics and the diagnostics are of: the best epoch's where it was kept, else the last ones. */
  readonly evaluated: { readonly checkpoint: "best" | "latest"; readonly epoch: number; readonly step: number } | null;
  readonly parameters: number;
  readonly columns: number;
  readonly rows: { readonly train: number; readonly validation: number; readonly test: number };
  readonly metrics: {
    readonly train: SplitMetrics | null;
    readonly validation: SplitMetrics | null;
    readonly test: SplitMetrics | null;
  };
  /** Where training diverged while its loss was still a number. */
  readonly diverged?: Diverged | null;
  /** Principal component analysis with as many components as there are latent units, where it was measured. */
  readonly baseline?: {
    readonly pca?: {
      readonly components?: number | null;
      readonly train?: BaselineMetrics | null;
      readonly validation?: BaselineMetrics | null;
      readonly test?: BaselineMetrics | null;
    } | null;
    /** What to try where the network explains less than it. */
    readonly advice?: string | null;
  } | null;
  /** Of the diagnostic `neighbours`, where there are labels. */
  readonly neighbours?: {
    readonly of: "held_out" | "leave_one_out";
    readonly neighbours: number;
    readonly rows: number;
    readonly reference_rows: number;
    readonly labels: number;
    readonly commonest: number;
    readonly latent: LabelScores;
    readonly pca?: LabelScores | null;
  } | null;
  /** Of the diagnostic `row_errors`, of the rows that it looks at. */
  readonly row_errors?: {
    readonly train?: RowMeasures | null;
    readonly validation?: RowMeasures | null;
    readonly test?: RowMeasures | null;
    readonly anomalies?: AnomalyScores | null;
  } | null;
  readonly seconds: {
    readonly total: number;
    readonly train: number;
    readonly wait: number;
    readonly validation: number;
    /** In which training stood still for saves. */
    readonly checkpoint: number;
    /** Of these, at the end of the run, when nothing is trained any more. */
    readonly checkpoint_end?: number | null;
    /** Of preparing memory for checkpoints and writing them beside the run: no part of the total. */
    readonly checkpoint_beside?: number | null;
    readonly diagnostics: number;
    /** Of the metrics at the end. */
    readonly evaluation?: number | null;
  };
  readonly peak_memory_bytes: number;
  readonly resumed: number;
}

/** environment.json: an object of strings, numbers and lists; `command_line` and `isa_reason` among them. */
export type Environment = Readonly<Record<string, unknown>>;

/** A row of model.json: the model table. */
export interface LayerRow {
  readonly name: string;
  readonly kind: string;
  /** e.g. "slope 0.01", "tied", "tile-fused". */
  readonly detail: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Channels first, where it has more than one dimension. */
  readonly input_shape?: readonly number[] | null;
  readonly output_shape?: readonly number[] | null;
  readonly parameters: number;
}

/** A column whose values colour a map of the rows. */
export interface LatentColumn {
  readonly column: number;
  readonly name: string;
  /** Of a linear fit of the column to the coordinates on the map. */
  readonly r2: number;
  /** One a row. */
  readonly values: readonly number[];
}

/** diagnostics/epoch-NNNN/latent.json: embeddings of at most `diagnostics.max_rows` rows. */
export interface LatentDiagnostic {
  readonly epoch: number;
  readonly split: string;
  /** Rows in the file order of the data set. */
  readonly rows: readonly number[];
  readonly latent_size: number;
  /** Scores on the first components, rows x 2 (or x 1 for a latent of size 1). */
  readonly scores: readonly (readonly number[])[];
  /** Share of the latent's variance by component, falling: all components, or the leading ones of a latent of more than 256 units. */
  readonly explained: readonly number[];
  /** One a row, where the config names labels. */
  readonly labels: readonly string[] | null;
  readonly columns?: readonly LatentColumn[];
  /** Names and numbers in the config that no column has. */
  readonly unknown_columns?: readonly string[];
}

/** diagnostics/epoch-NNNN/reconstruction.json: truth against reconstruction of the most variable columns. */
export interface ReconstructionDiagnostic {
  readonly epoch: number;
  readonly split: string;
  readonly rows: readonly number[];
  readonly columns: readonly {
    readonly column: number;
    readonly name: string;
    readonly truth: readonly number[];
    readonly reconstruction: readonly number[];
    readonly r2: number;
  }[];
}

/** diagnostics/epoch-NNNN/columns.json: error of every varying column of one split. */
export interface ColumnsDiagnostic {
  readonly epoch: number;
  readonly split: string;
  readonly column: readonly number[];
  readonly name: readonly string[] | null;
  readonly mean: readonly number[];
  readonly variance: readonly number[];
  readonly mse: readonly number[];
}

/** A line of edits.jsonl: a command that took effect after `step` steps. */
export interface EditRow {
  /** From 1, one after the other. */
  readonly edit: number;
  readonly step: number;
  readonly epoch: number;
  readonly at: string;
  readonly command: Readonly<Record<string, unknown>>;
  /** What it replaced, where it changed something. */
  readonly before?: number | boolean;
}

/** A run read back. What is missing or not yet written is null or empty; `problems` says what could not be read. */
export interface RunData {
  readonly path: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly configText: string;
  readonly environment: Environment | null;
  /** data.json: what it was trained on; null where it has none. */
  readonly data: Readonly<Record<string, unknown>> | null;
  /** All sessions of the run, oldest first; empty where none are listed. */
  readonly sessions: readonly Session[];
  /** edits.jsonl: commands that the run took, in their order. */
  readonly edits: readonly EditRow[];
  readonly summary: Summary | null;
  readonly model: readonly LayerRow[];
  /** The parts of its networks of neurons. */
  readonly graphs: readonly GraphParts[];
  readonly steps: readonly StepRow[];
  readonly chunks: readonly ChunkRow[];
  readonly epochs: readonly EpochRow[];
  readonly latent: LatentDiagnostic | null;
  readonly reconstruction: ReconstructionDiagnostic | null;
  readonly columns: ColumnsDiagnostic | null;
  /** What all diagnostics of the same epoch wrote, by their names, as it was read; core/diagnostics has their decoders. */
  readonly diagnostics: Readonly<Record<string, unknown>>;
  /** The same, and that of the latent space, of other epochs, by rising epoch: of many those that are evenly spread. */
  readonly history: readonly { readonly epoch: number; readonly diagnostics: Readonly<Record<string, unknown>> }[];
  /** Rows in the log files: more than in the lists above where a long log was thinned. */
  readonly logged: { readonly steps: number; readonly chunks: number; readonly epochs: number };
  readonly problems: readonly string[];
}

/**
 * The config as the rest of the program sees it: complete, checked, readonly. Only core/config makes one.
 * Key names are the YAML's (snake_case), so a dotted override path is also the path here.
 */
import type { Layer, Loss, Optimizer } from "../../spec/network.ts";
import type { DataFormat } from "./data_formats.ts";

export type { FieldValue, Layer, Loss, Optimizer } from "../../spec/network.ts";

/** One transform of a stored value, in the order given. Zeros stay zeros under all of them but the random ones. */
export type Transform =
  | { readonly kind: "library_size"; readonly target: number }
  | { readonly kind: "log1p" }
  | { readonly kind: "scale"; readonly factor: number }
  | { readonly kind: "clip"; readonly min: number; readonly max: number }
  | { readonly kind: "binarize"; readonly threshold: number }
  | RandomTransform;

/** A transform that is the same in training and afterwards. */
export type FixedTransform = Exclude<Transform, RandomTransform>;

/** A change of a dense row at random, drawn anew in each epoch, of training rows only. */
export type RandomTransform =
  /** Reverses an axis of half of the rows. */
  | { readonly kind: "flip"; readonly axis: "horizontal" | "vertical" }
  /** Moves a row by up to so many places along each axis; what lies beyond an edge has the value at the edge. */
  | { readonly kind: "shift"; readonly height: number; readonly width: number }
  /** Multiplies the row by a number between two. */
  | { readonly kind: "gain"; readonly low: number; readonly high: number }
  /** Adds normal noise. */
  | { readonly kind: "noise"; readonly deviation: number }
  /** Changes the sign of half of the rows. */
  | { readonly kind: "polarity" };

/** What stays together in one part: the rows of a file, or of a group by a file (absolute) or a table of rows. */
export type Together = "files" | { readonly group: string };

/** Shares of the rows by seeded hash, or lists of files (paths or globs). */
export type Split =
  | {
    readonly by: "rows";
    /** Absent where each row is for itself. */
    readonly together?: Together;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    readonly seed: number;
  }
  | {
    readonly by: "files";
    readonly train: readonly string[];
    readonly validation: readonly string[];
    readonly test: readonly string[];
  };

export interface DataConfig {
  readonly format: DataFormat;
  /** A file, a folder or a glob, absolute. Empty with format memory, and perhaps with `split.by: files`. */
  readonly path: string;
  /** The array in a file of several. */
  readonly member: string | null;
  /** Settings of the format's reader, which checks them. */
  readonly reader: Readonly<Record<string, unknown>>;
  /** Steps of preparing signals, which core/data/steps checks. */
  readonly steps: readonly unknown[];
  readonly cache: "auto" | "refresh" | "readonly" | "off";
  /** Of a row, channels first; null where it has no shape but its length. */
  readonly shape: readonly number[] | null;
  /** Of the order of files and rows, masks and random transforms; the run's own where none is set. */
  readonly seed: number;
  readonly batch_size: number;
  readonly last_batch: "keep" | "drop";
  readonly shuffle: boolean;
  /** Chunks whose rows are shuffled together. Infinity stands for `auto` until the data are known. */
  readonly shuffle_window: number;
  readonly workers: number;
  readonly preload_batches: number;
  readonly split: Split;
  readonly transforms: readonly Transform[];
  /** Applied after these to the input; the loss sees the values without them. */
  readonly input_transforms: readonly Transform[];
  /** Share of the stored input values dropped (denoising); the target keeps them. */
  readonly mask_rate: number;
  /**
   * Labels of all rows in file order (`.npy` or one a line), for plots only. Absolute, or the name of a table of rows that the data
   * have; null for none.
   */
  readonly labels: string | null;
  /** The category of each row, in file order. Absolute, or the name of a table of rows; null where the rows have none. */
  readonly batch: string | null;
  /** What each row counts for in the loss, in file order. Absolute; null where all rows count alike. */
  readonly row_weights: string | null;
  /** Names of the columns, one a line (first field of a `.tsv`, may be gzipped). Absolute; null for none. */
  readonly column_names: string | null;
}

export interface ModelConfig {
  readonly encoder: readonly Layer[];
  readonly decoder: readonly Layer[];
  readonly start: "auto" | "pca" | "random";
}

/** The rule's settings and those of the other rules at their defaults, so that a change of the name alone is complete. */
export interface OptimizerConfig extends Optimizer {
  readonly learning_rate: number;
  /** What becomes of the first layer's weights of columns without entries in a batch: docs/sparse_input.md. */
  readonly sparse: "exact" | "lazy";
}

/** Warm-up runs linearly from 0 to the schedule's value over `warmup_steps`, whatever the schedule. */
export interface SchedulerConfig {
  readonly name: "constant" | "step" | "cosine" | "one_cycle" | "plateau";
  readonly warmup_steps: number;
  /** step: epochs between two drops. */
  readonly step_epochs: number;
  /** step, plateau: what the rate is multiplied by. */
  readonly gamma: number;
  /** cosine, plateau: the lowest rate. */
  readonly min_learning_rate: number;
  /** one_cycle: share of the steps spent rising. */
  readonly rise_share: number;
  /** one_cycle: first rate = learning_rate / start_divisor; last = that / end_divisor. */
  readonly start_divisor: number;
  readonly end_divisor: number;
  /** plateau: epochs without improvement before a drop. */
  readonly patience: number;
  /** plateau: the least relative improvement that counts. */
  readonly threshold: number;
}

export interface TrainingConfig {
  /** Infinity stands for `auto` until the data are known. */
  readonly epochs: number;
  /** Ends earlier after this many steps; null for no limit. */
  readonly max_steps: number | null;
  readonly precision: "f32" | "bf16";
  /** Largest L2 norm of all gradients together; null for no clipping. */
  readonly gradient_clip: number | null;
  readonly early_stopping: { readonly patience: number | null; readonly min_delta: number };
  /** How many runs, or what each of them has for itself, of a config that stands for several; null for one run. */
  readonly replicas: number | readonly Readonly<Record<string, unknown>>[] | null;
}

export interface CheckpointConfig {
  /** 0: not by steps. */
  readonly every_steps: number;
  /** 0: not by epochs; null: as often as max_share allows. The end of a run always saves. */
  readonly every_epochs: number | null;
  /** With every_epochs null: the largest share of the run's time in saves. */
  readonly max_share: number;
  /** With every_epochs null: minutes after which a save is made whatever it takes. */
  readonly every_minutes: number;
  /** How many of the newest are kept, besides latest and best. */
  readonly keep: number;
  /** Whether the epoch of lowest validation loss (training loss without validation rows) is kept as best. */
  readonly best: boolean;
}

/** A logger of a run, as a config names it. */
export type SinkConfig = "csv" | "jsonl" | "tensorboard" | "wandb" | ProgramConfig;

/** A program of the user's, which runs only where the command line allows it: a shell's command, or a TypeScript file. */
export type ProgramConfig = { readonly command: string } | { readonly module: string };

export interface LoggingConfig {
  readonly every_steps: number;
  /** The CSV files are written whether they are listed or not. */
  readonly sinks: readonly SinkConfig[];
  /** What the run belongs to, and words by which it is found. */
  readonly group: string | null;
  readonly tags: readonly string[];
  readonly wandb: {
    /** null: offline where `sinks` lists wandb, else disabled. */
    readonly mode: "offline" | "online" | "disabled" | null;
    readonly project: string | null;
    readonly entity: string | null;
  };
}

export interface DiagnosticsConfig {
  /** 0: only at the end of a run. */
  readonly every_epochs: number;
  /** Rows embedded and reconstructed at most. */
  readonly max_rows: number;
  /** Most variable columns whose reconstruction is kept. */
  readonly columns: number;
  /** Which are made: those that suit the data, every one, or those of a list, in which these two words may stand as well. */
  readonly kinds: "auto" | "all" | readonly (string | DiagnosticModule)[];
  /** Settings of single diagnostics, by their names (core/diagnostics). */
  readonly [diagnostic: string]: unknown;
}

/** A TypeScript file of the user's that is a diagnostic; it runs only where the command line allows it. */
export interface DiagnosticModule {
  /** Absolute. */
  readonly module: string;
  /** Of its answers. */
  readonly name: string;
  /** Time that an answer may take. */
  readonly seconds: number;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface EvaluationConfig {
  /** Rows of the training part that metrics are of at most; null for all. */
  readonly max_rows: number | null;
  readonly validation_max_rows: number | null;
  readonly test_max_rows: number | null;
  /** Whether the metrics are compared with PCA of the same size. */
  readonly pca: boolean;
}

export interface RuntimeConfig {
  readonly device: "auto" | "cpu";
  /** 0: the cores this process may use. */
  readonly threads: number;
  /** Most memory a run may need by its estimate, in GB; 0: what is free. */
  readonly memory_gb: number;
}

export interface PathsConfig {
  /** Folder of the run folders, absolute. */
  readonly runs: string;
  /** Folder of prepared data, absolute; null for the user's cache. */
  readonly cache: string | null;
  /** Folder of the reconstructions of finished runs, absolute; null for none. */
  readonly output: string | null;
}

export interface Config {
  readonly name: string;
  /** For the report: its heading and what stands below it. */
  readonly title: string | null;
  readonly description: string | null;
  readonly seed: number;
  readonly data: DataConfig;
  readonly model: ModelConfig;
  readonly loss: Loss;
  readonly optimizer: OptimizerConfig;
  readonly scheduler: SchedulerConfig;
  readonly training: TrainingConfig;
  readonly checkpoint: CheckpointConfig;
  readonly logging: LoggingConfig;
  readonly diagnostics: DiagnosticsConfig;
  readonly evaluation: EvaluationConfig;
  readonly runtime: RuntimeConfig;
  readonly paths: PathsConfig;
}

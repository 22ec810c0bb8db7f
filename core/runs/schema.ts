/** The files of a run folder: decoders of the JSON ones, columns of the CSV ones. */
import { isRecord } from "../formats/json.ts";
import { type Decoder, list, maybe, nullable, number, object, oneOf, optional, record, text } from "./decode.ts";
import type {
  AnomalyScores,
  BaselineMetrics,
  ChunkRow,
  ColumnsDiagnostic,
  Diverged,
  EpochRow,
  LabelScores,
  LatentColumn,
  LatentDiagnostic,
  LayerRow,
  ReconstructionDiagnostic,
  RowMeasures,
  Session,
  SplitMetrics,
  StepRow,
  Summary,
} from "./types.ts";

/** Kind of each column, in the order of the file. */
export type Columns<Row> = { readonly [C in keyof Row]: "number" | "nullable" | "text" };

/** The header of a log. */
export function columnNames<Row>(columns: Columns<Row>): (keyof Row & string)[] {
  return Object.keys(columns) as (keyof Row & string)[];
}

export const STEP_COLUMNS: Columns<StepRow> = {
  step: "number",
  epoch: "number",
  chunk: "number",
  batch: "number",
  rows: "number",
  loss: "number",
  learning_rate: "number",
  grad_norm: "number",
  samples_per_second: "number",
  wait_ms: "number",
  step_ms: "number",
  elapsed_s: "number",
};

export const CHUNK_COLUMNS: Columns<ChunkRow> = {
  epoch: "number",
  chunk: "number",
  file: "text",
  first_step: "number",
  steps: "number",
  rows: "number",
  nnz: "number",
  loss: "number",
  samples_per_second: "number",
  open_wait_ms: "number",
  wait_ms: "number",
  forward_ms: "number",
  backward_ms: "number",
  elapsed_s: "number",
};

export const EPOCH_COLUMNS: Columns<EpochRow> = {
  epoch: "number",
  train_loss: "number",
  validation_loss: "nullable",
  learning_rate: "number",
  samples_per_second: "number",
  elapsed_s: "number",
  steps: "number",
  rows: "number",
  wait_ms: "number",
  train_ms: "number",
  validation_ms: "number",
  checkpoint_ms: "number",
  diagnostics_ms: "number",
  grad_norm_max: "number",
};

const splitMetrics: Decoder<SplitMetrics> = object({
  rows: number,
  nnz: number,
  loss: number,
  mse: number,
  rmse: number,
  r2: number,
  mse_mean_predictor: number,
  column_r2_mean: number,
  column_r2_median: number,
  columns_varying: number,
  weighted: optional(text),
  log_likelihood_per_row: optional(number),
  log_likelihood_per_value: optional(number),
  deviance_explained: optional(number),
  code_active: optional(number),
  code_dead: optional(number),
  code_kl: optional(number),
  code_collapsed: optional(number),
  variance_unexplained: optional(number),
  sampled_from: optional(number),
  trained_before: optional(number),
});

const baselineMetrics = optional(object<BaselineMetrics>({ rows: number, mse: number, r2: number }));

const labelScores = object<LabelScores>({ accuracy: number, silhouette: number });

const rowMeasures = optional(object<RowMeasures>({
  rows: number,
  mse: number,
  snr_db: optional(number),
  psnr_db: optional(number),
  peak: number,
  correlation: optional(number),
  spectral_convergence: optional(number),
}));

export const summary: Decoder<Summary> = object<Summary>({
  name: text,
  status: oneOf("running", "finished", "stopped", "failed"),
  reason: text,
  started_at: text,
  ended_at: text,
  steps: number,
  epochs: number,
  best_epoch: nullable(number),
  best_loss: nullable(number),
  evaluated: nullable(object({ checkpoint: oneOf("best", "latest"), epoch: number, step: number })),
  parameters: number,
  columns: number,
  rows: object({ train: number, validation: number, test: number }),
  metrics: object({
    train: nullable(splitMetrics),
    validation: nullable(splitMetrics),
    test: nullable(splitMetrics),
  }),
  diverged: optional(object<Diverged>({ epoch: number, loss: number, first_loss: number })),
  baseline: optional(object<NonNullable<Summary["baseline"]>>({
    pca: optional(object<NonNullable<NonNullable<Summary["baseline"]>["pca"]>>({
      components: optional(number),
      train: baselineMetrics,
      validation: baselineMetrics,
      test: baselineMetrics,
    })),
    advice: optional(text),
  })),
  neighbours: optional(object<NonNullable<Summary["neighbours"]>>({
    of: oneOf("held_out", "leave_one_out"),
    neighbours: number,
    rows: number,
    reference_rows: number,
    labels: number,
    commonest: number,
    latent: labelScores,
    pca: optional(labelScores),
  })),
  row_errors: optional(object<NonNullable<Summary["row_errors"]>>({
    train: rowMeasures,
    validation: rowMeasures,
    test: rowMeasures,
    anomalies: optional(object<AnomalyScores>({
      ordinary_rows: number,
      anomalous_rows: number,
      auc: number,
      auc_low: number,
      auc_high: number,
    })),
  })),
  seconds: object({
    total: number,
    train: number,
    wait: number,
    validation: number,
    checkpoint: number,
    checkpoint_end: optional(number),
    checkpoint_beside: optional(number),
    diagnostics: number,
    evaluation: optional(number),
  }),
  peak_memory_bytes: number,
  resumed: number,
});

/** sessions.json: a list, or an object that holds one. */
export const sessionList: Decoder<Session[]> = (value, field) =>
  list(record)(isRecord(value) ? value.sessions : value, field);

export const layerRows: Decoder<LayerRow[]> = list(
  object<LayerRow>({
    name: text,
    kind: text,
    detail: text,
    inputs: number,
    outputs: number,
    input_shape: optional(list(number)),
    output_shape: optional(list(number)),
    parameters: number,
  }),
);

export const latent: Decoder<LatentDiagnostic> = object<LatentDiagnostic>({
  epoch: number,
  split: text,
  rows: list(number),
  latent_size: number,
  scores: list(list(number)),
  explained: list(number),
  labels: nullable(list(text)),
  columns: maybe(list(object<LatentColumn>({ column: number, name: text, r2: number, values: list(number) }))),
  unknown_columns: maybe(list(text)),
});

export const reconstruction: Decoder<ReconstructionDiagnostic> = object<ReconstructionDiagnostic>({
  epoch: number,
  split: text,
  rows: list(number),
  columns: list(
    object({ column: number, name: text, truth: list(number), reconstruction: list(number), r2: number }),
  ),
});

export const columnErrors: Decoder<ColumnsDiagnostic> = object<ColumnsDiagnostic>({
  epoch: number,
  split: text,
  column: list(number),
  name: nullable(list(text)),
  mean: list(number),
  variance: list(number),
  mse: list(number),
});

/**
 * The error of each row, and how much reconstructions are like their rows in the measures of signals and images. Where the config
 * says which labels are ordinary, also how well the error tells the other rows from these.
 */
import { z } from "zod";
import { list, nullable, number, object, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, type Part, short } from "./diagnostic.ts";
import { rocOf } from "./roc.ts";
import { rowErrors, type RowMeasures, rowMeasures } from "./row_measures.ts";

export interface PartMeasures extends RowMeasures {
  readonly part: string;
  readonly rows: number;
}

export interface Anomalies {
  /** The labels that the config calls ordinary. */
  readonly normal: readonly string[];
  /** Held-out rows of these labels, and of other ones; rows without a label are left out. */
  readonly ordinary_rows: number;
  readonly anomalous_rows: number;
  /** Area under the ROC curve of the mean squared error of a row, with its 95 % interval. */
  readonly auc: number;
  readonly auc_low: number;
  readonly auc_high: number;
  /** Points: share of ordinary rows and of anomalies above a threshold. */
  readonly curve: readonly (readonly number[])[];
}

export interface RowErrorsDiagnostic {
  readonly epoch: number;
  /** In the order train, validation, test; without the training rows where others are held out. Of sparse rows, none. */
  readonly parts: readonly PartMeasures[];
  readonly rows: readonly number[];
  /** Of each row: its part, its mean squared error, and its label, if there are labels. */
  readonly part: readonly string[];
  readonly mse: readonly number[];
  readonly labels: readonly string[] | null;
  readonly anomalies: Anomalies | null;
}

/** Values that are held at a time at most. */
const VALUES_MAX = 32_000_000;
const PARTS = ["train", "validation", "test"] as const;

const label = z.union([z.string(), z.number()]);
const settings = {
  normal: z.union([z.string(), z.number(), z.array(label).min(1)]).nullable().default(null).describe(
    "label, or list of labels, of ordinary rows: rows of all other labels count as anomalies, and the report says how well the " +
      "error of a row tells them apart; null: no row counts as an anomaly",
  ),
};

const shortened = (measures: RowMeasures): RowMeasures => {
  const some = (value: number | null) => value === null ? null : short(value);
  return {
    mse: short(measures.mse),
    snr_db: some(measures.snr_db),
    psnr_db: some(measures.psnr_db),
    peak: short(measures.peak),
    correlation: some(measures.correlation),
    spectral_convergence: some(measures.spectral_convergence),
  };
};

function normalOf({ settings: { normal } }: DiagnosticContext): string[] | null {
  return normal === null || normal === undefined ? null : [normal].flat().map(String);
}

/** @returns null where there are no rows of one of both kinds */
function anomaliesOf(normal: readonly string[], labels: readonly string[], errors: Float64Array): Anomalies | null {
  const of = (isNormal: boolean) =>
    [...errors].filter((error, i) =>
      Number.isFinite(error) && labels[i] !== "" && normal.includes(labels[i]!) === isNormal
    );
  const [ordinary, anomalous] = [of(true), of(false)];
  if (ordinary.length === 0 || anomalous.length === 0) return null;
  const { auc, interval: [low, high], curve } = rocOf(anomalous, ordinary);
  return {
    normal,
    ordinary_rows: ordinary.length,
    anomalous_rows: anomalous.length,
    auc: short(auc),
    auc_low: short(low),
    auc_high: short(high),
    curve: curve.map((point) => point.map(short)),
  };
}

async function run(context: DiagnosticContext): Promise<RowErrorsDiagnostic | null> {
  const { data: { kind, columns, shape, labels: all } } = context;
  const normal = normalOf(context);
  const isDense = kind !== "sparse";
  if (!isDense && (normal === null || all === null)) return null;
  const most = Math.min(context.maxRows, Math.floor(VALUES_MAX / columns));
  const held = context.choose(["validation", "test"], most);
  const chosen = held.rows.length > 0 ? held : context.choose(["train"], most);
  if (chosen.rows.length === 0) return null;
  const parts = context.partsOf(chosen);
  const truth = await context.values(chosen), rebuilt = await context.reconstruct(chosen);
  const errors = rowErrors(truth, rebuilt, columns);
  const signal = kind === "signals" ? shape?.at(-1) ?? columns : null;
  // Rows are in file order, so those of a part are put together first.
  const rowsOf = (values: Float32Array, part: Part) => {
    const own = parts.flatMap((each, i) => each === part ? [i] : []);
    const some = new Float32Array(own.length * columns);
    own.forEach((row, i) => some.set(values.subarray(row * columns, (row + 1) * columns), i * columns));
    return some;
  };
  const measured = PARTS.filter((part) => isDense && parts.includes(part)).map((part): PartMeasures => ({
    part,
    rows: parts.filter((each) => each === part).length,
    ...shortened(rowMeasures(rowsOf(truth, part), rowsOf(rebuilt, part), columns, signal)),
  }));
  const labels = all && chosen.rows.map((row) => all[row] ?? "");
  return {
    epoch: context.epoch,
    parts: measured,
    rows: chosen.rows,
    part: parts,
    mse: Array.from(errors, short),
    labels,
    anomalies: normal && labels && anomaliesOf(normal, labels, errors),
  };
}

export const rowErrorsDiagnostic: Diagnostic<RowErrorsDiagnostic> = {
  name: "row_errors",
  about:
    "error of each held-out row, SNR, PSNR, correlation and spectral error, and how well the error tells anomalies",
  cost: `one pass of the network over at most diagnostics.max_rows rows and ${VALUES_MAX / 1e6} million values`,
  settings,
  automatic: () => true,
  run,
  decode: object<RowErrorsDiagnostic>({
    epoch: number,
    parts: list(object<PartMeasures>({
      part: text,
      rows: number,
      mse: number,
      snr_db: nullable(number),
      psnr_db: nullable(number),
      peak: number,
      correlation: nullable(number),
      spectral_convergence: nullable(number),
    })),
    rows: list(number),
    part: list(text),
    mse: list(number),
    labels: nullable(list(text)),
    anomalies: nullable(object<Anomalies>({
      normal: list(text),
      ordinary_rows: number,
      anomalous_rows: number,
      auc: number,
      auc_low: number,
      auc_high: number,
      curve: list(list(number)),
    })),
  }),
};

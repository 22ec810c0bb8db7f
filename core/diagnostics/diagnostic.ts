/**
 * The one shape every diagnostic has: a question about a trained network, in one file, which says what it shows, what it costs,
 * when it is asked by default, and how its answer is read back and drawn. Its section of the report is in reports/sections.
 * A diagnostic sees the network and the data through its context only, so that reports can read these files without an engine.
 */
import type { ZodType } from "zod";
import { DecodeError, type Decoder, list, number } from "../runs/decode.ts";
import type { Picture } from "./drawing.ts";

export type Part = "train" | "validation" | "test";

/** What the rows of the data are, as far as it can be told. */
export type DataKind = "images" | "signals" | "sparse" | "table";

export interface DataAbout {
  readonly kind: DataKind;
  readonly columns: number;
  /** Of a row, channels first; null where it has none but its length. */
  readonly shape: readonly number[] | null;
  /** Of the samples of a signal, in Hz; null where it is not known. */
  readonly rate_hz: number | null;
  /** Names of the columns, and labels of all rows in file order, where there are any. */
  readonly names: readonly string[] | null;
  readonly labels: readonly string[] | null;
}

/** Some rows of the data, in file order; made by {@linkcode DiagnosticContext.choose} only. */
export interface Chosen {
  /** The number of each row among all rows of the data. */
  readonly rows: readonly number[];
}

/** Sums by column over the part that is looked at. */
export interface PartSums {
  readonly rows: number;
  readonly sum: Float64Array;
  /** Of the squared errors of the reconstruction. */
  readonly sse: Float64Array;
  /** Sum of squares about the column's mean; 0 for a column that counts as constant. */
  readonly variation: Float64Array;
  /** Of a code of few values: for each of its units the number of rows in which it is not 0; null for other codes. */
  readonly active: Float64Array | null;
  /** Of a variational code: for each unit its mean KL divergence in nats a row; null for other codes. */
  readonly divergence: Float64Array | null;
}

export interface DiagnosticContext {
  readonly epoch: number;
  /** The part looked at: validation, or train where there are no validation rows. */
  readonly part: Part;
  readonly data: DataAbout;
  readonly sums: PartSums;
  readonly latentSize: number;
  /** `diagnostics.max_rows` and `diagnostics.columns`. */
  readonly maxRows: number;
  readonly maxColumns: number;
  /** The diagnostic's own settings, as its `settings` have checked them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** At most `most` rows of some parts, evenly spread. */
  choose(parts: readonly Part[], most: number): Chosen;
  /** The first rows of a part, as many as one batch has and at most `most`. */
  firstBatch(part: Part, most: number): Chosen;
  /** One of the chosen rows, by its place among them. */
  only(chosen: Chosen, at: number): Chosen;
  /** The part of each row. */
  partsOf(chosen: Chosen): Part[];
  /** Latent vectors: rows x latentSize. */
  embed(chosen: Chosen): Promise<Float32Array<ArrayBuffer>>;
  /**
   * Scores on principal components of the training rows, as many as there are latent units: rows x width. Null where there are
   * none, or where they are not computed: before the end of a run.
   */
  scores(chosen: Chosen): Promise<{ readonly values: Float32Array; readonly width: number } | null>;
  /** The leading principal components of a table of finite values, by the engine: their scores, rows x count, and shares of the variance. */
  components(
    values: Float32Array<ArrayBuffer>,
    width: number,
    count: number,
  ): Promise<{ readonly scores: Float64Array; readonly explained: number[] }>;
  /** Values that the network is to reconstruct: rows x columns, or the chosen columns. */
  values(chosen: Chosen, columns?: readonly number[]): Promise<Float32Array>;
  /** One row by its number among all rows of the data; null if there is no such row in a part. */
  rowNumbered(row: number): Chosen | null;
  /** What the network gets of one row: its columns after the transforms of the data and of the input. */
  input(row: Chosen): Promise<Float32Array>;
  /** Reconstructions: rows x columns, or the chosen columns. */
  reconstruct(chosen: Chosen, columns?: readonly number[]): Promise<Float32Array>;
  /** Reconstructions of latent vectors (rows x latentSize). @throws {NoAnswer} where it takes more than a latent vector */
  decode(latent: Float32Array<ArrayBuffer>, columns?: readonly number[]): Promise<Float32Array>;
  /** Derivatives of the decoder's outputs at one latent vector: columns x latentSize. @throws {NoAnswer} */
  decoderJacobian(latent: Float32Array<ArrayBuffer>): Promise<Float32Array>;
  /** Derivatives of the latent vectors by the inputs: rows x latentSize x columns. @throws {NoAnswer} */
  encoderJacobian(chosen: Chosen): Promise<Float32Array>;
  /** The layers, encoder first. */
  readonly layers: readonly LayerAbout[];
  /** What a layer gives, in evaluation: rows x outputs, channels first. @throws {NoAnswer} where it gives nothing as such */
  layerOutputs(chosen: Chosen, layer: number): Promise<Float32Array>;
  /** What is trained, in PyTorch's names and order. */
  parameters(): readonly ParameterAbout[];
  /** Root mean square of the last step's update of a parameter over that of its values; NaN where that is not known. */
  updateRatio(parameter: ParameterAbout): Promise<number>;
  /**
   * Gradients of the loss of one training step over the chosen rows, as many as a batch has: what is trained, with its gradients.
   * @throws {NoAnswer} where the output layer has none apart from its update
   */
  gradients(chosen: Chosen): Promise<readonly ParameterAbout[]>;
  /** Ends long work that asks nothing of the network, where the run is to stop: it throws then. */
  stopIfAsked?(): void;
}

export interface LayerAbout {
  /** Such as encoder.0. */
  readonly name: string;
  readonly kind: string;
  /** Of its output for a row, channels first. */
  readonly shape: readonly number[];
  readonly outputs: number;
  /** Values that it approaches and never passes; null where there are none. */
  readonly bounds: readonly number[] | null;
}

export interface ParameterAbout {
  /** Such as encoder.0.weight. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Rows [first, first + rows) of its first dimension. */
  read(first: number, rows: number): Promise<Float32Array>;
}

/** Why a diagnostic cannot be answered for a network: nothing is written then, and `train --verbose` says why. */
export class NoAnswer extends Error {}

export interface Diagnostic<Data = unknown> {
  /** The name of its file, of its settings and of its section. */
  readonly name: string;
  /** What it shows: a clause without a full stop. */
  readonly about: string;
  /** How its time grows, and what bounds it: a clause without a full stop. */
  readonly cost: string;
  /** Settings under `diagnostics.NAME`, each with a default and a description. */
  readonly settings?: Readonly<Record<string, ZodType>>;
  /** Whether `diagnostics.kinds: auto` asks it of such data. */
  automatic(data: DataAbout): boolean;
  /** Plain data for one JSON file; null where the question has no answer. */
  run(context: DiagnosticContext): Promise<Data | null>;
  readonly decode: Decoder<Data>;
  /** A picture without text, for loggers that take pictures. */
  picture?(data: Data): Picture | null;
}

const BLOCKS = 16;

/**
 * Values of a parameter that its size and its distribution are taken from, which is within a percent of those of all where they
 * are alike.
 */
export const SAMPLED_VALUES = 1 << 16;

/** At most so many values of a parameter or one row of it: of evenly spread blocks of rows where it has more. */
export async function sampleOf(parameter: ParameterAbout, most = SAMPLED_VALUES): Promise<Float32Array> {
  const { shape } = parameter;
  const rows = shape[0] ?? 1, width = shape.slice(1).reduce((product, size) => product * size, 1);
  if (rows * width <= most) return await parameter.read(0, rows);
  const kept = Math.max(1, Math.floor(most / width)), blocks = Math.min(BLOCKS, kept), each = Math.floor(kept / blocks);
  const all = new Float32Array(blocks * each * width);
  for (let i = 0; i < blocks; i++) {
    const first = Math.floor(i * (rows - each) / Math.max(1, blocks - 1));
    all.set(await parameter.read(first, each), i * each * width);
  }
  return all;
}

/** Six significant digits: what a plot can show, and half the bytes. */
export const short = (value: number) => Number(value.toPrecision(6));

/** Values of a row at most that is drawn. */
const DRAWN_MAX = 1 << 22;

/** A shape, channels first: whole numbers from 1, and not so many values that they could not be drawn. */
export const shape: Decoder<number[]> = (value, field) => {
  const sizes = list(number)(value, field);
  const whole = sizes.length > 0 && sizes.every((size) => Number.isInteger(size) && size > 0);
  if (!whole || sizes.reduce((product, size) => product * size, 1) > DRAWN_MAX) {
    throw new DecodeError(`${field}: expected a shape of at most ${DRAWN_MAX} values, got [${sizes.slice(0, 6)}]`);
  }
  return sizes;
};

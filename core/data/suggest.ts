/** Suggests a config for given data: sizes and transforms that suit the data, with the reasons as comments. */
import { pluralText } from "../figures.ts";
import type { Inspection } from "./inspect.ts";
import type { ValueSample } from "./value_sample.ts";

/** The settings that are chosen by the data. */
export interface Suggestion {
  readonly name: string;
  readonly hidden: number;
  readonly latent: number;
  readonly batchSize: number;
  /** Steps of an epoch at a share of 0.8 for training. */
  readonly stepsPerEpoch: number;
  /** As YAML, and why. */
  readonly transforms: readonly string[];
  readonly why: string;
  readonly kind: string;
}

/** With fewer rows, validation and test parts would be too small to be useful. */
const ROWS_FOR_PARTS = 30;
const TRAIN_SHARE = 0.8;
/** The largest number of weights in one of the two wide layers. */
const WIDE_WEIGHTS = 50e6;

const powerOfTwo = (value: number) => 2 ** Math.floor(Math.log2(Math.max(1, value)));
const between = (least: number, value: number, most: number) => Math.min(most, Math.max(least, value));
const factor = (size: number) => Number((1 / size).toPrecision(4));
const twoDigits = (value: number) => Number(value.toPrecision(2));

type Values = Pick<Suggestion, "transforms" | "why" | "kind">;

/** The kind of values, and the transforms that suit them. */
export function transformsFor({ least, greatest, whole, zeros, rowSums }: ValueSample): Values {
  if (least === 0 && greatest === 0) return { kind: "all zero", transforms: [], why: "every value looked at is zero" };
  if (least < 0) {
    const size = Math.max(-least, greatest);
    const kind = "with negative values";
    if (size <= 20) return { kind, transforms: [], why: "taken as they are" };
    return { kind, transforms: [`scale: ${factor(size)}`], why: "brought to values from -1 to 1" };
  }
  if (whole && greatest === 1) return { kind: "zeros and ones", transforms: [], why: "taken as they are" };
  if (greatest <= 20 && !whole) return { kind: "not negative, and small", transforms: [], why: "taken as they are" };
  const isSparse = zeros > 0.5;
  const isLevel = whole && !isSparse && greatest <= 65535;
  if (isLevel || !isSparse) {
    const kind = isLevel ? "whole numbers in a range" : "not negative";
    return { kind, transforms: [`scale: ${factor(greatest)}`], why: "brought to values from 0 to 1" };
  }
  const kind = whole ? "counts" : "not negative, with a long tail";
  const [lowest, median, highest] = rowSums;
  if (lowest > 0 && highest - lowest <= 1e-3 * highest) {
    return { kind, transforms: ["log1p"], why: "rows have one sum already; log(1 + x) shortens the tail" };
  }
  const target = median >= 1000 ? 10000 : Math.max(1, twoDigits(median));
  return {
    kind,
    transforms: [`library_size: ${target}`, "log1p"],
    why: `rows sum to ${twoDigits(lowest)} to ${twoDigits(highest)}: all are brought to one sum, then log(1 + x)`,
  };
}

export function suggest(name: string, { rows, columns, sample }: Inspection): Suggestion {
  const wide = WIDE_WEIGHTS / columns;
  const narrow = Math.max(columns / 4, Math.min(2, columns - 1)); // two make a map
  const latent = powerOfTwo(between(1, Math.min(rows / 8, narrow, wide), 64));
  const hidden = powerOfTwo(between(2, Math.min(512, Math.max(rows / 4, 2 * latent), columns, wide), 512));
  const batchSize = powerOfTwo(between(Math.min(rows, 8), rows / 16, 256));
  const stepsPerEpoch = Math.max(1, Math.ceil(TRAIN_SHARE * rows / batchSize));
  return {
    name,
    hidden,
    latent,
    batchSize,
    stepsPerEpoch,
    ...transformsFor(sample),
  };
}

export interface Paths {
  /** Relative to the config's folder. */
  readonly data: string;
  /** A file, or the name of a table of the rows. */
  readonly labels: string | null;
  readonly columnNames: string | null;
  /** Other files that could be the labels. */
  readonly otherLabels: readonly string[];
  /** `data.member` and `data.reader`, where they were given or concluded. */
  readonly member: string | null;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A word of YAML, quoted wherever it could be anything but text. */
function word(text: string): string {
  const isPlain = /^(\.{0,2}\/|[A-Za-z])[\w./-]*$/.test(text) && !/^(null|true|false|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}

/** A value in one line of YAML. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "string") return word(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value).map(([key, each]) => `${word(key)}: ${flow(each)}`).join(", ")} }`;
}

/** Lines of `key: value` with their comments in one column. */
function aligned(lines: readonly (readonly [string, string?])[]): string {
  const width = Math.min(44, Math.max(...lines.map(([text, comment]) => comment ? text.length : 0)));
  return lines.map(([text, comment]) => comment ? `${text.padEnd(width)}  # ${comment}` : text).join("\n");
}

/** A preset that may suit the rows better than linear layers, and what it takes the place of; null where there is none. */
function otherNetwork(
  sample: ValueSample,
  transforms: readonly string[],
  shape: readonly number[] | null,
): readonly [string, string] | null {
  const instead = (preset: string, what: string) => [`  # preset: ${preset}`, what] as const;
  if (sample.whole && transforms.some((each) => each.startsWith("library_size"))) {
    return instead("scvi", "a likelihood of counts, instead of encoder, decoder, loss and transforms");
  }
  if (shape === null || shape.length < 2) return null;
  return instead(
    shape.length === 3 ? "image_autoencoder" : "cnn_autoencoder",
    `convolutions, instead of encoder and decoder, with data.shape: ${flow(shape)}`,
  );
}

export function configText(
  suggestion: Suggestion,
  { format, rows, columns, sample, source }: Inspection,
  paths: Paths,
): string {
  const { name, hidden, latent, batchSize, stepsPerEpoch, transforms } = suggestion;
  const hasParts = rows >= ROWS_FOR_PARTS, other = otherNetwork(sample, transforms, source?.shape ?? null);
  return `# ${pluralText(rows, "row")} x ${pluralText(columns, "column")}. Every key and its default: docs/config.md.
` + aligned([
    [`name: ${word(name)}`, "the run folder's name begins with it"],
    ["seed: 1", "of weights, order of rows and split; the same seed gives the same bits"],
    [""],
    ["data:"],
    [`  format: ${format}`],
    [`  path: ${word(paths.data)}`, "a file, a folder or a glob, relative to this file"],
    ...paths.member === null ? [] : [[`  member: ${word(paths.member)}`, "the array in a file of several"] as const],
    ...Object.keys(paths.settings).length === 0 ? [] : [[`  reader: ${flow(paths.settings)}`] as const],
    paths.labels === null
      ? ["  # labels: labels.txt", "one per row, in the order of the rows; for colours in plots, never trained on"]
      : [`  labels: ${word(paths.labels)}`, "one per row; for colours in plots, never trained on"],
    ...paths.otherLabels.map((path): [string, string] => [`  # labels: ${word(path)}`, "this fits as well"]),
    ...paths.columnNames === null && source?.columnNames ? [] : [
      paths.columnNames === null
        ? ["  # column_names: names.txt", "one per column, in the order of the columns"]
        : [`  column_names: ${word(paths.columnNames)}`, "one per column"],
    ] as [string, string?][],
    [`  batch_size: ${batchSize}`, `${pluralText(stepsPerEpoch, "step")} per epoch`],
    hasParts
      ? ["  split: { train: 0.8, validation: 0.1, test: 0.1 }"]
      : ["  split: { train: 1, validation: 0, test: 0 }", "there are too few rows to hold some out"],
    [
      `  transforms: [${transforms.map((each) => each.includes(":") ? `{ ${each} }` : each).join(", ")}]`,
      suggestion.why,
    ],
    [""],
    ["model:"],
    [`  encoder: [{ linear: ${hidden} }, relu, { linear: ${latent} }]`, `the latent vector has ${latent} values`],
    [`  decoder: [{ linear: ${hidden} }, relu, { linear: output }]`, "output: as many values as the data have columns"],
    ...other === null ? [] : [other],
    [""],
    ["loss:"],
    ["  kind: mse", "mean squared error over all values, zeros included"],
    [""],
    ["optimizer:"],
    ["  name: adam"],
    ["  learning_rate: 0.001"],
    [""],
    ["training:"],
    [
      "  epochs: auto",
      hasParts ? "some 4,000 steps, and an early end where the validation loss no longer falls" : "some 4,000 steps",
    ],
  ]) + "\n";
}

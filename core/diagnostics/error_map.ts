/** Where in a row errors are large: mean squared error and variance of every pixel or moment, over all rows of the part. */
import { list, nullable, number, object, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, shape, short } from "./diagnostic.ts";
import { type Picture, pictureRows } from "./drawing.ts";

export interface ErrorMapDiagnostic {
  readonly epoch: number;
  readonly split: string;
  readonly rows: number;
  /** Channels first. */
  readonly shape: readonly number[];
  readonly rate_hz: number | null;
  /** One value a column. */
  readonly mean: readonly number[];
  readonly variance: readonly number[];
  readonly mse: readonly number[];
}

/** Values of a row at most. */
const COLUMNS_MAX = 1 << 18;

function run({ data, sums: { rows, sum, sse, variation }, epoch, part }: DiagnosticContext) {
  const { shape, columns, rate_hz } = data;
  if (shape === null || columns > COLUMNS_MAX) return Promise.resolve(null);
  return Promise.resolve({
    ...{ epoch, split: part, rows, shape, rate_hz },
    mean: Array.from(sum, (value) => short(value / rows)),
    variance: Array.from(variation, (value) => short(value / rows)),
    mse: Array.from(sse, (value) => short(value / rows)),
  });
}

export const errorMap: Diagnostic<ErrorMapDiagnostic> = {
  name: "error_map",
  about: "mean squared error and variance of every pixel of images, or of every moment of signals",
  cost: "none beyond the evaluation of the part",
  automatic: ({ shape }) => shape !== null,
  run,
  decode: object<ErrorMapDiagnostic>({
    epoch: number,
    split: text,
    rows: number,
    shape,
    rate_hz: nullable(number),
    mean: list(number),
    variance: list(number),
    mse: list(number),
  }),
  picture: ({ shape, variance, mse }): Picture | null => pictureRows(shape, [[variance], [mse]]),
};

/** Mean power spectra of signals, of their reconstructions and of the errors. */
import type { Fourier } from "../data/steps/fourier.ts";
import { list, nullable, number, object, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, short } from "./diagnostic.ts";
import { type Picture, pictureRows } from "./drawing.ts";
import { means } from "./numbers.ts";

export interface SpectrumDiagnostic {
  readonly epoch: number;
  readonly split: string;
  readonly rows: number;
  readonly samples: number;
  readonly rate_hz: number | null;
  /** In Hz, or in cycles a sample where the rate is not known. */
  readonly frequency: readonly number[];
  /** Power densities: squared units of the values per Hz, or per cycle a sample. */
  readonly truth: readonly number[];
  readonly reconstruction: readonly number[];
  readonly error: readonly number[];
}

const ROWS_MAX = 500, VALUES_MAX = 1 << 22, BINS = 256;

/**
 * The one-sided power spectral density of a signal by a periodogram (Welch 1967, with one segment) under a Hann window, the mean
 * taken away: |sum_n w_n x_n exp(-2 pi i k n / N)|^2 / (rate sum_n w_n^2), twice that between the ends. Added to `power`.
 * @param power floor(N / 2) + 1 values
 */
export function addPeriodogram(x: ArrayLike<number>, fourier: Fourier, rate: number, power: Float64Array): void {
  const n = x.length, values = new Float64Array(2 * n);
  let mean = 0, squares = 0;
  for (let i = 0; i < n; i++) mean += x[i]! / n;
  for (let i = 0; i < n; i++) {
    const w = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / n);
    squares += w * w;
    values[2 * i] = w * (x[i]! - mean);
  }
  const found = fourier.forward(values);
  for (let k = 0; k < power.length; k++) {
    const both = k > 0 && 2 * k < n ? 2 : 1;
    power[k]! += both * (found[2 * k]! ** 2 + found[2 * k + 1]! ** 2) / (rate * squares);
  }
}

async function run(context: DiagnosticContext): Promise<SpectrumDiagnostic | null> {
  const { data: { kind, shape, columns, rate_hz }, part } = context;
  if (kind !== "signals" || shape === null) return null;
  const samples = shape.at(-1)!;
  if (samples < 8) return null;
  const chosen = context.choose(
    [part],
    Math.max(1, Math.min(ROWS_MAX, context.maxRows, Math.floor(VALUES_MAX / columns))),
  );
  const truth = await context.values(chosen), rebuilt = await context.reconstruct(chosen);
  const { Fourier } = await import("../data/steps/fourier.ts");
  const fourier = new Fourier(samples), rate = rate_hz ?? 1, bins = Math.floor(samples / 2) + 1;
  const sums = [new Float64Array(bins), new Float64Array(bins), new Float64Array(bins)] as const;
  const count = truth.length / samples;
  for (let i = 0; i < count; i++) {
    const a = truth.subarray(i * samples, (i + 1) * samples), b = rebuilt.subarray(i * samples, (i + 1) * samples);
    for (const [k, signal] of [a, b, a.map((value, t) => value - b[t]!)].entries()) {
      addPeriodogram(signal, fourier, rate, sums[k]!);
    }
  }
  const [power, ofRebuilt, ofError] = sums.map((sum) => means(sum.map((value) => value / count), BINS).map(short));
  return {
    ...{ epoch: context.epoch, split: part, rows: chosen.rows.length, samples, rate_hz },
    frequency: means(Float64Array.from({ length: bins }, (_, k) => k * rate / samples), BINS).map(short),
    ...{ truth: power!, reconstruction: ofRebuilt!, error: ofError! },
  };
}

export const spectrum: Diagnostic<SpectrumDiagnostic> = {
  name: "spectrum",
  about: "mean power spectra of signals, of their reconstructions and of the errors",
  cost:
    `one pass of the network and three Fourier transforms a signal, of at most ${ROWS_MAX} rows and ${VALUES_MAX} values`,
  automatic: ({ kind }) => kind === "signals",
  run,
  decode: object<SpectrumDiagnostic>({
    epoch: number,
    split: text,
    rows: number,
    samples: number,
    rate_hz: nullable(number),
    frequency: list(number),
    truth: list(number),
    reconstruction: list(number),
    error: list(number),
  }),
  picture: ({ truth, reconstruction, error }): Picture | null => {
    const decibels = (values: readonly number[]) => values.map((value) => 10 * Math.log10(Math.max(value, 1e-30)));
    return pictureRows([truth.length], [[decibels(truth), decibels(reconstruction), decibels(error)]]);
  },
};

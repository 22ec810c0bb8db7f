/** How much a reconstruction of dense rows is like them, in the measures of signals and images. */
import { Fourier } from "../data/steps/fourier.ts";

/** Of one part. Null where a measure has no value, such as a ratio to 0. */
export interface RowMeasures {
  /** Mean squared error of all values. */
  readonly mse: number;
  /** Signal-to-noise ratio in dB: 10 log10(sum of y^2 / sum of (yhat - y)^2) over all values. */
  readonly snr_db: number | null;
  /** Peak signal-to-noise ratio in dB: 10 log10(peak^2 / MSE); the peak is the largest value less the smallest one. */
  readonly psnr_db: number | null;
  readonly peak: number;
  /** Mean over rows of Pearson's correlation of a row with its reconstruction; rows that do not vary are left out. */
  readonly correlation: number | null;
  /**
   * Spectral convergence (Arik, Jun and Diamos 2018): the root of the sum of (|Yhat| - |Y|)^2 over that of |Y|^2, of the
   * magnitudes of the Fourier transforms of all rows. Null for rows that are no signals.
   */
  readonly spectral_convergence: number | null;
}

/** 10 log10 of a ratio; null where it is 0, infinite or no number. */
const decibels = (above: number, below: number): number | null => {
  const value = 10 * Math.log10(above / below);
  return Number.isFinite(value) ? value : null;
};

/** Pearson's correlation; NaN if one of both varies by no more than rounding. */
function correlationOf(a: Float32Array, b: Float32Array): number {
  let [sumA, sumB, squaresA, squaresB] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    sumA += a[i]!;
    sumB += b[i]!;
    squaresA += a[i]! ** 2;
    squaresB += b[i]! ** 2;
  }
  const [meanA, meanB] = [sumA / a.length, sumB / b.length];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 1e-12 * squaresA && bb > 1e-12 * squaresB ? ab / Math.sqrt(aa * bb) : NaN;
}

/** The mean squared error of each row. */
export function rowErrors(truth: Float32Array, rebuilt: Float32Array, columns: number): Float64Array {
  const errors = new Float64Array(truth.length / columns);
  for (let row = 0, i = 0; row < errors.length; row++) {
    let sum = 0;
    for (const end = i + columns; i < end; i++) {
      const error = rebuilt[i]! - truth[i]!;
      sum += error * error;
    }
    errors[row] = sum / columns;
  }
  return errors;
}

/**
 * @param truth rows x columns, as `rebuilt`
 * @param signal samples of one channel of a signal; null for rows that are no signals
 */
export function rowMeasures(
  truth: Float32Array,
  rebuilt: Float32Array,
  columns: number,
  signal: number | null,
): RowMeasures {
  let [squares, error, low, high] = [0, 0, Infinity, -Infinity];
  for (let i = 0; i < truth.length; i++) {
    const y = truth[i]!;
    squares += y * y;
    error += (rebuilt[i]! - y) ** 2;
    if (y < low) low = y;
    if (y > high) high = y;
  }
  const mse = error / truth.length, peak = high - low;
  let [correlations, varying] = [0, 0];
  const rows = truth.length / columns;
  for (let row = 0; row < rows; row++) {
    const span = [row * columns, (row + 1) * columns] as const;
    const value = correlationOf(truth.subarray(...span), rebuilt.subarray(...span));
    if (Number.isFinite(value)) {
      correlations += value;
      varying++;
    }
  }
  return {
    mse,
    snr_db: decibels(squares, error),
    psnr_db: decibels(peak ** 2, mse),
    peak,
    correlation: varying > 0 ? correlations / varying : null,
    spectral_convergence: signal === null ? null : spectralConvergence(truth, rebuilt, signal),
  };
}

function spectralConvergence(truth: Float32Array, rebuilt: Float32Array, length: number): number | null {
  const fourier = new Fourier(length);
  const magnitudes = (values: Float32Array) => {
    const complex = new Float64Array(2 * length);
    values.forEach((value, i) => complex[2 * i] = value);
    const out = fourier.forward(complex);
    return Float64Array.from({ length }, (_, k) => Math.hypot(out[2 * k]!, out[2 * k + 1]!));
  };
  let [error, total] = [0, 0];
  for (let at = 0; at + length <= truth.length; at += length) {
    const wanted = magnitudes(truth.subarray(at, at + length)), found = magnitudes(rebuilt.subarray(at, at + length));
    for (let k = 0; k < length; k++) {
      error += (found[k]! - wanted[k]!) ** 2;
      total += wanted[k]! ** 2;
    }
  }
  const value = Math.sqrt(error / total);
  return Number.isFinite(value) ? value : null;
}

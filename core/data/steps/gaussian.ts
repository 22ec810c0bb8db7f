/** A filter that is a Gaussian of the frequency, applied to the spectrum of a whole record, which repeats at its ends. */
import type { Fourier } from "./fourier.ts";

/**
 * The gain at each frequency of a spectrum of `samples` values: 1 in the middle of the band and 1/2 (-6 dB) at its ends,
 * 2^-((2 (|f| - centre) / width)^2).
 * @param rate @param low @param high in Hz
 */
export function gaussian(samples: number, rate: number, low: number, high: number): Float64Array {
  const centre = (low + high) / 2, width = high - low;
  return Float64Array.from({ length: samples }, (_, k) => {
    const frequency = Math.min(k, samples - k) * rate / samples;
    return 2 ** -((2 * (frequency - centre) / width) ** 2);
  });
}

/** A channel with its spectrum multiplied by gains that are the same at f and -f. */
export function weighted(fourier: Fourier, channel: Float64Array, gains: Float64Array): Float64Array {
  const values = new Float64Array(2 * channel.length);
  channel.forEach((value, i) => values[2 * i] = value);
  const spectrum = fourier.forward(values);
  gains.forEach((gain, k) => {
    spectrum[2 * k]! *= gain;
    spectrum[2 * k + 1]! *= gain;
  });
  const filtered = fourier.inverse(spectrum);
  return channel.map((_, i) => filtered[2 * i]!);
}

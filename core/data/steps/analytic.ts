/** The analytic signal: the signal and, as imaginary part, its Hilbert transform. */
import type { Complex, Fourier } from "./fourier.ts";

/**
 * Negative frequencies are set to 0 and positive ones doubled (S. L. Marple, IEEE Transactions on Signal Processing 47(9),
 * 1999), as scipy.signal.hilbert does.
 * @param fourier of as many values as the channel has
 */
export function analyticOf(fourier: Fourier, channel: Float64Array): Complex {
  const samples = fourier.length;
  const values = new Float64Array(2 * samples);
  for (let i = 0; i < samples; i++) values[2 * i] = channel[i]!;
  const spectrum = fourier.forward(values);
  for (let k = 1; k < samples; k++) {
    // The frequency at half the rate, of an even length, counts once.
    const factor = 2 * k < samples ? 2 : 2 * k === samples ? 1 : 0;
    spectrum[2 * k]! *= factor;
    spectrum[2 * k + 1]! *= factor;
  }
  return fourier.inverse(spectrum);
}

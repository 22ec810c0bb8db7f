/** The envelope of a signal: the modulus of its analytic signal. */
import { z } from "zod";
import { Fourier } from "./fourier.ts";
import { byChannel, defineStep } from "./step.ts";

export const envelope = defineStep({
  kind: "envelope",
  about: "Takes the envelope of each channel, by the Hilbert transform over the whole record.",
  settings: z.strictObject({}),
  /**
   * Negative frequencies are set to 0 and positive ones doubled (S. L. Marple, IEEE Transactions on Signal Processing 47(9),
   * 1999), as scipy.signal.hilbert does.
   */
  prepare(form) {
    const [, samples] = form.shape;
    const fourier = new Fourier(samples);
    return byChannel(form, (channel) => {
      const values = new Float64Array(2 * samples);
      for (let i = 0; i < samples; i++) values[2 * i] = channel[i]!;
      const spectrum = fourier.forward(values);
      for (let k = 1; k < samples; k++) {
        // The frequency at half the rate, of an even length, counts once.
        const factor = 2 * k < samples ? 2 : 2 * k === samples ? 1 : 0;
        spectrum[2 * k]! *= factor;
        spectrum[2 * k + 1]! *= factor;
      }
      const analytic = fourier.inverse(spectrum);
      return channel.map((_, i) => Math.hypot(analytic[2 * i]!, analytic[2 * i + 1]!));
    });
  },
});

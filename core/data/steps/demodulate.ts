/** Demodulation: a signal around a carrier becomes two around 0 Hz, in phase with the carrier and in quadrature to it. */
import { z } from "zod";
import { analyticOf } from "./analytic.ts";
import { Fourier } from "./fourier.ts";
import { defineStep, rateOf, refuseStep } from "./step.ts";

export const demodulate = defineStep({
  kind: "demodulate",
  about:
    "Brings each channel from a carrier down to 0 Hz: it becomes two channels, in phase (I) and in quadrature (Q).",
  settings: z.strictObject({ frequency: z.number().gt(0).describe("of the carrier, in Hz") }),
  short: (value) => ({ frequency: value }),
  /** The analytic signal times exp(-2 pi i f t), t from 0 at the first sample. Channels: I of the first, its Q, I of the second, ... */
  prepare(form, { frequency }) {
    const rate = rateOf("demodulate", form), [count, samples] = form.shape;
    if (frequency >= rate / 2) {
      throw refuseStep("demodulate", `its frequency, ${frequency} Hz, must be below half the rate, ${rate / 2} Hz`);
    }
    const fourier = new Fourier(samples);
    return {
      form: { shape: [2 * count, samples], rate },
      records: 1,
      run(values) {
        const out = new Float32Array(2 * values.length);
        for (let channel = 0; channel < count; channel++) {
          const own = Float64Array.from(values.subarray(channel * samples, (channel + 1) * samples));
          const analytic = analyticOf(fourier, own);
          const inPhase = 2 * channel * samples, quadrature = inPhase + samples;
          for (let i = 0; i < samples; i++) {
            const angle = -2 * Math.PI * ((frequency / rate * i) % 1);
            const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
            const [re, im] = [analytic[2 * i]!, analytic[2 * i + 1]!];
            out[inPhase + i] = re * cos - im * sin;
            out[quadrature + i] = re * sin + im * cos;
          }
        }
        return out;
      },
    };
  },
});

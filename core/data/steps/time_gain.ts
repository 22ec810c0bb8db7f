/** Time-gain compensation: what tissue attenuates on the way to an echo and back. */
import { z } from "zod";
import { byChannel, defineStep, rateOf } from "./step.ts";

const DECIBELS_OF_TEN = 20;

export const timeGain = defineStep({
  kind: "time_gain",
  about: "Multiplies each sample by what attenuation took from it: alpha dB/(cm MHz) on the way there and back.",
  settings: z.strictObject({
    alpha: z.number().gt(0).default(0.5).describe("attenuation in dB/(cm MHz); soft tissue has about 0.5"),
    frequency: z.number().gt(0).describe("centre frequency of the pulse, in Hz"),
    speed: z.number().gt(0).default(1540).describe("speed of sound, in m/s"),
    delay: z.number().default(0).describe("time of the first sample after the pulse, in seconds"),
    most: z.number().gt(0).default(60).describe("largest gain, in dB"),
  }),
  /**
   * gain(t) = 10^(min(alpha f s, most) / 20) with f in MHz and s = speed t, the way there and back, in cm
   * (T. L. Szabo, Diagnostic Ultrasound Imaging: Inside Out, 2nd edition, chapter 4).
   */
  prepare(form, { alpha, frequency, speed, delay, most }) {
    const rate = rateOf("time_gain", form);
    const gains = Float64Array.from({ length: form.shape[1] }, (_, i) => {
      const centimetres = 100 * speed * Math.max(0, delay + i / rate);
      return 10 ** (Math.min(alpha * frequency * 1e-6 * centimetres, most) / DECIBELS_OF_TEN);
    });
    return byChannel(form, (channel) => channel.map((value, i) => value * gains[i]!));
  },
});

/**
 * Band-pass filters without phase: Butterworth's, run forward and backward, a symmetric one of finite length, or a
 * Gaussian in frequency.
 */
import { z } from "zod";
import { butterworth, padding, withoutPhase } from "./butterworth.ts";
import { centred, firFilter } from "./fir.ts";
import { Fourier } from "./fourier.ts";
import { gaussian, weighted } from "./gaussian.ts";
import { byChannel, defineStep, rateOf, refuseStep } from "./step.ts";

export const bandPass = defineStep({
  kind: "band_pass",
  about: "Keeps the frequencies of a band, without moving anything in time.",
  settings: z.strictObject({
    low: z.number().min(0).default(0).describe("lower end, in Hz; 0: none"),
    high: z.number().gt(0).optional().describe("upper end, in Hz; by default none"),
    filter: z.enum(["butterworth", "fir", "gaussian"]).default("butterworth").describe(
      "butterworth: run forward and backward, so its ends are at -6 dB; fir: a Hamming window, its ends at -6 dB too; " +
        "gaussian: around the middle of the band, its ends at -6 dB too, over the whole record",
    ),
    order: z.int().min(1).max(10).default(4).describe("order of the Butterworth filter"),
    taps: z.int().min(3).max(10_001).default(101).describe("length of the fir filter, in samples, odd"),
  }),
  short: (value) => Array.isArray(value) && value.length === 2 ? { low: value[0], high: value[1] } : value,
  prepare(form, { low, high, filter, order, taps }) {
    const half = rateOf("band_pass", form) / 2;
    const [, samples] = form.shape;
    const refuse = (what: string, hint?: string) => refuseStep("band_pass", what, hint);
    if (high !== undefined && high >= half) {
      throw refuse(`its upper end, ${high} Hz, must be below half the rate, ${half} Hz`);
    }
    if (low >= (high ?? half)) throw refuse(`its lower end, ${low} Hz, must be below ${high ?? half} Hz`);
    if (low === 0 && high === undefined) {
      throw refuse("has neither a lower nor an upper end", "write band_pass: [LOW, HIGH] in Hz");
    }
    const [from, to] = [low / half, high === undefined ? 1 : high / half];
    if (filter === "fir") {
      if (taps % 2 === 0) throw refuse(`its ${taps} taps must be odd`);
      const taken = firFilter(taps, from, to);
      return byChannel(form, (channel) => centred(channel, taken));
    }
    if (filter === "gaussian") {
      if (low === 0 || high === undefined) {
        throw refuse("gaussian needs a lower and an upper end", "write {low: LOW, high: HIGH, filter: gaussian} in Hz");
      }
      const fourier = new Fourier(samples), gains = gaussian(samples, 2 * half, low, high);
      return byChannel(form, (channel) => weighted(fourier, channel, gains));
    }
    const sections = butterworth(order, from, to);
    if (samples <= padding(sections)) {
      throw refuse(
        `records of ${samples} samples are too short, more than ${padding(sections)} are needed`,
        "choose a lower order",
      );
    }
    return byChannel(form, (channel) => withoutPhase(channel, sections));
  },
});

/** The envelope of a signal: the modulus of its analytic signal. */
import { z } from "zod";
import { analyticOf } from "./analytic.ts";
import { Fourier } from "./fourier.ts";
import { byChannel, defineStep } from "./step.ts";

export const envelope = defineStep({
  kind: "envelope",
  about: "Takes the envelope of each channel, by the Hilbert transform over the whole record.",
  settings: z.strictObject({}),
  prepare(form) {
    const fourier = new Fourier(form.shape[1]);
    return byChannel(form, (channel) => {
      const analytic = analyticOf(fourier, channel);
      return channel.map((_, i) => Math.hypot(analytic[2 * i]!, analytic[2 * i + 1]!));
    });
  },
});

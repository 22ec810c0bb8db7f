/** Removal of the mean: the offset of an amplifier or converter. */
import { z } from "zod";
import { byChannel, defineStep } from "./step.ts";

export const removeDc = defineStep({
  kind: "remove_dc",
  about: "Subtracts from each channel of a record its mean.",
  settings: z.strictObject({}),
  prepare: (form) =>
    byChannel(form, (channel) => {
      const mean = channel.reduce((sum, value) => sum + value, 0) / channel.length;
      return channel.map((value) => value - mean);
    }),
});

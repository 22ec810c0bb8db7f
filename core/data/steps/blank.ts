/** Blanking of the beginning of a record, where the transmitted pulse still rings. */
import { z } from "zod";
import { byChannel, defineStep, refuseStep, samplesOf } from "./step.ts";

export const blank = defineStep({
  kind: "blank",
  about: "Sets the first samples of each channel to 0, such as those of the transmitted pulse.",
  settings: z.strictObject({
    samples: z.int().min(0).optional().describe("how many samples"),
    microseconds: z.number().min(0).optional().describe("for how long, in microseconds"),
  }),
  short: (value) => ({ samples: value }),
  prepare(form, { samples, microseconds }) {
    const count = samplesOf("blank", form, samples, microseconds);
    const [, all] = form.shape;
    if (count >= all) throw refuseStep("blank", `${count} samples are all of the ${all} of a record`);
    return byChannel(form, (channel) => channel.fill(0, 0, count));
  },
});

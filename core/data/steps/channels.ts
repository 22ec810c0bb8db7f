/** The choice of channels: some elements of a transducer, or leads. */
import { z } from "zod";
import { defineStep, refuseStep } from "./step.ts";

export const channels = defineStep({
  kind: "channels",
  about: "Keeps some channels of each record, in the given order.",
  settings: z.strictObject({
    keep: z.array(z.int().min(0)).min(1).refine((list) => new Set(list).size === list.length, "names a channel twice")
      .describe("their numbers, from 0"),
  }),
  short: (value) => ({ keep: Array.isArray(value) ? value : [value] }),
  prepare({ shape: [count, samples], rate }, { keep }) {
    const beyond = keep.find((channel) => channel >= count);
    if (beyond !== undefined) {
      const what = count === 1 ? "1 channel, number 0" : `${count} channels, numbers 0 to ${count - 1}`;
      throw refuseStep("channels", `there is no channel ${beyond}`, `the records have ${what}`);
    }
    return {
      form: { shape: [keep.length, samples], rate },
      records: 1,
      run(values) {
        const out = new Float32Array(keep.length * samples);
        keep.forEach((channel, i) => out.set(values.subarray(channel * samples, (channel + 1) * samples), i * samples));
        return out;
      },
    };
  },
});

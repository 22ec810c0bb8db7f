/** Log compression of envelopes, as pictures of echoes are shown. */
import { z } from "zod";
import { defineStep } from "./step.ts";

export const logCompress = defineStep({
  kind: "log_compress",
  about:
    "Gives amplitudes in dB below the largest of the record, from 0 (at `range` dB or more below it) to 1 (the largest).",
  settings: z.strictObject({
    range: z.number().gt(0).default(60).describe("dynamic range, in dB"),
    reference: z.number().gt(0).optional().describe("amplitude that becomes 1; by default the largest of each record"),
  }),
  short: (value) => ({ range: value }),
  /** max(0, 1 + 20 log10(|x| / reference) / range), at most 1; a record of zeros stays so. */
  prepare: (form, { range, reference }) => ({
    form,
    records: 1,
    run(values) {
      const most = reference ?? values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      if (most === 0) return new Float32Array(values.length);
      return values.map((value) => {
        const level = 1 + 20 * Math.log10(Math.abs(value) / most) / range;
        return Math.min(1, Math.max(0, level));
      });
    },
  }),
});

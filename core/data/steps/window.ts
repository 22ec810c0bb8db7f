/** Windows of a record, as tokens. */
import { z } from "zod";
import { defineStep, refuseStep, samplesOf } from "./step.ts";

export const window = defineStep({
  kind: "window",
  about: "Cuts each record into windows, which are records of their own.",
  settings: z.strictObject({
    length: z.int().min(1).optional().describe("samples of a window"),
    length_us: z.number().gt(0).optional().describe("length of a window, in microseconds"),
    hop: z.int().min(1).optional().describe("samples from one window to the next; by default the length"),
    hop_us: z.number().gt(0).optional().describe("time from one window to the next, in microseconds"),
    last: z.enum(["drop", "overlap"]).default("drop").describe(
      "what is done with samples at the end in no window: drop leaves them out, overlap adds a window that ends with the record",
    ),
  }),
  short: (value) => ({ length: value }),
  prepare(form, { length: given, length_us, hop: step, hop_us, last }) {
    const [channels, samples] = form.shape;
    const length = samplesOf("window", form, given, length_us);
    const hop = step === undefined && hop_us === undefined ? length : samplesOf("window", form, step, hop_us);
    if (length < 1 || hop < 1) throw refuseStep("window", `its length is ${length} samples and its hop ${hop}`);
    if (length > samples) throw refuseStep("window", `${length} samples are more than the ${samples} of a record`);
    const starts = Array.from({ length: 1 + Math.floor((samples - length) / hop) }, (_, i) => i * hop);
    if (last === "overlap" && starts.at(-1)! + length < samples) starts.push(samples - length);
    return {
      form: { ...form, shape: [channels, length] },
      records: starts.length,
      run(values) {
        const out = new Float32Array(starts.length * channels * length);
        for (const [i, start] of starts.entries()) {
          for (let channel = 0; channel < channels; channel++) {
            const from = channel * samples + start;
            out.set(values.subarray(from, from + length), (i * channels + channel) * length);
          }
        }
        return out;
      },
    };
  },
});

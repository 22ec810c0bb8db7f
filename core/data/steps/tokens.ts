/** A record as a sequence of tokens: its windows beside each other, the samples of each as channels. */
import { z } from "zod";
import { defineStep, refuseStep, samplesOf } from "./step.ts";

export const tokens = defineStep({
  kind: "tokens",
  about:
    "Makes each record a sequence of tokens: a token is a window, its samples are the channels, the tokens are the places.",
  settings: z.strictObject({
    length: z.int().min(1).optional().describe("samples of a token"),
    length_us: z.number().gt(0).optional().describe("length of a token, in microseconds"),
    hop: z.int().min(1).optional().describe("samples from one token to the next; by default the length"),
    hop_us: z.number().gt(0).optional().describe("time from one token to the next, in microseconds"),
  }),
  short: (value) => ({ length: value }),
  /** Of shape [channels, samples] to [channels * length, tokens]: value (c * length + s, t) is that of channel c at t * hop + s. */
  prepare(form, { length: given, length_us, hop: step, hop_us }) {
    const [channels, samples] = form.shape;
    const length = samplesOf("tokens", form, given, length_us);
    const hop = step === undefined && hop_us === undefined ? length : samplesOf("tokens", form, step, hop_us);
    if (length < 1 || hop < 1) throw refuseStep("tokens", `its length is ${length} samples and its hop ${hop}`);
    if (length > samples) throw refuseStep("tokens", `${length} samples are more than the ${samples} of a record`);
    const count = 1 + Math.floor((samples - length) / hop);
    const { rate } = form;
    return {
      form: { shape: [channels * length, count], ...rate === undefined ? {} : { rate: rate / hop } },
      records: 1,
      run(values) {
        const out = new Float32Array(channels * length * count);
        for (let channel = 0; channel < channels; channel++) {
          for (let sample = 0; sample < length; sample++) {
            const row = (channel * length + sample) * count, from = channel * samples + sample;
            for (let token = 0; token < count; token++) out[row + token] = values[from + token * hop]!;
          }
        }
        return out;
      },
    };
  },
});

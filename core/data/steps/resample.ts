/** Other rates: every n-th sample behind a filter, or any ratio of rates. */
import { z } from "zod";
import { firFilter, kaiser, resampled } from "./fir.ts";
import { defineStep, type Form, type Prepared, rateOf, refuseStep } from "./step.ts";

function changeRate(form: Form, up: number, down: number, filter: Float64Array): Prepared {
  const [channels, samples] = form.shape;
  const after = Math.ceil(samples * up / down);
  return {
    form: { shape: [channels, after], rate: form.rate === undefined ? undefined : form.rate * up / down },
    records: 1,
    run(values) {
      const out = new Float32Array(channels * after);
      for (let channel = 0; channel < channels; channel++) {
        const own = Float64Array.from(values.subarray(channel * samples, (channel + 1) * samples));
        out.set(resampled(own, up, down, filter), channel * after);
      }
      return out;
    },
  };
}

export const decimate = defineStep({
  kind: "decimate",
  about: "Keeps every n-th sample, behind a low-pass filter of zero phase.",
  settings: z.strictObject({ factor: z.int().min(2).max(1000).describe("n") }),
  short: (value) => ({ factor: value }),
  /** A Hamming window of 20 n + 1 taps, as scipy.signal.decimate has with ftype="fir". */
  prepare: (form, { factor }) => changeRate(form, 1, factor, firFilter(20 * factor + 1, 0, 1 / factor)),
});

/** The largest number of steps up or down, which is also what the filter's length goes by. */
const RATIO_MAX = 1000;

export const resample = defineStep({
  kind: "resample",
  about: "Gives the signal at another rate, behind a low-pass filter of zero phase.",
  settings: z.strictObject({ rate: z.number().gt(0).describe("the new rate, in Hz") }),
  short: (value) => ({ rate: value }),
  /** A Kaiser window of beta 5 and 20 max(up, down) + 1 taps, as scipy.signal.resample_poly has. */
  prepare(form, { rate: wanted }) {
    const rate = rateOf("resample", form);
    const [up, down] = ratio(wanted / rate) ??
      [0, 0];
    if (up === 0) {
      throw refuseStep(
        "resample",
        `${wanted} Hz and ${rate} Hz have no ratio of whole numbers up to ${RATIO_MAX}`,
        "choose a rate that has one",
      );
    }
    const most = Math.max(up, down);
    if (most === 1) return { form, records: 1, run: (values) => values.slice() };
    return changeRate(form, up, down, firFilter(20 * most + 1, 0, 1 / most, kaiser(5)));
  },
});

/** A number as a ratio of whole numbers, by continued fractions; null where none of bounded size is near enough. */
function ratio(value: number): readonly [number, number] | null {
  let [above, below, lastAbove, lastBelow] = [1, 0, 0, 1];
  for (let rest = value; above <= RATIO_MAX && below <= RATIO_MAX;) {
    const whole = Math.floor(rest);
    [above, lastAbove] = [whole * above + lastAbove, above];
    [below, lastBelow] = [whole * below + lastBelow, below];
    if (above > RATIO_MAX || below > RATIO_MAX) return null;
    if (Math.abs(above / below - value) <= 1e-12 * value) return [above, below];
    rest = 1 / (rest - whole);
  }
  return null;
}

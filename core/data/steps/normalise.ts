/** Normalisation of each record by itself. */
import { z } from "zod";
import { defineStep } from "./step.ts";

export const normalise = defineStep({
  kind: "normalise",
  about: "Scales each record by itself; one whose values are all the same becomes 0.",
  settings: z.strictObject({
    by: z.enum(["deviation", "peak", "range"]).default("deviation").describe(
      "deviation: mean 0 and standard deviation 1; peak: largest magnitude 1; range: smallest value 0, largest 1",
    ),
  }),
  short: (value) => ({ by: value }),
  /** The standard deviation is that of all values, with divisor n, as numpy.std has it. */
  prepare: (form, { by }) => ({
    form,
    records: 1,
    run(values) {
      const [offset, scale] = scaling(values, by);
      return scale > 0 ? values.map((value) => (value - offset) / scale) : new Float32Array(values.length);
    },
  }),
});

/** What is subtracted, and what is divided by; 0 where all values are the same. */
function scaling(values: Float32Array, by: "deviation" | "peak" | "range"): readonly [offset: number, scale: number] {
  let [least, most, sum] = [Infinity, -Infinity, 0];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    sum += value;
  }
  if (least === most) return [0, 0];
  if (by === "peak") return [0, Math.max(Math.abs(least), Math.abs(most))];
  if (by === "range") return [least, most - least];
  const mean = sum / values.length;
  const squares = values.reduce((all, value) => all + (value - mean) ** 2, 0);
  return [mean, Math.sqrt(squares / values.length)];
}

/** Columns with mean 0 and standard deviation 1, clipped, as scanpy's scale makes them. */
import { z } from "zod";
import { bytesText, countText } from "../../figures.ts";
import { momentsOf } from "./moments.ts";
import { defineCountStep, refuseCounts } from "./step.ts";

/** Dense rows of more bytes than this are refused: 8 GB. */
const DENSE_BYTES_MAX = 8e9;

export const scale = defineCountStep({
  kind: "scale",
  about: "Subtracts each column's mean, divides by its standard deviation, and clips. The rows become dense.",
  settings: z.strictObject({
    max: z.number().gt(0).optional().describe("values beyond this, above or below 0, are clipped to it"),
  }),
  fitted: z.strictObject({ mean: z.array(z.number()), deviation: z.array(z.number().gt(0)) }),
  /** The standard deviation has the divisor rows - 1; of a column that never varies it counts as 1. */
  async fit(_, pass) {
    const { rows, mean, variance } = await momentsOf(pass);
    const bytes = 4 * rows * pass.columns;
    if (bytes > DENSE_BYTES_MAX) {
      throw refuseCounts(
        "scale",
        `makes the rows dense, and ${countText(rows)} rows of ${countText(pass.columns)} columns are ${
          bytesText(bytes)
        }; at most ${bytesText(DENSE_BYTES_MAX)} are made`,
        "choose columns before it: {highly_variable: 2000}",
      );
    }
    const deviation = Array.from(variance, (value) => value > 0 ? Math.sqrt(value) : 1);
    return { mean: [...mean], deviation };
  },
  action({ max = Infinity }, { mean, deviation }, columns) {
    if (mean.length !== columns || deviation.length !== columns) {
      throw refuseCounts("scale", `has the scales of ${mean.length} columns for ${columns}`);
    }
    const clipped = (value: number) => Math.max(-max, Math.min(max, value));
    const atZero = Float32Array.from(mean, (value, column) => clipped(-value / deviation[column]!));
    return {
      does: "make dense",
      values({ rows, indptr, indices, data }) {
        const out = new Float32Array(rows * columns);
        for (let row = 0; row < rows; row++) {
          out.set(atZero, row * columns);
          for (let at = indptr[row]!; at < indptr[row + 1]!; at++) {
            const column = indices[at]!;
            out[row * columns + column] = clipped((data[at]! - mean[column]!) / deviation[column]!);
          }
        }
        return out;
      },
    };
  },
});

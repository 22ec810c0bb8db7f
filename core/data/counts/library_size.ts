/** Rows scaled to one sum: a given one, or the median of the rows' sums. */
import { z } from "zod";
import { type Action, defineCountStep, refuseCounts, type Rows, rowSums } from "./step.ts";

/** Each row times the same number for all its values, so that its sum is `target`; a row whose sum is 0 stays. */
const scaledTo = (kind: string, target: number): Action => ({
  does: "change values",
  values(block: Rows) {
    const { rows, indptr, data } = block;
    const sums = rowSums(block), out = new Float32Array(data.length);
    for (let row = 0; row < rows; row++) {
      if (sums[row]! < 0) throw refuseCounts(kind, `a row has the sum ${sums[row]}`, "counts are not negative");
      const factor = sums[row]! > 0 ? target / sums[row]! : 1;
      for (let at = indptr[row]!; at < indptr[row + 1]!; at++) out[at] = data[at]! * factor;
    }
    return out;
  },
});

export const librarySize = defineCountStep({
  kind: "library_size",
  about: "Scales each row to a given sum.",
  settings: z.strictObject({ target: z.number().gt(0).describe("the sum of each row") }),
  short: (value) => ({ target: value }),
  fitted: z.strictObject({}),
  fit: () => Promise.resolve({}),
  action: ({ target }) => scaledTo("library_size", target),
});

export const sizeFactors = defineCountStep({
  kind: "size_factors",
  about: "Divides each row by its size factor: its sum divided by the median of the sums above 0.",
  settings: z.strictObject({}),
  fitted: z.strictObject({ median: z.number().gt(0) }),
  async fit(_, { blocks }) {
    const sums: number[] = [];
    for await (const block of blocks()) for (const sum of rowSums(block)) if (sum > 0) sums.push(sum);
    if (sums.length === 0) throw refuseCounts("size_factors", "no row has a sum above 0", "leave it out");
    const sorted = Float64Array.from(sums).sort(), half = sorted.length / 2;
    return { median: (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2 };
  },
  action: (_, { median }) => scaledTo("size_factors", median),
});

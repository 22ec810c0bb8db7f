/** Rows that have too few or too many counts, as scanpy's filter_cells leaves them out. */
import { z } from "zod";
import { defineCountStep, rowSums } from "./step.ts";

const bound = (about: string) => z.number().min(0).optional().describe(about);

export const filterCells = defineCountStep({
  kind: "filter_cells",
  about: "Leaves out rows with too few or too many counts or genes.",
  settings: z.strictObject({
    min_counts: bound("smallest sum of a row"),
    max_counts: bound("largest sum of a row"),
    min_genes: bound("smallest number of columns above 0 in a row"),
    max_genes: bound("largest number of columns above 0 in a row"),
  }).refine((bounds) => Object.values(bounds).some((each) => each !== undefined), {
    message: "needs a bound: min_counts, max_counts, min_genes or max_genes",
  }),
  fitted: z.strictObject({}),
  fit: () => Promise.resolve({}),
  action: ({ min_counts = -Infinity, max_counts = Infinity, min_genes = 0, max_genes = Infinity }) => ({
    does: "choose rows",
    rows(block) {
      const sums = rowSums(block);
      const chosen: number[] = [];
      for (let row = 0; row < block.rows; row++) {
        let genes = 0;
        for (let at = block.indptr[row]!; at < block.indptr[row + 1]!; at++) genes += block.data[at]! > 0 ? 1 : 0;
        const isIn = sums[row]! >= min_counts && sums[row]! <= max_counts && genes >= min_genes && genes <= max_genes;
        if (isIn) chosen.push(row);
      }
      return Uint32Array.from(chosen);
    },
  }),
});

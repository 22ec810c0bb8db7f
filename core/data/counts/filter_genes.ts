/** Columns that are in too few or too many rows, as scanpy's filter_genes leaves them out. */
import { z } from "zod";
import { countText } from "../../figures.ts";
import { defineCountStep, nothingLeft } from "./step.ts";

const bound = (about: string) => z.number().min(0).optional().describe(about);

export const filterGenes = defineCountStep({
  kind: "filter_genes",
  about: "Leaves out columns with too few or too many counts or cells.",
  settings: z.strictObject({
    min_counts: bound("smallest sum of a column"),
    max_counts: bound("largest sum of a column"),
    min_cells: bound("smallest number of rows in which a column is above 0"),
    max_cells: bound("largest number of rows in which a column is above 0"),
  }).refine((bounds) => Object.values(bounds).some((each) => each !== undefined), {
    message: "needs a bound: min_counts, max_counts, min_cells or max_cells",
  }),
  fitted: z.strictObject({ columns: z.array(z.int().min(0)) }),
  async fit(
    { min_counts = -Infinity, max_counts = Infinity, min_cells = 0, max_cells = Infinity },
    { columns, blocks },
  ) {
    const sums = new Float64Array(columns), cells = new Float64Array(columns);
    for await (const { indices, data } of blocks()) {
      for (let at = 0; at < data.length; at++) {
        sums[indices[at]!]! += data[at]!;
        if (data[at]! > 0) cells[indices[at]!]!++;
      }
    }
    const chosen: number[] = [];
    for (let column = 0; column < columns; column++) {
      const isIn = sums[column]! >= min_counts && sums[column]! <= max_counts && cells[column]! >= min_cells &&
        cells[column]! <= max_cells;
      if (isIn) chosen.push(column);
    }
    if (chosen.length > 0) return { columns: chosen };
    const most = cells.reduce((a, b) => Math.max(a, b), 0);
    throw nothingLeft("filter_genes", "column", `no column is above 0 in more than ${countText(most)} rows`);
  },
  action: (_, { columns }) => ({ does: "choose columns", columns }),
});

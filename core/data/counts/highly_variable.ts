/**
 * The columns whose counts vary most for their mean, by the rule of Seurat's version 3 (T. Stuart, A. Butler et al., "Comprehensive
 * integration of single-cell data", Cell 177, 2019, "Data preprocessing"), which scanpy calls seurat_v3: the logarithm of the variance
 * is regressed on that of the mean, counts are standardised with the deviation that the regression expects and clipped at the square
 * root of the number of rows, and the variance of the result ranks the columns.
 */
import { z } from "zod";
import { countText } from "../../figures.ts";
import { loess } from "./loess.ts";
import { momentsOf } from "./moments.ts";
import { defineCountStep, type Pass, refuseCounts } from "./step.ts";

/** Fewer columns that vary than this give no regression. */
const COLUMNS_MIN = 10;

export const highlyVariable = defineCountStep({
  kind: "highly_variable",
  about: "Keeps the columns whose counts vary most for their mean, by Seurat's rule (seurat_v3). It takes counts.",
  settings: z.strictObject({
    columns: z.int().min(1).describe("number of columns that are kept"),
    span: z.number().gt(0).max(1).default(0.3).describe("share of the columns in a neighbourhood of the regression"),
  }),
  short: (value) => ({ columns: value }),
  fitted: z.strictObject({
    columns: z.array(z.int().min(0)),
    /** The variance of the standardised counts of each of these columns. */
    variances: z.array(z.number()),
  }),
  async fit({ columns: wanted, span }, pass) {
    if (pass.isChanged) {
      throw refuseCounts(
        "highly_variable",
        "takes counts, but a step before it changes the values",
        "put it before library_size, size_factors, log1p and scale",
      );
    }
    if (wanted > pass.columns) {
      const what = `is to keep ${countText(wanted)} columns, but there are ${countText(pass.columns)}`;
      throw refuseCounts("highly_variable", what, "keep fewer");
    }
    const variances = await standardisedVariances(pass, span);
    const ranked = Array.from(variances, (_, column) => column)
      .sort((a, b) => variances[b]! - variances[a]! || a - b).slice(0, wanted).sort((a, b) => a - b);
    return { columns: ranked, variances: ranked.map((column) => variances[column]!) };
  },
  action: (_, { columns }) => ({ does: "choose columns", columns }),
});

/** Of each column; 0 of one that never varies. */
async function standardisedVariances(pass: Pass, span: number): Promise<Float64Array> {
  const { rows, mean, variance } = await momentsOf(pass);
  const varying = Uint32Array.from(mean, (_, column) => column)
    .filter((column) => variance[column]! > 0 && mean[column]! > 0);
  if (varying.length < COLUMNS_MIN || rows < 2) {
    const what = `needs ${COLUMNS_MIN} columns of counts that vary over several rows, and there are ${varying.length}`;
    throw refuseCounts("highly_variable", what, "leave it out");
  }
  const log10 = (values: Float64Array) => Float64Array.from(varying, (column) => Math.log10(values[column]!));
  const expected = loess(log10(mean), log10(variance), span);
  const deviation = new Float64Array(pass.columns).fill(Infinity);
  varying.forEach((column, i) => deviation[column] = Math.sqrt(10 ** expected[i]!));
  const most = Math.sqrt(rows);
  const stored = new Float64Array(pass.columns), sums = new Float64Array(pass.columns);
  let whole = true;
  for await (const { indices, data } of pass.blocks()) {
    for (let at = 0; at < data.length; at++) {
      const column = indices[at]!, value = data[at]!;
      whole &&= Number.isInteger(value) && value >= 0;
      sums[column]! += Math.min(most, (value - mean[column]!) / deviation[column]!) ** 2;
      stored[column]!++;
    }
  }
  if (!whole) pass.note("highly_variable takes counts, but not all values are whole numbers of 0 or more");
  return Float64Array.from(sums, (sum, column) => {
    if (deviation[column] === Infinity) return 0;
    return (sum + (rows - stored[column]!) * (mean[column]! / deviation[column]!) ** 2) / (rows - 1);
  });
}

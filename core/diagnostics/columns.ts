/** Error of every column that varies, beside its mean and variance. */
import * as schema from "../runs/schema.ts";
import type { ColumnsDiagnostic } from "../runs/types.ts";
import { type Diagnostic, type DiagnosticContext, short } from "./diagnostic.ts";

function run({ sums: { rows, sum, sse, variation }, data: { names }, epoch, part }: DiagnosticContext) {
  const column: number[] = [];
  variation.forEach((about, j) => {
    if (about > 0) column.push(j);
  });
  return Promise.resolve({
    epoch,
    split: part,
    column,
    name: names ? column.map((j) => names[j] ?? String(j)) : null,
    mean: column.map((j) => short(sum[j]! / rows)),
    variance: column.map((j) => short(variation[j]! / rows)),
    mse: column.map((j) => short(sse[j]! / rows)),
  });
}

export const columns: Diagnostic<ColumnsDiagnostic> = {
  name: "columns",
  about: "mean, variance and squared error of every column that varies",
  cost: "none beyond the evaluation of the part",
  automatic: () => true,
  run,
  decode: schema.columnErrors,
};

/** Error of every column that varies, beside its mean and variance. */
import { columnVariation } from "../evaluation/evaluate.ts";
import type { ColumnsDiagnostic } from "../runs/types.ts";
import { short } from "./latent.ts";
import type { Diagnostic, DiagnosticContext } from "./types.ts";

function run(context: DiagnosticContext): Promise<ColumnsDiagnostic> {
  const { evaluation: { rows, columns }, names } = context;
  const variation = columnVariation(columns, rows);
  const column: number[] = [];
  variation.forEach((about, j) => {
    if (about > 0) column.push(j);
  });
  return Promise.resolve({
    epoch: context.epoch,
    split: context.part,
    column,
    name: names ? column.map((j) => names[j] ?? String(j)) : null,
    mean: column.map((j) => short(columns.sum[j]! / rows)),
    variance: column.map((j) => short(variation[j]! / rows)),
    mse: column.map((j) => short(columns.sse[j]! / rows)),
  });
}

export const columns: Diagnostic = { name: "columns", run };

/** Truth against reconstruction of the most variable columns. */
import { columnVariation } from "../evaluation/evaluate.ts";
import type { ReconstructionDiagnostic } from "../runs/types.ts";
import { short } from "./latent.ts";
import { chooseRows, columnValues, feedRows } from "../data/row_choice.ts";
import type { Diagnostic, DiagnosticContext } from "./types.ts";

async function run(context: DiagnosticContext): Promise<ReconstructionDiagnostic> {
  const { config, model, source, part, evaluation, names } = context;
  const variation = columnVariation(evaluation.columns, evaluation.rows);
  const varying = Uint32Array.from(variation.keys()).filter((j) => variation[j]! > 0);
  varying.sort((a, b) => variation[b]! - variation[a]! || a - b);
  const chosen = Array.from(varying.subarray(0, config.diagnostics.columns));
  const choice = chooseRows(source, [part], config.data, config.diagnostics.max_rows);
  const truth = await columnValues(choice, config.data, chosen);
  const rebuilt = chosen.map(() => new Float32Array(choice.rows.length));
  let row = 0;
  for await (const { window, batches } of feedRows(choice, config.data)) {
    const values = chosen.length > 0 ? await model.reconstruct(batches, window.rows, Uint32Array.from(chosen)) : [];
    for (let i = 0; i < window.rows && chosen.length > 0; i++, row++) {
      for (let j = 0; j < chosen.length; j++) rebuilt[j]![row] = values[i * chosen.length + j]!;
    }
  }
  return {
    epoch: context.epoch,
    split: part,
    rows: choice.rows,
    columns: chosen.map((column, j) => ({
      column,
      name: names?.[column] ?? `column ${column}`,
      truth: Array.from(truth[j]!, short),
      reconstruction: Array.from(rebuilt[j]!, short),
      r2: short(1 - evaluation.columns.sse[column]! / variation[column]!),
    })),
  };
}

export const reconstruction: Diagnostic = { name: "reconstruction", run };

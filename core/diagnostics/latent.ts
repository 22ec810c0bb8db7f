/** Where the rows lie in latent space: scores on the first two principal components of the embeddings. */
import { PARTS } from "../data/source.ts";
import type { LatentDiagnostic } from "../runs/types.ts";
import { principalComponents } from "./pca.ts";
import { chooseRows, feedRows } from "../data/row_choice.ts";
import type { Diagnostic, DiagnosticContext } from "./types.ts";

/** Six significant digits: what a plot can show, and half the bytes. */
export const short = (value: number) => Number(value.toPrecision(6));

async function run(context: DiagnosticContext): Promise<LatentDiagnostic> {
  const { config, model, source, labels } = context;
  const choice = chooseRows(source, PARTS, config.data, config.diagnostics.max_rows);
  const width = model.latentSize;
  const values = new Float32Array(choice.rows.length * width);
  let at = 0;
  for await (const { window, batches } of feedRows(choice, config.data)) {
    const part = await model.embed(batches, window.rows);
    values.set(part, at);
    at += part.length;
  }
  const { scores, explained } = principalComponents(values, choice.rows.length, width, 2);
  return {
    epoch: context.epoch,
    split: "all",
    rows: choice.rows,
    latent_size: width,
    scores: scores.map((row) => row.map(short)),
    explained: explained.map(short),
    labels: labels ? choice.rows.map((row) => labels[row] ?? "") : null,
  };
}

export const latent: Diagnostic = { name: "latent", run };

/** All diagnostics, run one after the other into one folder an epoch. */
import { join } from "@std/path";
import type { Model } from "../../ffi/model.ts";
import type { Config } from "../config/types.ts";
import type { Source } from "../data/source.ts";
import { columnNamesOf, labelsOf } from "../data/annotations.ts";
import { makeFolder } from "../formats/file.ts";
import { writeFileAtomic } from "../runs/atomic.ts";
import { evaluatePart, type Evaluation } from "../evaluation/evaluate.ts";
import { columns } from "./columns.ts";
import { latent } from "./latent.ts";
import { reconstruction } from "./reconstruction.ts";
import type { Diagnostic } from "./types.ts";

export const DIAGNOSTICS: readonly Diagnostic[] = [columns, latent, reconstruction];

/**
 * Writes `diagnostics/epoch-NNNN/NAME.json` for every diagnostic.
 * @param evaluation sums by column over the part looked at, where they are known already
 */
export async function runDiagnostics(
  runDir: string,
  context: { config: Config; model: Model; source: Source; epoch: number },
  evaluation?: Evaluation,
): Promise<string> {
  const { config, model, source, epoch } = context;
  const part = source.partRows.validation > 0 ? "validation" : "train";
  const sums = evaluation ?? await evaluatePart(model, source, part, config, { byColumn: true });
  if (!sums.columns) throw new Error("a diagnostic needs sums by column");
  const full = {
    ...context,
    part: part as "validation" | "train",
    evaluation: { ...sums, columns: sums.columns },
    names: await columnNamesOf(config.data, source),
    labels: await labelsOf(config.data, source),
  };
  const folder = join(runDir, "diagnostics", `epoch-${String(epoch).padStart(4, "0")}`);
  await makeFolder(folder);
  for (const diagnostic of DIAGNOSTICS) {
    const text = JSON.stringify(await diagnostic.run(full));
    await writeFileAtomic(join(folder, `${diagnostic.name}.json`), new TextEncoder().encode(text));
  }
  return folder;
}

/** What `train --dry-run` prints. */
import type { Config } from "../core/config/types.ts";
import { type DryRun, dryRun } from "../core/train/dry_run.ts";
import type { LayerRow } from "../core/runs/types.ts";
import { formatBytes } from "../core/train/network.ts";
import { short } from "./progress.ts";
import { print } from "../core/output.ts";

const count = (value: number) => value.toLocaleString("en-US");

/** The number of outputs, or their shape: `16 x 14 x 14`. */
const outputText = ({ outputs, output_shape }: LayerRow) => output_shape?.map(count).join(" x ") ?? count(outputs);

/** A table of texts in aligned columns; the columns in `right` are aligned to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    "  " +
    cells.map((cell, i) => right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)).join("  ")
      .trimEnd();
  return [line(head), ...rows.map(line)];
}

function lines(config: Config, result: DryRun): string[] {
  const { memory, partRows } = result;
  const density = result.nnz / (result.rows * result.columns);
  const { shape } = config.data;
  const stored = config.data.format === "dense_npy"
    ? `dense${shape === null ? "" : `, shape ${shape.join(" x ")}`}`
    : `${(100 * density).toPrecision(3)} % stored`;
  return [
    `data       ${result.files} file(s), ${count(result.rows)} rows x ${count(result.columns)} columns, ${stored}`,
    `split      train ${count(partRows.train)}, validation ${count(partRows.validation)}, test ${count(partRows.test)}`,
    `steps      ${count(result.stepsPerEpoch)} per epoch, ${
      count(result.steps)
    } in total (batches of ${config.data.batch_size})`,
    "model",
    ...table(
      ["layer", "kind", "output", "parameters", ""],
      result.layers.map((row) => [row.name, row.kind, outputText(row), count(row.parameters), row.detail]),
      [2, 3],
    ),
    `parameters ${count(result.parameters)}`,
    `solver     ${result.solver}`,
    `memory     about ${formatBytes(memory.total)}: parameters ${formatBytes(memory.parameters)}, optimizer ${
      formatBytes(memory.optimizer)
    }, workspace ${formatBytes(memory.workspace)}, data ${formatBytes(memory.data)}, copies for saves ${
      formatBytes(memory.copies * memory.copy)
    }; ${formatBytes(memory.available)} free`,
    `engine     ${result.engine}`,
    `threads    ${result.threads}`,
    `precision  ${result.precision}`,
    ...result.batches.map((batch) =>
      `${batch.part.padEnd(10)} one batch of ${batch.rows} rows: loss ${short(batch.loss)}, ${batch.ms.toFixed(1)} ms`
    ),
    "ready to train; nothing was written",
  ];
}

export async function printDryRun(config: Config, json: boolean, note: (text: string) => void): Promise<number> {
  const result = await dryRun(config, note);
  if (json) print(JSON.stringify({ event: "dry_run", ...result }));
  else for (const line of lines(config, result)) print(line);
  return 0;
}

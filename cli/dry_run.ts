/** What `train --dry-run` prints. */
import type { Config } from "../core/config/types.ts";
import { type DryRun, dryRun, type TriedBatch } from "../core/train/dry_run.ts";
import { bytesText, countText, percentText, pluralText } from "../core/figures.ts";
import type { LayerRow } from "../core/runs/types.ts";
import type { PreparingProgress } from "../core/data/prepare.ts";
import { clock, short } from "./progress.ts";
import { print } from "../core/output.ts";

/** The number of outputs, or their shape: `16 x 14 x 14`. */
const outputText = ({ outputs, output_shape }: LayerRow) =>
  output_shape?.map(countText).join(" x ") ?? countText(outputs);

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
  const stored = result.dense
    ? `dense${shape === null ? "" : `, shape ${shape.join(" x ")}`}`
    : `${percentText(density)} stored`;
  return [
    `data       ${pluralText(result.files, "file")}, ${pluralText(result.rows, "row")} x ${
      pluralText(result.columns, "column")
    }, ${stored}`,
    `split      train ${countText(partRows.train)}, validation ${countText(partRows.validation)}, test ${
      countText(partRows.test)
    }`,
    `steps      ${countText(result.stepsPerEpoch)} per epoch, ${pluralText(result.epochs, "epoch")}, ${
      countText(result.steps)
    } in total (batches of ${countText(config.data.batch_size)})`,
    "model",
    ...table(
      ["layer", "kind", "output", "parameters", ""],
      result.layers.map((row) => [row.name, row.kind, outputText(row), countText(row.parameters), row.detail]),
      [2, 3],
    ),
    `parameters ${countText(result.parameters)}`,
    `solver     ${result.solver}`,
    `start      ${result.start}`,
    ...result.chosen.filter(({ key }) => !/^model\./.test(key)).map(({ name, value, reason }) =>
      `${name.padEnd(10)} ${value}: ${reason}`
    ),
    `memory     about ${bytesText(memory.total)}: parameters ${bytesText(memory.parameters)}, optimizer ${
      bytesText(memory.optimizer)
    }, workspace ${bytesText(memory.workspace)}, data ${bytesText(memory.data)}, copies for saves ${
      bytesText(memory.copies * memory.copy)
    }; ${bytesText(memory.available)} free`,
    `engine     ${result.engine}`,
    `threads    ${result.threads}`,
    `precision  ${result.precision}`,
    ...result.batches.map(batchLine),
    "ready to train; nothing was written",
  ];
}

/** What a step of a part took; of long rows a few of a batch. */
function batchLine({ part, rows, of, loss, ms }: TriedBatch): string {
  const took = `loss ${short(loss)}, ${ms.toFixed(1)} ms`;
  if (of === undefined || of === rows) return `${part.padEnd(10)} one batch of ${rows} rows: ${took}`;
  return `${part.padEnd(10)} ${pluralText(rows, "row")} of a batch of ${
    countText(of)
  }: ${took}; the whole batch was not tried, ` +
    `since it would take about ${clock(ms / 1000 / rows * of)}`;
}

export async function printDryRun(
  config: Config,
  json: boolean,
  note: (text: string) => void,
  preparing?: (progress: PreparingProgress) => void,
): Promise<number> {
  const result = await dryRun(config, note, undefined, preparing);
  if (json) print(JSON.stringify({ event: "dry_run", ...result }));
  else for (const line of lines(config, result)) print(line);
  return 0;
}

/** The leading principal components of a dense table in memory, by the engine. */
import { BatchCreator } from "../../ffi/batches.ts";
import { Chunk } from "../../ffi/chunk.ts";
import { Pca } from "../../ffi/pca.ts";
import { basisBeyond, PASSES } from "./pca.ts";

/** Rows of a batch. */
const BATCH = 256;

export interface TableComponents {
  /** rows x count, row by row. */
  readonly scores: Float64Array;
  /** Share of the variance by component, falling. */
  readonly explained: number[];
}

/**
 * @param values rows x width, row by row, all finite
 * @param count components that are asked for; fewer are given of fewer rows or columns
 */
export async function tableComponents(
  values: Float32Array<ArrayBuffer>,
  width: number,
  count: number,
  threads: number,
): Promise<TableComponents> {
  const rows = values.length / width, components = Math.min(count, width, rows - 1);
  if (components < 1) return { scores: new Float64Array(0), explained: [] };
  using chunk = Chunk.fromArrays({ values, columns: width });
  using pca = new Pca({ columns: width, components, more: basisBeyond(components, width), seed: 0, threads });
  for (let pass = 0; pass <= PASSES; pass++) {
    if (pass > 0) await pca.nextPass();
    using batches = new BatchCreator([chunk], 2, 1, { batchSize: BATCH });
    await pca.add(batches);
  }
  const { components: axes, mean, variances } = await pca.result();
  const scores = new Float64Array(rows * components);
  let squares = 0;
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) {
      const x = values[row * width + j]! - mean[j]!;
      if (x === 0) continue;
      squares += x * x;
      for (let k = 0; k < components; k++) scores[row * components + k]! += x * axes[k * width + j]!;
    }
  }
  const explained = Array.from(variances, (value) => squares > 0 ? value * (rows - 1) / squares : 0);
  return { scores, explained };
}

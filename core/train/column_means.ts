/** An output bias that starts at the means of the training rows: `bias: column_means`. */
import type { Model } from "../../ffi/model.ts";
import type { Config, DataConfig } from "../config/types.ts";
import { feed } from "../data/feed.ts";
import { readingPlan } from "../data/plan.ts";
import type { Source } from "../data/source.ts";

/** The mean of each column over the rows of the training part, after the transforms, without noise. */
export async function columnMeans(source: Source, data: DataConfig): Promise<Float32Array<ArrayBuffer>> {
  const sums = new Float64Array(source.columns);
  const plan = readingPlan(source, "train", data);
  let rows = 0;
  for await (const { batches } of feed(plan, { data, epoch: 0, part: "train", training: false })) {
    for await (const batch of batches) {
      const { columns, target } = batch;
      for (let at = 0; at < target.length; at++) sums[columns[at]!]! += target[at]!;
      rows += batch.rows;
    }
  }
  return Float32Array.from(sums, (sum) => rows > 0 ? sum / rows : 0);
}

/** Sets the output bias of a new model to the column means, if the config says so. */
export async function startBias(config: Config, source: Source, model: Model): Promise<void> {
  const index = config.model.decoder.length - 1;
  if (config.model.decoder[index]!.bias !== "column_means") return;
  const name = `decoder.${index}.bias`;
  const info = model.tensors().find((tensor) => tensor.name === name)!;
  const means = await columnMeans(source, config.data);
  await model.writeTensor(info, 0, means.length, new Uint8Array(means.buffer));
}

/** Checks every value before a run starts, if the data set is so small that this takes less time than an epoch. */
import type { DataConfig } from "../config/types.ts";
import { isKept } from "./chunk_cache.ts";
import { feed } from "./feed.ts";
import { readingPlan } from "./plan.ts";
import { PARTS, type Source } from "./source.ts";

/**
 * Makes batches of every row of a source that stays open, as training would. So values that are not finite, or are not finite
 * after a transform, are found before anything is trained. Larger data are checked while they are read.
 * @throws {UserError}
 */
export async function checkValues(source: Source, data: DataConfig): Promise<void> {
  if (!isKept(source.files)) return;
  for (const part of PARTS) {
    const options = { data: { ...data, mask_rate: 0 }, seed: 0, epoch: 0, part, training: false };
    for await (const { batches } of feed(readingPlan(source, part, data), options)) {
      while (await batches.skip() > 0);
    }
  }
}

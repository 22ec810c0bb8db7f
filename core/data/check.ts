/** Checks every value before a run starts, if the data set is so small that this takes less time than an epoch. */
import type { Config } from "../config/types.ts";
import { needsCounts } from "../config/properties.ts";
import { countText } from "../figures.ts";
import { isKept } from "./chunk_cache.ts";
import { feed } from "./feed.ts";
import { readingPlan } from "./plan.ts";
import { PARTS, type Source } from "./source.ts";

const SHOWN = 3;

/**
 * Makes batches of every row of a source that stays open, as training would. So values that are not finite, or are not finite
 * after a transform, are found before anything is trained. Larger data are checked while they are read.
 * @returns what is odd about the rows, a line each
 * @throws {UserError}
 */
export async function checkValues(source: Source, { data, loss }: Config): Promise<string[]> {
  if (!isKept(source.files)) return [];
  const counted = needsCounts(loss);
  const empty: bigint[] = [];
  for (const part of PARTS) {
    const options = { data: { ...data, mask_rate: 0 }, epoch: 0, part, training: false };
    for await (const { batches } of feed(readingPlan(source, part, data), options)) {
      if (!counted) { while (await batches.skip() > 0); }
      else for (let rows; (rows = await batches.emptyRows()) !== null;) empty.push(...rows);
    }
  }
  return empty.length === 0 ? [] : [emptyRowsText(source, empty)];
}

function emptyRowsText({ files }: Source, empty: readonly bigint[]): string {
  const names = empty.slice(0, SHOWN).map((key) => {
    const file = files.find(({ key: first, info }) => key >= BigInt(first) && key < BigInt(first + info.rows))!;
    return `row ${key - BigInt(file.key - file.offset)} of ${file.name}`;
  });
  const more = empty.length > SHOWN ? ", ..." : "";
  const what = empty.length === 1 ? "1 row has" : `${countText(empty.length)} rows have`;
  return `${what} only zeros (${
    names.join(", ")
  }${more}): with loss.size: library their means are 0, and nothing is learned ` +
    "from them; remove them from the data";
}
